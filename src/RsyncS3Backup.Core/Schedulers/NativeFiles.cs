using System.Text;

namespace RsyncS3Backup.Schedulers;

/// <summary>The small files that schedulers read.</summary>
internal static class NativeFiles
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>What a file holds; null when it is not there or cannot be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">What it is written in; null: UTF-8.</param>
    public static string? Read(string path, Encoding? encoding = null)
    {
        try
        {
            return File.ReadAllText(path, encoding ?? Encoding.UTF8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file that is not as it should be; the old one or the whole new one is there at any moment.</summary>
    /// <returns>False when it was as it should be.</returns>
    /// <exception cref="BackupException">It cannot be written.</exception>
    public static bool Write(string jobName, string path, string content, Encoding? encoding = null)
    {
        if (Read(path, encoding) == content)
            return false;
        // A name that neither systemd, cron nor launchd reads.
        string temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.tmp~");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(temporary);
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = Mode;
            using (FileStream file = new(temporary, options))
            {
                using (StreamWriter writer = new(file, encoding ?? new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true))
                    writer.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new BackupException(NativeScheduleErrors.NotWritten(jobName, path, exception.Message), exception);
        }
    }

    /// <summary>Removes a file, if it is there.</summary>
    /// <exception cref="BackupException">It cannot be removed.</exception>
    public static void Delete(string jobName, string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Nor is the file.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(NativeScheduleErrors.NotWritten(jobName, path, exception.Message), exception);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What went wrong before says more.
        }
    }

    /// <summary>The files of this module in a folder: those whose names begin with its prefix.</summary>
    public static IEnumerable<string> Ours(string folder, string prefix, string ending)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, prefix + "*" + ending).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
