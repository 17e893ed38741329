using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that talk to S3: of which jobs, whose keys, and over what.</summary>
public abstract class S3ConnectionCmdlet : JobCmdlet
{
    /// <summary>An access key as user name and its secret key as password. Default: the AWS SDK's own chain, or the profile.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The access key id; goes with <see cref="SecretKey"/>.</summary>
    [Parameter]
    public string? AccessKey { get; set; }

    /// <summary>The secret access key. It stays in the shell's history: prefer <see cref="Credential"/>.</summary>
    [Parameter]
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys.</summary>
    [Parameter]
    public string? SessionToken { get; set; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    [Parameter]
    public SwitchParameter AllowInsecureEndpoint { get; set; }

    /// <summary>The keys that were given; null when none were.</summary>
    private protected S3Credentials? GivenCredentials { get; private set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        bool givesKeys = AccessKey is not null || SecretKey is not null;
        if (givesKeys && Credential is not null)
            ThrowTerminating(ParameterErrors.TwoKindsOfCredentials());
        if ((AccessKey is null) != (SecretKey is null) || (SessionToken is not null && !givesKeys && Credential is null))
            ThrowTerminating(ParameterErrors.IncompleteKeys());
        GivenCredentials = Credential is not null
            ? new S3Credentials(Credential.UserName, Credential.GetNetworkCredential().Password, SessionToken)
            : givesKeys ? new S3Credentials(AccessKey!, SecretKey!, SessionToken) : null;
    }

    /// <summary>A bucket with the keys that were given; null where there is none.</summary>
    [return: NotNullIfNotNull(nameof(request))]
    private protected S3SyncRequest? WithCredentials(S3SyncRequest? request) =>
        request is null ? null : request with { Credentials = GivenCredentials, AllowInsecureEndpoint = AllowInsecureEndpoint };

    /// <summary>The bucket that parameters name.</summary>
    /// <exception cref="BackupException">A value is not allowed.</exception>
    private protected S3Destination ReadDestination(IBucketParameters given)
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
            ForcePathStyle = IsGiven(nameof(given.ForcePathStyle)) ? given.ForcePathStyle.IsPresent : null,
            ChecksumMode = given.ChecksumMode,
            Profile = given.ProfileName,
        };
    }
}
