using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs.Lifecycle;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits a <see cref="BackupLifecycleRule"/> for each lifecycle rule of a job, and for each of somebody else that meets its objects.</summary>
[Cmdlet(VerbsCommon.Get, "BackupLifecycle", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupLifecycleRule))]
public sealed class GetBackupLifecycleCommand : S3ConnectionCmdlet, IJobParameters
{
    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configurations: from Get-BackupJob or Import-BackupConfiguration, as hashtables or custom objects, or files.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration job in Jobs.Read(this))
        {
            Errors.Try(() =>
            {
                LifecycleRequest request = LifecycleRequest.For(job);
                Emit(request with { S3 = Keys.For(request.S3) });
            });
        }
    }

    private void Emit(LifecycleRequest request) =>
        WriteObject(Run(activity: null, (_, token) => BackupLifecycles.GetAsync(request, token)), enumerateCollection: true);
}
