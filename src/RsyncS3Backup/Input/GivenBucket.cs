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
        Demand(nameof(given.BucketName), given.BucketName, ConfigurationRules.BucketName, ConfigurationRules.BucketNameAllowed);
        Demand(nameof(given.KeyPrefix), given.KeyPrefix, ConfigurationRules.KeyPrefix, ConfigurationRules.KeyPrefixAllowed);
        Demand(nameof(given.Region), given.Region, ConfigurationRules.Region, ConfigurationRules.RegionAllowed);
        Demand(nameof(given.ProfileName), given.ProfileName, ConfigurationRules.Profile, ConfigurationRules.ProfileAllowed);
        Demand(nameof(given.EndpointUrl), given.EndpointUrl, ConfigurationRules.EndpointUrl, ConfigurationRules.EndpointUrlAllowed);
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
