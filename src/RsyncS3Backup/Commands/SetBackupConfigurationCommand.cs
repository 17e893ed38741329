using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Changes keys in configuration files. Comments, order and style of the rest stay. A file that would not be good is left alone.
/// </summary>
[Cmdlet(VerbsCommon.Set, "BackupConfiguration", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(BackupConfiguration))]
public sealed class SetBackupConfigurationCommand : ConfigurationParametersCmdlet, IJobParameters
{
    private readonly InputErrors errors;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public SetBackupConfigurationCommand()
    {
        errors = new InputErrors(this);
        jobs = new JobInput(this, errors);
    }

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Names, files, jobs, and whatever this module emits that names its job.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public object[] InputObject { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>
    /// All folders to back up, here or on other machines (<c>user@host:/path</c>, <c>rsync://host/module</c>), or hashtables with
    /// a source's keys.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] Source { get; set; } = [];

    /// <summary>The mirror's root folder.</summary>
    [Parameter]
    [Alias("Destination")]
    [ValidateNotNullOrEmpty]
    public string? MirrorPath { get; set; }

    /// <summary>The bucket's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>Leave stage 2 out; <c>-LocalOnly:$false</c> takes it in again.</summary>
    [Parameter]
    public SwitchParameter LocalOnly { get; set; }

    /// <summary>Parameters whose keys are taken out of the file, so that each has its default again.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationParameterCompleter))]
    public string[] Clear { get; set; } = [];

    /// <summary>Emit the configuration as it is then.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (errors.TryRead(new GivenSettings(this).Read) is not { } settings
            || errors.TryRead(() => GivenSettings.Named(Clear)) is not { } cleared)
            return;
        foreach (string path in jobs.FilesOf(this))
            errors.TryRead(() => { Change(path, settings, cleared); return path; });
    }

    private void Change(string path, ConfigurationSettings settings, IReadOnlyList<ConfigurationParameter> cleared)
    {
        ConfigurationReadResult before = ConfigurationReader.ReadFile(path);
        if (before.Error is { } error && error.Id != ErrorIds.ConfigurationInvalid)
            throw new BackupException(error);
        string text = File.ReadAllText(path);
        string changed = settings.ApplyTo(text, cleared);
        ConfigurationReadResult after = ConfigurationReader.Read(changed, path, Path.GetFileNameWithoutExtension(path));
        if (after.Configuration is not { } job)
            throw new BackupException(ParameterErrors.JobNotGood(path, after.Problems, [.. settings.Parameters, .. cleared]));
        if (changed != text && !TryWrite(path, text, changed, before.Configuration, job))
            return;
        foreach ((ConfigurationParameter parameter, ConfigurationNode said) in ConfigurationLayers.StillSaid(changed, path, cleared))
            WriteWarning($"-{parameter.Name} is cleared in '{path}', and is now what '{said.Path}' says in line {said.Line}.");
        if (PassThru)
            WriteObject(job);
    }

    private bool TryWrite(string path, string text, string changed, BackupConfiguration? before, BackupConfiguration job)
    {
        // Only what is new is said.
        JobList all = JobList.Read();
        foreach (string doubt in JobDoubts.Of(job, all).Except(before is null ? [] : JobDoubts.Of(before, all)))
            WriteWarning(doubt);
        string difference = string.Join("\n", TextDifference.Lines(text, changed));
        if (!ShouldProcess($"Change '{path}':\n{difference}", $"Change '{path}'?\n{difference}", "Set-BackupConfiguration"))
            return false;
        try
        {
            JobFile.Write(path, changed);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(ParameterErrors.NotWritten(path, exception.Message), exception);
        }

        bool isRegistered = before is not null && before.Schedule != job.Schedule
            && Run(null, (_, token) => MachineSchedules.Current.OfJobAsync(job.Name, token)).Count > 0;
        if (isRegistered)
        {
            WriteWarning(
                $"The scheduler still has the old schedule of job '{job.Name}'. Register-BackupSchedule tells it the new one.");
        }

        return true;
    }
}
