using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that takes a bucket without a job, each in parameter sets of its own.</summary>
internal interface IBucketParameters
{
    string? BucketName { get; }

    string? KeyPrefix { get; }

    string? Region { get; }

    string? ProfileName { get; }

    string? EndpointUrl { get; }

    SwitchParameter ForcePathStyle { get; }

    S3ChecksumMode ChecksumMode { get; }
}
