using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State.Sqlite;

/// <summary>A SQLite file in the state folder: readable by its user only, and set aside when it is no good.</summary>
internal static class SqliteFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string DamagedMark = ".damaged-";
    private static readonly string[] Companions = ["-wal", "-shm"];

    /// <summary>Makes an empty file where there is none, and takes other users' rights to one that is there.</summary>
    public static void ToOwnerOnly(string path)
    {
        foreach (string file in Companions.Select(companion => path + companion).Prepend(path))
            OwnFile.RequirePlain(file);
        // Before the file itself: a file in use that has a log is never empty, so a log that is there now and is in use shows in its length then.
        bool hasLog = Companions.Any(companion => File.Exists(path + companion));
        FileInfo info = new(path);
        if (hasLog && (!info.Exists || info.Length == 0))
        {
            // A log without its file: SQLite would take it for the new file's, https://sqlite.org/howtocorrupt.html.
            foreach (string companion in Companions)
                File.Delete(path + companion);
        }

        if (!info.Exists)
        {
            Make(path);
        }
        else if (!OperatingSystem.IsWindows())
        {
            // By name and never through an open file: closing any descriptor of the file would drop SQLite's locks on it. SQLite gives the
            // log and its index the permissions of the file.
            foreach (string file in Companions.Select(companion => path + companion).Prepend(path))
            {
                if (File.Exists(file) && File.GetUnixFileMode(file) != OwnerOnly)
                    File.SetUnixFileMode(file, OwnerOnly);
            }
        }
    }

    // One that is there by now is another's, who may have locked it.
    private static void Make(string path)
    {
        FileStreamOptions create = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            create.UnixCreateMode = OwnerOnly;
        try
        {
            new FileStream(path, create).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
        }
    }

    /// <summary>
    /// Renames the file to <c>{name}.damaged-{time}</c>. Nobody deletes that but the user: what can be saved of it is theirs to
    /// say.
    /// </summary>
    /// <returns>Its new path.</returns>
    public static string SetAside(string path)
    {
        string time = path + DamagedMark + DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string aside = time;
        for (int number = 2; File.Exists(aside); number++)
            aside = string.Create(CultureInfo.InvariantCulture, $"{time}-{number}");
        File.Move(path, aside);
        // What was committed last is in the log. The index of the log is made anew by whoever opens it.
        if (File.Exists(path + "-wal"))
            File.Move(path + "-wal", aside + "-wal");
        File.Delete(path + "-shm");
        return aside;
    }

    /// <summary>The files in a folder and below that were set aside, without their logs; none where it cannot be read.</summary>
    public static IReadOnlyList<string> SetAsideIn(string folder)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        try
        {
            return
            [
                .. Directory.EnumerateFiles(folder, $"*{DamagedMark}*", options)
                    .Where(path => !Companions.Any(companion => path.EndsWith(companion, StringComparison.Ordinal)))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>True for the name of a file that was set aside, or of its log.</summary>
    public static bool IsSetAside(string path) => Path.GetFileName(path).Contains(DamagedMark, StringComparison.Ordinal);
}
