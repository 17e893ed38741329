using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// A destination where folders have no handles to name things by: on Windows. Every part of a path is looked at again when a folder is opened,
/// and one that is a link or a junction blocks it.
/// </summary>
internal sealed partial class PortableTree : DestinationTree
{
    private const string LockName = EntryPath.TemporaryPrefix + "lock";

    // Windows tells links to files from links to folders, and the folder may come later than its link.
    private readonly ConcurrentQueue<(string Link, string Target)> links = new();

    private FileStream? held;

    /// <inheritdoc/>
    public override DestinationFolder Open(string folder)
    {
        // Each name is taken for what it is: the rules by which Windows reads a path drop the dot at the end of one.
        string at = WindowsPath.Exact(Path);
        for (int start = 0; start < folder.Length;)
        {
            int end = folder.IndexOf('/', start) is var next and >= 0 ? next : folder.Length;
            string part = folder[start..end];
            // What the rules for names let through must still be one folder in the other.
            if (part is "" or "." or ".." || part.Contains(System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new PathBlockedException(folder[..end]);
            at = System.IO.Path.Join(at, part);
            DirectoryInfo info = new(at);
            if (!info.Exists && !System.IO.Path.Exists(at) && info.LinkTarget is null)
                info.Create();
            info.Refresh();
            if (!info.Exists || (info.Attributes & FileAttributes.ReparsePoint) != 0)
                throw new PathBlockedException(folder[..end]);
            start = end + 1;
        }

        return new PortableFolder(at, links);
    }

    /// <inheritdoc/>
    public override bool TryLock()
    {
        try
        {
            held ??= new FileStream(
                System.IO.Path.Join(Path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override void WriteBack()
    {
        // Each file was written back by itself.
    }

    /// <inheritdoc/>
    public override void PutBack()
    {
        // Nothing was taken: on Windows a folder that is read-only takes new entries.
        while (links.TryDequeue(out (string Link, string Target) made))
        {
            if (IsFolder(made.Link, made.Target))
                TryMakeFolderLink(made.Link, made.Target);
        }
    }

    private static bool IsFolder(string link, string target)
    {
        // To look at a share is to log in at whatever machine a stranger named.
        if (target.StartsWith(@"\\", StringComparison.Ordinal))
            return false;
        try
        {
            return Directory.Exists(System.IO.Path.GetFullPath(target, System.IO.Path.GetDirectoryName(link)!));
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // Whoever may not make it keeps the one that is there.
    private static void TryMakeFolderLink(string link, string target)
    {
        string beside = $"{link}.{Guid.NewGuid():N}";
        try
        {
            DateTime modified = File.GetLastWriteTimeUtc(link);
            Directory.CreateSymbolicLink(beside, target);
            File.Delete(link);
            Directory.Move(beside, link);
            if (OperatingSystem.IsWindows())
                WindowsCalls.SetTimeOfLink(link, modified);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            PutLinkBack(link, target, beside);
        }
    }

    private static void PutLinkBack(string link, string target, string beside)
    {
        try
        {
            if (Directory.Exists(beside))
                Directory.Delete(beside);
            if (FileAttributesReader.TryRead(link) is null)
                File.CreateSymbolicLink(link, target);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What refused a moment ago refuses still; the next restore makes the link.
        }
    }

    /// <inheritdoc/>
    protected override FileSystemTraits Probe() => FileSystemProbe.Look(Path, TemporaryName.Probe);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        PutBack();
        held?.Dispose();
    }

    private sealed class PortableFolder(string path, ConcurrentQueue<(string Link, string Target)> links) : DestinationFolder
    {
        public override bool IsWrittenBackWithTree => false;

        public override FileAttributesSnapshot? Look(string name) => FileAttributesReader.TryRead(Full(name));

        public override byte[] ReadLink(string name) => FileAttributesReader.LinkTarget(Full(name));

        public override bool LeadsTo(string name, byte[] target) =>
            OfThisSystem(Encoding.UTF8.GetString(ReadLink(name))) == OfThisSystem(Encoding.UTF8.GetString(target));

        public override SafeFileHandle CreateTemporary(string name)
        {
            Remove(name);
            return File.OpenHandle(Full(name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        }

        public override SafeFileHandle? TryOpen(string name, bool toWrite)
        {
            if (Look(name) is not { } attributes)
                return null;
            if (!attributes.IsRegularFile)
                throw new BlockedException();
            if (OperatingSystem.IsWindows())
                return WindowsCalls.OpenFile(Full(name), toWrite);
            FileAccess access = toWrite ? FileAccess.ReadWrite : FileAccess.Read;
            return File.OpenHandle(Full(name), FileMode.Open, access, FileShare.Read | FileShare.Delete);
        }

        public override SafeFileHandle? TryResume(string name) => TryOpen(name, toWrite: true);

        public override bool SetAttributes(SafeFileHandle file, EntryAttributes attributes, uint? defaultMode)
        {
            if (attributes.ModifiedNanoseconds is { } modified)
                File.SetLastWriteTimeUtc(file, Time(modified));
            return true;
        }

        public override bool MakeLink(string name, byte[] target, EntryAttributes attributes)
        {
            Remove(name);
            File.CreateSymbolicLink(Full(name), OfThisSystem(Encoding.UTF8.GetString(target)));
            if (OperatingSystem.IsWindows() && attributes.ModifiedNanoseconds is { } modified)
                WindowsCalls.SetTimeOfLink(Full(name), Time(modified));
            return true;
        }

        public override void AddName(DestinationFolder folder, string existing, string name)
        {
            Remove(name);
            string from = ((PortableFolder)folder).Full(existing);
            if (!OperatingSystem.IsWindows())
                throw new PlatformNotSupportedException();
            if (!CreateHardLink(Full(name), from, 0))
                throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        public override void Rename(string from, string to)
        {
            if (Look(to) is { IsFolder: true })
                throw new BlockedException();
            if (Look(from) is { IsSymbolicLink: true })
            {
                // What is a link to a folder cannot be replaced.
                if (Look(to) is { IsSymbolicLink: true })
                    Remove(to);
                links.Enqueue((Full(to), Encoding.UTF8.GetString(ReadLink(from))));
            }

            InUse.Replace(Full(from), Full(to));
        }

        public override void Remove(string name)
        {
            if (Look(name) is not { IsFolder: false } found)
                return;
            if (found.IsSymbolicLink && OperatingSystem.IsWindows() && File.GetAttributes(Full(name)).HasFlag(FileAttributes.Directory))
                Directory.Delete(Full(name));
            else
                File.Delete(Full(name));
        }

        public override bool MakeFolder(string name)
        {
            if (Look(name) is { } attributes)
                return attributes.IsFolder ? false : throw new BlockedException();
            Directory.CreateDirectory(Full(name));
            return true;
        }

        public override FileAttributesSnapshot LookAtItself() => FileAttributesReader.Read(path);

        public override bool SetOwnAttributes(EntryAttributes attributes)
        {
            if (attributes.ModifiedNanoseconds is { } modified)
                Directory.SetLastWriteTimeUtc(path, Time(modified));
            return true;
        }

        protected override void Dispose(bool disposing)
        {
        }

        // A slash in the target of a link is none to Windows.
        private static string OfThisSystem(string target) => OperatingSystem.IsWindows() ? target.Replace('/', '\\') : target;

        private string Full(string name) => WindowsPath.Exact(System.IO.Path.Join(path, name));

        // The clock of Windows begins in 1601.
        private static DateTime Time(long nanoseconds)
        {
            DateTime time = DateTime.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
            return time < DateTime.FromFileTimeUtc(1) ? DateTime.FromFileTimeUtc(1) : time;
        }
    }

    [SupportedOSPlatform("windows")]
    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string existing, nint reserved);
}
