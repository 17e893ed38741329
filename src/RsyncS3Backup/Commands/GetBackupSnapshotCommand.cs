using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync.Snapshots;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the dated snapshots of jobs, and says which of them the next run prunes.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSnapshot", DefaultParameterSetName = ByPath)]
[OutputType(typeof(BackupSnapshot))]
public sealed class GetBackupSnapshotCommand : S3ConnectionCmdlet
{
    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath)]
    [Alias("Path", "FullName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public override string[] ConfigPath { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BackupRunOptions options = new() { Credentials = GivenCredentials, AllowInsecureEndpoint = AllowInsecureEndpoint };
        foreach (BackupConfiguration configuration in ReadJobs())
        {
            try
            {
                WriteObject(
                    Run(activity: null, (_, token) => Task.Run(() => BackupSnapshots.ListAsync(configuration, options.Credentials, options.AllowInsecureEndpoint, token), token)),
                    enumerateCollection: true);
            }
            catch (BackupException exception)
            {
                WriteError(exception.Error);
            }
        }
    }
}
