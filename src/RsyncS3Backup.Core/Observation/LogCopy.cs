using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Observation;

/// <summary>A copy of a run's log where the user wants one: a file that several runs write to, or a folder with a file for each run.</summary>
/// <remarks>
/// Runs of several jobs may share a file, also at one moment. On Unix each line is one write to a file opened with O_APPEND, which .NET's own
/// append is not: that remembers a position. A new file is readable by its user only; one that is there keeps its permissions.
/// </remarks>
internal sealed partial class LogCopy : IDisposable
{
    private readonly FileStream file;
    private readonly SafeFileHandle? appending;

    private LogCopy(FileStream file)
    {
        this.file = file;
        if (OperatingSystem.IsWindows())
            return;
        // open(2): O_WRONLY, O_APPEND and O_CLOEXEC, with the values of Linux and of macOS.
        int descriptor = OpenToAppend(file.Name, 1 | (OperatingSystem.IsLinux() ? 0x400 | 0x80000 : 0x8 | 0x1000000));
        appending = new SafeFileHandle(descriptor, ownsHandle: true);
        if (descriptor < 0)
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

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
        FileStream file = Make(path, IsFolder(path) ? Path.Combine(path, $"{StateFolder.FolderName(jobName)}-{runId}.jsonl") : path);
        try
        {
            return new LogCopy(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends a line.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(byte[] line)
    {
        if (appending is null)
        {
            file.Seek(0, SeekOrigin.End);
            file.Write(line);
        }
        else if (Append(appending, line, line.Length) != line.Length)
        {
            // A full disk takes a part of a line and says so at the next one only.
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        appending?.Dispose();
        file.Dispose();
    }

    /// <summary>A path that ends in a separator is a folder also before it is there.</summary>
    private static bool IsFolder(string path) => Path.EndsInDirectorySeparator(path) || Directory.Exists(path);

    private static FileStream Make(string path, string file)
    {
        if (IsFolder(path))
            Directory.CreateDirectory(path);
        FileStreamOptions options = new()
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenToAppend(string path, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Append(SafeFileHandle file, byte[] bytes, nint count);
}
