using System.Management.Automation;
using RsyncS3Backup.Configuration;
using static RsyncS3Backup.Input.ParameterValues;

namespace RsyncS3Backup.Input;

/// <summary>The bucket that a cmdlet is given without a job.</summary>
/// <param name="cmdlet">The cmdlet, which knows what stands in the command.</param>
internal sealed class GivenBucket(PSCmdlet cmdlet)
{
    /// <summary>The bucket that the parameters name.</summary>
    /// <exception cref="BackupException">A value is not allowed.</exception>
    internal S3Destination Read(IBucketParameters given)
    {
        Demand(nameof(given.BucketName), given.BucketName, KeyRule.BucketName);
        Demand(nameof(given.KeyPrefix), given.KeyPrefix, KeyRule.KeyPrefix);
        Demand(nameof(given.Region), given.Region, KeyRule.Region);
        Demand(nameof(given.ProfileName), given.ProfileName, KeyRule.Profile);
        Demand(nameof(given.EndpointUrl), given.EndpointUrl, KeyRule.EndpointUrl);
        return new S3Destination
        {
            Bucket = given.BucketName!,
            Region = given.Region,
            EndpointUrl = given.EndpointUrl,
            ForcePathStyle = cmdlet.IsGiven(nameof(given.ForcePathStyle)) ? given.ForcePathStyle.IsPresent : null,
            ChecksumMode = given.ChecksumMode,
            Profile = given.ProfileName,
        };
    }
}
