using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.ObjectStore.Rights;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Emits the least IAM policy for what is done with a job's copy in S3, as JSON. Nothing is asked of AWS, and nothing changed.
/// </summary>
[Cmdlet(VerbsCommon.New, "BackupPolicy", DefaultParameterSetName = ByName)]
[OutputType(typeof(string))]
public sealed class NewBackupPolicyCommand : PSCmdlet, IJobParameters
{
    private readonly InputErrors errors;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public NewBackupPolicyCommand()
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

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>What is to be done. Default: Backup.</summary>
    [Parameter]
    public BackupPolicyPurpose For { get; set; }

    /// <summary>Leave out the right to delete, whatever the job does.</summary>
    [Parameter]
    public SwitchParameter NoDeletion { get; set; }

    /// <summary>For restores: of a time in the past too (-AsOf).</summary>
    [Parameter]
    public SwitchParameter Versions { get; set; }

    /// <summary>For restores: from an archive too, whatever the storage class of the job is.</summary>
    [Parameter]
    public SwitchParameter Retrieval { get; set; }

    /// <summary>The ARN of the KMS key that the bucket encrypts with. Default: that of the job.</summary>
    [Parameter]
    [ValidatePattern("^arn:[a-z-]+:kms:[a-z0-9-]*:[0-9]*:(key|alias)/.+$")]
    public string? KmsKeyArn { get; set; }

    /// <summary>The partition of AWS. Default: aws.</summary>
    [Parameter]
    [ValidateSet("aws", "aws-cn", "aws-us-gov")]
    public string Partition { get; set; } = "aws";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration job in jobs.Read(this))
        {
            PolicyRequest request = new()
            {
                Configuration = job,
                Purpose = For,
                NoDeletion = NoDeletion,
                Versions = Versions,
                Retrieval = Retrieval,
                KmsKeyArn = KmsKeyArn,
                Partition = Partition,
            };
            if (errors.TryRead(() => PolicyDocument.Make(request)) is { } policy)
                WriteObject(policy);
        }
    }
}
