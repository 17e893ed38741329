using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync.Snapshots;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the dated snapshots of jobs, and says which of them the next run prunes.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSnapshot", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupSnapshot))]
public sealed class GetBackupSnapshotCommand : S3ConnectionCmdlet, IJobParameters
{
    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath", "Path")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BackupRunOptions options = new() { Credentials = Keys.Credentials, AllowInsecureEndpoint = AllowInsecureEndpoint };
        foreach (BackupConfiguration configuration in Jobs.Read(this))
        {
            try
            {
                WriteObject(
                    Run(activity: null, (_, token) => BackupSnapshots.ListAsync(configuration, options.Credentials, options.AllowInsecureEndpoint, token)),
                    enumerateCollection: true);
            }
            catch (BackupException exception)
            {
                WriteError(exception.Error);
            }
        }
    }
}
