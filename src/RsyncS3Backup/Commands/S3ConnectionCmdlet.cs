using System.Management.Automation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.S3;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that talk to S3: whose keys, and over what.</summary>
public abstract class S3ConnectionCmdlet : BackupCmdlet
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

    /// <summary>How many requests to S3 may be in flight. Default: what the configuration says, else chosen by the module.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; }

    /// <summary>How stage 2 finds what is different. Default: what the configuration says, else the cheapest way that is safe.</summary>
    [Parameter]
    public S3SyncMode SyncMode { get; set; }

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

    /// <summary>The configuration with what this cmdlet's parameters override.</summary>
    private protected BackupConfiguration WithOverrides(BackupConfiguration configuration) => configuration with
    {
        Options = configuration.Options with
        {
            Rsync = configuration.Options.Rsync with { SyncToS3 = WithOverrides(configuration.Options.Rsync.SyncToS3) },
        },
    };

    /// <summary>The options of stage 2 with what this cmdlet's parameters override.</summary>
    private protected S3SyncOptions WithOverrides(S3SyncOptions options) => options with
    {
        ThrottleLimit = ThrottleLimit == 0 ? options.ThrottleLimit : ThrottleLimit,
        SyncMode = MyInvocation.BoundParameters.ContainsKey(nameof(SyncMode)) ? SyncMode : options.SyncMode,
    };
}
