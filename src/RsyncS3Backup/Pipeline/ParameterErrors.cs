using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Pipeline;

/// <summary>What can be wrong with a cmdlet's parameters.</summary>
internal static class ParameterErrors
{
    internal static BackupError NotAFileSystemPath(string path, string provider) => Create(
        ErrorIds.NotAFileSystemPath,
        $"'{path}' is a path of PowerShell's {provider} provider, not of the file system.",
        "Give a folder or file on disk, for instance /data/photos or C:\\photos; change to the file system first if you meant a relative path.",
        path);

    internal static BackupError PathNotResolved(string path, string reason) => Create(
        ErrorIds.PathNotResolved,
        $"'{path}' cannot be resolved: {reason}",
        "Check the drive and the spelling of the path.",
        path);

    internal static BackupError NoConfigurationMatches(string pattern) => Create(
        ErrorIds.ConfigurationNotFound,
        $"No file matches '{pattern}'.",
        "Check the folder and the wildcard; 'New-BackupConfiguration' writes a configuration file.",
        pattern,
        BackupErrorCategory.ObjectNotFound);

    internal static BackupError NotAConfiguration(string typeName) => Create(
        ErrorIds.ConfigurationInvalid,
        $"An object of type {typeName} is not a configuration, and names no job.",
        "Give the name of a job, the path of a configuration file, a hashtable with the keys of such a file, or what the cmdlets of this module emit.",
        typeName);

    internal static BackupError NamesNoJob(string kind) => Create(
        ErrorIds.InvalidParameter,
        $"This {kind} belongs to a bucket alone, and names no job.",
        "Give the job with -Name or -ConfigPath.",
        kind);

    internal static BackupError ConfigurationWithoutFile(string? name) => Create(
        ErrorIds.InvalidParameter,
        $"The configuration of job '{name}' was made in memory, so nothing is left of it but its properties.",
        "Write it with New-BackupConfiguration, and give the file with -ConfigPath.",
        name ?? "");

    internal static BackupError JobOfObjectNotFound(string kind, string name, IEnumerable<string> places) => Create(
        ErrorIds.JobNotFound,
        $"This {kind} is of job {ConfigurationText.Quote(name)}, which is not in a job folder, and no run on record names its file. "
        + $"Looked in {string.Join(" and ", places)}.",
        "Give the file of the job with -ConfigPath.",
        name,
        BackupErrorCategory.ObjectNotFound);

    internal static BackupError TwoKindsOfCredentials() => Create(
        ErrorIds.InvalidParameter,
        "Both -Credential and -AccessKey or -SecretKey were given.",
        "Give one of them: -Credential (user name = access key, password = secret key), or -AccessKey with -SecretKey.",
        "Credential");

    internal static BackupError IncompleteKeys() => Create(
        ErrorIds.InvalidParameter,
        "-AccessKey and -SecretKey belong together, and -SessionToken goes with both.",
        "Give both keys, or neither to use the AWS SDK's own chain (environment, profile, SSO, instance).",
        "AccessKey");

    internal static BackupError InvalidValue(string parameter, string value, string problem, string allowed) => Create(
        ErrorIds.InvalidParameter, $"-{parameter} {ConfigurationText.Quote(value)}: {problem}", $"Allowed: {allowed}.", parameter);

    internal static BackupError SeveralNames(IEnumerable<string> names) => Create(
        ErrorIds.InvalidParameter,
        $"-Name {string.Join(", ", names)}: a stage that runs from parameters has one name.",
        "Give one name; or leave the other parameters out to run jobs of the job folders by name.",
        "Name");

    internal static BackupError SeveralMirrors(IEnumerable<string> mirrors) => Create(
        ErrorIds.InvalidParameter,
        $"{string.Join(", ", mirrors)}: stage 2 sends one mirror.",
        "Give one folder.",
        "MirrorPath");

    internal static BackupError TargetGivenTwice(string name, IEnumerable<string> parameters) => Create(
        ErrorIds.InvalidParameter,
        $"Job '{name}' brings its own destination, so {string.Join(", ", parameters.Select(p => "-" + p))} cannot apply.",
        "Leave these parameters out, or run stage 2 with -MirrorPath.",
        name);

    internal static BackupError BucketMissing(string name) => Create(
        ErrorIds.InvalidParameter,
        $"The result of stage 1 of '{name}' was made from parameters and names no bucket.",
        "Add -BucketName (and -KeyPrefix), or run stage 1 with -ConfigPath.",
        name);

    internal static BackupError RunWithoutConfiguration(string name, string runId) => Create(
        ErrorIds.InvalidParameter,
        $"Run {runId} of job '{name}' names no configuration file, so there is nothing to run its stage 2 from.",
        "Run stage 2 with -ConfigPath, or with -MirrorPath, -BucketName and -KeyPrefix.",
        name);

    internal static BackupError NotADifference(string what) => Create(
        ErrorIds.InvalidParameter,
        $"Repair-Backup takes the differences that Test-Backup emits, and this is not one: {what}.",
        "Give what Test-Backup emits, or what was exported of it with all properties; or give -Name or -ConfigPath, and the job is tested first.",
        what);

    internal static BackupError DifferenceWithoutJob(string path) => Create(
        ErrorIds.InvalidParameter,
        $"The difference of '{path}' names no job: it was found in a bucket alone, and without a mirror there is nothing to repair it from.",
        "Test the job by -Name or -ConfigPath, and repair what that finds.",
        path);

    internal static BackupError RunIsNoBackup(BackupRun run, string consequence) => Create(
        ErrorIds.InvalidParameter,
        $"Run {run.RunId} of job '{run.Name}' was a {(run.Kind == BackupRunKind.Test ? "test" : "repair")} of its copies, so {consequence}.",
        "Take the runs that backed up: 'Get-BackupHistory -Kind Backup' lists them.",
        run.Name);

    internal static BackupError RunNotEnded(string name, string runId) => Create(
        ErrorIds.InvalidParameter, $"Run {runId} of job '{name}' is still running, so it has no result to send.", "Wait until it has ended.", name);

    internal static BackupError NotAResult(string typeName) => Create(
        ErrorIds.InvalidParameter,
        $"An object of type {typeName} is not the result of a run.",
        "Give what Invoke-RsyncToS3Backup, Invoke-RsyncStage, Invoke-S3SyncStage, Test-Backup or Get-BackupHistory emit.",
        typeName);

    internal static BackupError ExpectedWithoutDigest() => Create(
        ErrorIds.InvalidParameter, "-ExpectedHost works only with -Digest.", "Add -Digest, or leave it out.",
        "ExpectedHost");

    internal static BackupError NotReportable(string typeName) => Create(
        ErrorIds.InvalidParameter,
        $"An object of type {typeName} cannot be reported: it is not a result of this module, or some of its properties are missing.",
        "Give what Invoke-RsyncToS3Backup, Test-Backup, Get-BackupHistory, Get-BackupJob or Get-BackupReport emit, with all properties.",
        typeName);

    internal static BackupError OfAnotherMachine(string what, string host) => Create(
        ErrorIds.InvalidParameter,
        $"This {what} is of the machine '{host}', and not of this one.",
        $"Run the command there, for example with Invoke-Command -HostName {host}.",
        host);

    internal static BackupError VersionNotKnown(string path) => Create(
        ErrorIds.InvalidParameter,
        $"Which version of '{path}' is meant cannot be read: its time or its snapshot is missing, or is not a date.",
        "Give what Get-BackupItem emits, or restore by -Name and -Path with -AsOf or -Snapshot.",
        path);

    internal static BackupError NotARun(string kind) => Create(
        ErrorIds.InvalidParameter,
        $"What was given ({kind}) is not a run of a history.",
        "Give runs from Get-BackupHistory, results, or the jobs whose runs are all to be removed.",
        kind);

    internal static BackupError RunNotOnRecord(string kind, string name, string runId) => Create(
        ErrorIds.InvalidParameter,
        $"This {kind} came back without its type, and the history of job {ConfigurationText.Quote(name)} on this machine has no run {runId}.",
        "Give the object in the session that emitted it, or on the machine that has the history.",
        name);

    internal static BackupError SnapshotNotMeant(string name, DateTime date) => Create(
        ErrorIds.InvalidParameter,
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"The snapshot of {date:yyyy-MM-dd HH:mm} of job {ConfigurationText.Quote(name)} cannot be tested by itself: a test is of the newest snapshot."),
        $"Test the job with -Name {ConfigurationText.Quote(name)}; 'Restore-Backup -Snapshot' restores a snapshot, and 'Get-BackupItem -Snapshot' lists it.",
        name);

    internal static BackupError DeletionNotRestored(string path) => Create(
        ErrorIds.InvalidParameter,
        $"The version of '{path}' says that the object was deleted, so there is nothing to restore.",
        "Take an earlier version of it: 'Get-BackupItem -AllVersions' lists them.",
        path);

    internal static BackupError NoFileToRegister(string name) => Create(
        ErrorIds.InvalidParameter,
        $"The configuration of job '{name}' was made in memory; a scheduler needs a file to read it from.",
        "Write it with New-BackupConfiguration, and register the file.",
        name);

    internal static BackupError TimeZoneAlone(string timeZone) => Create(
        ErrorIds.InvalidParameter, $"-TimeZone '{timeZone}' was given without a schedule.",
        "Add -CronExpression, for instance '0 2 * * *'.", "TimeZone");

    internal static BackupError SeveralJobsToOneFolder(string first, string second) => Create(
        ErrorIds.InvalidParameter,
        $"Job '{second}' was not restored: -Destination takes one job, and '{first}' is there already.",
        "Restore each job to a folder of its own, or all of them with -InPlace.",
        second);

    internal static BackupError SeveralVersionsToOnePlace(string path) => Create(
        ErrorIds.InvalidParameter,
        $"Several versions of '{path}' were given, and one place takes one of them. Nothing of their job was restored.",
        "Give one version of each entry, for example with Select-Object -First 1.",
        path);

    internal static BackupError SeveralJobsToOneName(string newName, int jobs) => Create(
        ErrorIds.InvalidParameter,
        $"{jobs} jobs were given, and '{newName}' can be the name of one. No job was renamed.",
        "Rename the jobs one by one.",
        "NewName");

    internal static BackupError ClaimOfAnotherTime() => Create(
        ErrorIds.InvalidParameter, "-At asks about another instant, which -Claim cannot keep.", "Leave out one of them.", "At");

    internal static BackupError FileExists(string path) => Create(
        ErrorIds.ConfigurationExists,
        $"'{path}' exists already.",
        "Choose another -ConfigPath, or add -Force to replace it.",
        path,
        BackupErrorCategory.InvalidOperation);

    internal static BackupError JobExists(string name, string path) => Create(
        ErrorIds.ConfigurationExists,
        $"'{path}' is a job of the name '{name}' already.",
        "Choose another -Name, or give that file as -ConfigPath with -Force to replace it.",
        path,
        BackupErrorCategory.InvalidOperation);

    internal static BackupError PathOrNameMissing() => Create(
        ErrorIds.InvalidParameter,
        "Neither -Name nor -ConfigPath was given.",
        "Give -Name for a job in your job folder, which is then known by that name, or -ConfigPath for a file of your choice.",
        "Name");

    internal static BackupError NotWritten(string path, string reason) => Create(
        ErrorIds.ConfigurationNotWritten, $"'{path}' could not be written: {reason}", "Check the folder, its permissions and its free space.", path,
        BackupErrorCategory.WriteError);

    internal static BackupError NoSetting(string name) => Create(
        ErrorIds.InvalidParameter,
        $"-Clear {ConfigurationText.Quote(name)}: there is no such setting."
        + ConfigurationText.DidYouMean(name, ConfigurationKeys.Parameters.Select(parameter => parameter.Name)),
        "Give names of parameters, without their hyphens: -Clear KeepDaily, Region.",
        "Clear");

    /// <summary>A job that would not be good, and is not written. What a parameter gave is named by the parameter.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problems">What is wrong.</param>
    /// <param name="parameters">The parameters that may be named.</param>
    internal static BackupError JobNotGood(
        string path, IReadOnlyList<ConfigurationProblem> problems, IReadOnlyCollection<ConfigurationParameter> parameters)
    {
        // PowerShell shows a message as one paragraph, in which lines would run into one another.
        string Number(int index) => problems.Count > 1 ? $"({index + 1}) " : "";
        IEnumerable<string> lines = problems.Select((problem, index) =>
            // What stands in another file no parameter changes.
            problem.Path is { } other && other != path ? $"\n  {Number(index)}'{other}', line {problem.Line}, {problem}"
            : (parameters.FirstOrDefault(known => IsAt(problem.JsonPath, known.JsonPath))
                // What a parameter took out may be all that was in an object that must be there.
                ?? parameters.FirstOrDefault(known => IsAt(known.JsonPath, problem.JsonPath))) is { } parameter
                ? $"\n  {Number(index)}-{parameter.Name}: {problem.Message} Allowed: {problem.Allowed}."
                : $"\n  {Number(index)}{problem}");
        string noun = problems.Count == 1 ? "1 problem" : $"{problems.Count} problems";
        return BackupError.Make(
            ErrorIds.ConfigurationInvalid, BackupErrorCategory.InvalidArgument,
            $"'{path}' was not written, because the job would have {noun}:{string.Concat(lines)}",
            "Correct each one; Get-Help about_RsyncS3Backup_Configuration describes all keys.",
            path, BackupExitCode.BadConfiguration, hasLines: true);
    }

    private static bool IsAt(string jsonPath, string key) =>
        jsonPath.StartsWith(key, StringComparison.Ordinal)
        && (jsonPath.Length == key.Length || jsonPath[key.Length] is '.' or '[');

    private static BackupError Create(
        string id, string message, string action, string target, BackupErrorCategory category = BackupErrorCategory.InvalidArgument) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration);
}
