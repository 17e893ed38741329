using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Observation;

/// <summary>A copy of a run's log where the user wants one: a file that several runs write to, or a folder with a file for each run.</summary>
/// <remarks>
/// Runs of several jobs may share a file, also at one moment. Each line is one write to a file opened to append only (O_APPEND; on Windows
/// FILE_APPEND_DATA without FILE_WRITE_DATA), which .NET's own append is not: that remembers a position. A new file is readable by its user only,
/// on Windows by whom its folder says; one that is there keeps its permissions.
/// </remarks>
internal sealed partial class LogCopy : IDisposable
{
    private readonly SafeFileHandle file;

    private LogCopy(SafeFileHandle file) => this.file = file;

    /// <summary>Demands that a log can be written there, and leaves no new file behind.</summary>
    /// <exception cref="BackupException"><c>LogNotWritable</c>.</exception>
    public static void Require(string path)
    {
        string tried = IsFolder(path) ? Path.Combine(path, $".rsyncs3backup-{Guid.NewGuid():N}") : path;
        try
        {
            bool isNew = !File.Exists(tried);
            Make(path, tried).Dispose();
            if (isNew)
                File.Delete(tried);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(HistoryErrors.LogNotWritable(path, exception.Message), exception);
        }
    }

    /// <summary>Opens the copy of a run's log.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static LogCopy Open(string path, string jobName, string runId)
    {
        return Make(path, IsFolder(path) ? Path.Combine(path, $"{StateFolder.FolderName(jobName)}-{runId}.jsonl") : path);
    }

    /// <summary>Appends a line.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(byte[] line)
    {
        if (OperatingSystem.IsWindows())
        {
            // Where only appending is allowed, the system takes no notice of the place.
            RandomAccess.Write(file, line, 0);
        }
        else if (Append(file, line, line.Length) != line.Length)
        {
            // A full disk takes a part of a line and says so at the next one only.
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>A path that ends in a separator is a folder also before it is there.</summary>
    private static bool IsFolder(string path) => Path.EndsInDirectorySeparator(path) || Directory.Exists(path);

    private static LogCopy Make(string path, string file)
    {
        if (IsFolder(path))
            Directory.CreateDirectory(path);
        return new LogCopy(OperatingSystem.IsWindows()
            ? WindowsCalls.OpenToAppend(WindowsPath.Exact(Path.GetFullPath(file)))
            : UnixCalls.OpenToAppend(WithoutForeignLink(file)));
    }

    /// <summary>
    /// The file itself. In a folder that others may write to, such as <c>/tmp</c>, one of them could have put a link there to a file that only this
    /// user may write.
    /// </summary>
    private static string WithoutForeignLink(string file)
    {
        if (FileAttributesReader.TryRead(file) is not { IsSymbolicLink: true } link)
            return file;
        return link.UserId == 0 || link.UserId == UnixCalls.User
            ? RealPath.Of(file)
            : throw new IOException($"It is a link of another user (id {link.UserId.ToString(CultureInfo.InvariantCulture)}).");
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Append(SafeFileHandle file, byte[] bytes, nint count);
}
