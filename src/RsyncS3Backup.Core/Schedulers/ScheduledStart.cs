using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers;

/// <summary>A start as a scheduler makes it: the program, and an environment that holds nothing of this session's.</summary>
internal sealed record ScheduledStart
{
    /// <summary>The program, absolute.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Folder { get; init; }

    /// <summary>All of its environment.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The home of the account that a job runs as.</summary>
    public static string Home(BackupScheduleScope scope) => scope == BackupScheduleScope.System
        ? OperatingSystem.IsMacOS() ? "/var/root" : "/root"
        : System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);

    /// <summary>The account that a job runs as.</summary>
    public static string User(BackupScheduleScope scope) =>
        scope == BackupScheduleScope.System ? "root" : System.Environment.UserName;

    /// <summary>That home where it is there, else a folder that is there on every system.</summary>
    public static string FolderOf(BackupScheduleScope scope) =>
        Directory.Exists(Home(scope)) ? Home(scope) : ProgramFinder.SafeFolder;
}
