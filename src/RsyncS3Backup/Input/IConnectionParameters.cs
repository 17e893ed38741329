using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that talks to S3: whose keys, and over what.</summary>
internal interface IConnectionParameters
{
    PSCredential? Credential { get; }

    string? AccessKey { get; }

    string? SecretKey { get; }

    string? SessionToken { get; }

    SwitchParameter AllowInsecureEndpoint { get; }

    /// <summary>The profile instead of the job's; null: the job's.</summary>
    string? ProfileName => null;
}
