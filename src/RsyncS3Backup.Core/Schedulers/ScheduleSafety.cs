using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers;

/// <summary>
/// What a scheduler starts is started again and again, by nobody who looks: whoever may write one of the files, or one of the folders above them,
/// runs programs as the account that the job has.
/// </summary>
internal static class ScheduleSafety
{
    /// <summary>What somebody else could have written, and why; null for nothing.</summary>
    public static string? Problem(ScheduleRegistration registration, BackupConfiguration configuration) =>
        Files(registration, configuration).Select(FileSafety.PathProblem).FirstOrDefault(problem => problem is not null);

    private static IEnumerable<string> Files(ScheduleRegistration registration, BackupConfiguration configuration)
    {
        RsyncOptions rsync = configuration.Options.Rsync;
        HookOptions? hooks = configuration.Hooks;
        IEnumerable<HookCommand> commands = new[] { hooks?.Before, hooks?.AfterSuccess, hooks?.AfterFailure, hooks?.Finally }.OfType<HookCommand>();
        IEnumerable<string?> files =
        [
            registration.ConfigPath ?? configuration.Path, registration.Program, registration.Launcher,
            Path.GetDirectoryName(registration.Launcher), rsync.RsyncPath ?? ProgramFinder.Find("rsync"),
            .. commands.Select(command => command.Script ?? (command.Command is [string program, ..] ? program : null)), .. rsync.PatternFiles,
        ];
        return files.OfType<string>().Where(Path.IsPathFullyQualified).Distinct(StringComparer.Ordinal);
    }
}
