using System.Management.Automation;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that run stage 2.</summary>
public abstract class S3SyncCmdlet : S3ConnectionCmdlet
{
    /// <summary>How many requests to S3 may be in flight. Default: what the configuration says, else chosen by the module.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; }

    /// <summary>How stage 2 finds what is different. Default: what the configuration says, else the cheapest way that is safe.</summary>
    [Parameter]
    public S3SyncMode SyncMode { get; set; }

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
        SyncMode = IsGiven(nameof(SyncMode)) ? SyncMode : options.SyncMode,
    };
}
