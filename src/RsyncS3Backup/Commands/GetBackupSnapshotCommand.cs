using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync.Snapshots;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the dated snapshots of jobs, and says which of them the next run prunes.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSnapshot", DefaultParameterSetName = ByPath)]
[OutputType(typeof(BackupSnapshot))]
public sealed class GetBackupSnapshotCommand : S3ConnectionCmdlet, IJobParameters
{
    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath)]
    [Alias("Path", "FullName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configurations: from Get-BackupJob or Import-BackupConfiguration, as hashtables or custom objects, or files.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
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
