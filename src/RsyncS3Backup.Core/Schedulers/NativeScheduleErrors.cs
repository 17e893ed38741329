using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers;

/// <summary>The errors of registering schedules with the operating system.</summary>
internal static class NativeScheduleErrors
{
    public static BackupError SchedulerUnavailable(BackupScheduler scheduler, BackupScheduleScope scope, string reason, string action) => Make(
        ErrorIds.SchedulerUnavailable,
        BackupErrorCategory.NotInstalled,
        $"{scheduler} cannot be used here (scope {scope}): {reason}",
        action,
        scheduler.ToString());

    public static BackupError NotPrivileged(BackupScheduler scheduler, string jobName) => Make(
        ErrorIds.SchedulePermissionDenied,
        BackupErrorCategory.PermissionDenied,
        $"Job '{jobName}' cannot be registered for the whole machine with {scheduler}: that takes an administrator.",
        OperatingSystem.IsWindows() ? "Start PowerShell as administrator, or register with -Scope User." : "Run pwsh as root (sudo pwsh), or register with -Scope User.",
        jobName);

    public static BackupError StateApart(string jobName) => Make(
        ErrorIds.ScheduleStateApart,
        BackupErrorCategory.InvalidOperation,
        $"Job '{jobName}' is not registered for the whole machine: SYSTEM would remember its runs in a state folder of its own, so this session would "
            + "know of none, and of no next run.",
        "Give the machine one state folder: [Environment]::SetEnvironmentVariable('RSYNCS3BACKUP_STATE', \"$env:ProgramData\\RsyncS3Backup\\State\", "
            + "'Machine'); then register in a new session. Or register with -Scope User.",
        jobName);

    public static BackupError Unsafe(string jobName, string problem) => Unsafe(
        jobName, $"Job '{jobName}' is not registered for the whole machine", problem, "Or register with -Scope User.");

    public static BackupError UnsafeStart(string jobName, string problem) => Unsafe(
        jobName, $"Job '{jobName}', which is registered for the whole machine, was not started", problem, "The next start runs it then.");

    /// <summary>The same for one user's own schedule, which is a warning.</summary>
    public static string OpenToOthers(string jobName, string problem) =>
        $"Somebody else can change what job '{jobName}' does: {problem} Let these files and folders belong to you, to root or to the administrators, "
        + $"and let nobody else write them ({FileSafety.HowToClose}).";

    private static BackupError Unsafe(string jobName, string what, string problem, string otherwise) => Make(
        ErrorIds.ScheduleUnsafe,
        BackupErrorCategory.PermissionDenied,
        $"{what}, because somebody else can change what it does: {problem}",
        "Let the configuration, the module, PowerShell, rsync, hooks and pattern files, and the folders above them, belong to root or the administrators, "
            + $"and let nobody else write them ({FileSafety.HowToClose}). {otherwise}",
        jobName);

    public static BackupError Refused(string jobName, string program, IEnumerable<string> arguments, string complaint) => Make(
        ErrorIds.ScheduleRefused,
        BackupErrorCategory.InvalidOperation,
        $"'{program} {string.Join(' ', arguments)}' for job '{jobName}' failed: {complaint}",
        "Correct what the message names, then register again; -Scheduler chooses another scheduler.",
        jobName);

    public static BackupError ProgramHangs(string program, IEnumerable<string> arguments, TimeSpan timeout) => Make(
        ErrorIds.ScheduleRefused,
        BackupErrorCategory.OperationTimeout,
        $"'{program} {string.Join(' ', arguments)}' gave no answer for {HumanText.Duration(timeout)}.",
        "Check whether the system's scheduler is well, then try again.",
        program);

    public static BackupError CheckFailed(
        ScheduleRegistration job, BackupScheduler scheduler, string command, int? exitCode, string said)
    {
        string ending = exitCode is { } code
            ? string.Create(CultureInfo.InvariantCulture, $"ended with code {code}")
            : "did not start";
        // What the host of .NET says where it finds none (hostfxr_resolver.cpp); it ends with 131 on Unix.
        bool isWithoutRuntime = said.Contains("install .NET", StringComparison.Ordinal)
            || said.Contains("install or update .NET", StringComparison.Ordinal);
        return Make(
            ErrorIds.ScheduleCheckFailed,
            BackupErrorCategory.InvalidOperation,
            $"{NotStarted(job, scheduler)} The command, tried in the scheduler's own environment, {ending}: {said}",
            isWithoutRuntime
                ? "Install .NET for all users, set DOTNET_ROOT for the account that the job runs as, or install a PowerShell "
                    + "that brings its own (its package, not the .NET tool); then register again."
                : $"Correct what it says, then register again. The command: {command}",
            job.JobName);
    }

    public static BackupError CheckHangs(ScheduleRegistration job, BackupScheduler scheduler, string command, TimeSpan patience) => Make(
        ErrorIds.ScheduleCheckFailed,
        BackupErrorCategory.OperationTimeout,
        $"{NotStarted(job, scheduler)} The command, tried in the scheduler's own environment, did not end within "
            + $"{HumanText.Duration(patience)}.",
        $"Run it by hand to see what it waits for, then register again. The command: {command}",
        job.JobName);

    // Whoever asks whether a job is ready has it registered.
    private static string NotStarted(ScheduleRegistration job, BackupScheduler scheduler) =>
        $"{scheduler} could not start job '{job.JobName}'{(job.ChecksReadiness ? "" : ", so it was not registered")}.";

    public static BackupError NoTests(string jobName) => Make(
        ErrorIds.ScheduleMissing,
        BackupErrorCategory.ObjectNotFound,
        $"The configuration of job '{jobName}' has no tests.",
        "Add \"tests\": [{ \"level\": \"checksums\", \"every\": \"30d\" }] to it.",
        jobName);

    public static BackupError NotVerified(string jobName, BackupScheduler scheduler, string difference) => Make(
        ErrorIds.ScheduleNotVerified,
        BackupErrorCategory.InvalidOperation,
        $"{scheduler} does not have job '{jobName}' as it was registered: {difference}",
        "Register again; if it stays, Unregister-BackupSchedule and register with another -Scheduler.",
        jobName);

    public static BackupError NotRemoved(string jobName, BackupScheduler scheduler, string rest) => Make(
        ErrorIds.ScheduleNotRemoved,
        BackupErrorCategory.InvalidOperation,
        $"{scheduler} still has job '{jobName}': {rest}",
        "Check your permissions, then run Unregister-BackupSchedule again.",
        jobName);

    public static BackupError NotWritten(string jobName, string path, string reason) => Make(
        ErrorIds.ScheduleNotWritten,
        BackupErrorCategory.WriteError,
        $"'{path}' for job '{jobName}' could not be changed: {reason}",
        "Check the folder, its permissions and its free space.",
        path);

    public static BackupError LockNotWritten(string path, string reason) => Make(
        ErrorIds.ScheduleNotWritten,
        BackupErrorCategory.WriteError,
        $"The lock '{path}', under which schedules are changed, could not be made: {reason}",
        "Check the state folder, its permissions and its free space; RSYNCS3BACKUP_STATE moves it.",
        path);

    public static BackupError CannotExpress(string jobName, BackupScheduler scheduler, string reason, string action) => Make(
        ErrorIds.ScheduleNotExpressible,
        BackupErrorCategory.InvalidArgument,
        $"{scheduler} cannot start job '{jobName}': {reason}",
        action,
        jobName);

    public static BackupError DriveUnknown(string jobName, string mirror) => Make(
        ErrorIds.ScheduleDriveUnknown,
        BackupErrorCategory.ObjectNotFound,
        $"No drive that could start job '{jobName}' is there: its mirror '{mirror}' is in the system's own file system now.",
        "Connect the drive, so that it is mounted, and register again. A mirror on the system's own drive needs no -OnDrive.",
        mirror);

    public static BackupError NoDriveStarts(string jobName) => CannotExpress(
        jobName,
        BackupScheduler.Cron,
        "cron does not notice that a drive is connected (-OnDrive).",
        $"Use -Scheduler Systemd where its manager answers; or leave -OnDrive out, and let what mounts the drive run Start-BackupSchedule "
            + $"'{jobName.Replace("'", "''", StringComparison.Ordinal)}'.");

    public static BackupError Busy(string path) => Make(
        ErrorIds.ScheduleBusy,
        BackupErrorCategory.ResourceBusy,
        $"Another session is changing schedules and does not end ('{path}' is locked).",
        "Wait until it has ended, then try again.",
        path);

    public static BackupError NotFound(string name) => Make(
        ErrorIds.ScheduleNotFound,
        BackupErrorCategory.ObjectNotFound,
        $"No schedule of a job '{name}' is registered.",
        "Get-BackupSchedule lists those that are; Register-BackupSchedule registers one.",
        name);

    public static BackupError ShellNotFound() => Make(
        ErrorIds.PowerShellNotFound,
        BackupErrorCategory.NotInstalled,
        "There is no pwsh on the PATH, and this session runs in another program, so nothing can be registered to start the job.",
        "Install PowerShell 7.4 or later, or register from a pwsh session.",
        "pwsh");

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration);
}
