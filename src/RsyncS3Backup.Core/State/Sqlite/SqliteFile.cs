using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State.Sqlite;

/// <summary>A SQLite file in the state folder: readable by its user only, and set aside when it is no good.</summary>
internal static class SqliteFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly string[] Companions = ["-wal", "-shm"];

    /// <summary>Makes an empty file where there is none, and takes other users' rights to one that is there.</summary>
    public static void ToOwnerOnly(string path)
    {
        foreach (string file in Companions.Select(companion => path + companion).Prepend(path))
            OwnFile.RequirePlain(file);
        FileInfo info = new(path);
        if (!info.Exists || info.Length == 0)
        {
            // A log without its file: SQLite would take it for the new file's, https://sqlite.org/howtocorrupt.html. A file in use that has a
            // log is never empty.
            foreach (string companion in Companions)
                File.Delete(path + companion);
            FileStreamOptions create = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite };
            if (!OperatingSystem.IsWindows())
                create.UnixCreateMode = OwnerOnly;
            new FileStream(path, create).Dispose();
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

    /// <summary>Renames the file to <c>{name}.damaged-{time}</c>, and deletes one that was set aside before.</summary>
    public static void SetAside(string path)
    {
        string prefix = Path.GetFileName(path) + ".damaged-";
        foreach (string earlier in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, prefix + "*"))
            File.Delete(earlier);
        string aside = path + ".damaged-" + DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        File.Move(path, aside);
        // What was committed last is in the log. The index of the log is made anew by whoever opens it.
        if (File.Exists(path + "-wal"))
            File.Move(path + "-wal", aside + "-wal");
        File.Delete(path + "-shm");
    }

    /// <summary>The statements that made the tables and indexes of a file; empty for a new one. As the first access of all it says whether
    /// this is a SQLite file.</summary>
    public static string Schema(SqliteDatabase database)
    {
        using SqliteStatement statement = database.Prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
        List<string> found = [];
        while (statement.Step())
            found.Add(statement.Text(0));
        return string.Join('\n', found);
    }
}
