using RsyncS3Backup.Configuration;
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
        Problem(registration.Program, registration.Launcher, configuration, registration.ConfigPath);

    /// <summary>The same when a scheduler has started the job, as what it starts now: much may have changed since it was registered.</summary>
    /// <param name="launcher">The launcher of the module that runs.</param>
    /// <param name="configuration">The job.</param>
    /// <param name="runs">False when the job is not about to run: what it would use then may be on a drive that sleeps, and is not looked at.</param>
    public static string? Problem(string launcher, BackupConfiguration configuration, bool runs) => runs
        ? Problem(Environment.ProcessPath, launcher, configuration)
        : Problem([Environment.ProcessPath, launcher, .. configuration.Files], launcher);

    private static string? Problem(string? program, string launcher, BackupConfiguration configuration, string? configPath = null) => Problem(
        [program, .. Programs(configuration), launcher, configPath, .. configuration.Files, .. configuration.Options.Rsync.PatternFiles], launcher);

    private static string? Problem(IEnumerable<string?> files, string launcher) =>
        files.OfType<string>().Where(Path.IsPathFullyQualified).Distinct(StringComparer.Ordinal)
            .Select(FileSafety.PathProblem).FirstOrDefault(problem => problem is not null)
        ?? ModuleProblem(launcher);

    private static IEnumerable<string?> Programs(BackupConfiguration configuration)
    {
        RsyncOptions rsync = configuration.Options.Rsync;
        HookOptions? hooks = configuration.Hooks;
        IEnumerable<HookCommand> commands = new[] { hooks?.Before, hooks?.AfterSuccess, hooks?.AfterFailure, hooks?.Finally }.OfType<HookCommand>();
        return
        [
            ProgramFinder.Find(rsync.RsyncPath ?? "rsync"),
            configuration.Sources.Any(source => RemotePath.IsRemote(source.Path)) ? ProgramFinder.Find("ssh") : null,
            .. commands.Select(command => command.Script ?? (command.Command is [string program, ..] ? ProgramFinder.Find(program) : null)),
        ];
    }

    // Each of its files is loaded; the folders above are those of the launcher.
    private static string? ModuleProblem(string launcher)
    {
        if (Path.GetDirectoryName(Path.GetDirectoryName(launcher)) is not { } module || !Directory.Exists(module))
            return null;
        return Directory.EnumerateFileSystemEntries(module, "*", SearchOption.AllDirectories)
            .Select(path => FileSafety.Problem(path) is { } problem ? $"'{path}': {problem}" : null)
            .FirstOrDefault(problem => problem is not null);
    }
}
