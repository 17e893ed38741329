using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>What a cmdlet's parameters say about stage 2, before what the configuration says.</summary>
/// <param name="cmdlet">The cmdlet, which knows what stands in the command.</param>
/// <param name="given">Its parameters.</param>
internal sealed class SyncOverrides(PSCmdlet cmdlet, ISyncParameters given)
{
    /// <summary>The configuration with what the parameters override.</summary>
    internal BackupConfiguration Apply(BackupConfiguration configuration) => configuration with
    {
        Options = configuration.Options with
        {
            Rsync = configuration.Options.Rsync with { SyncToS3 = Apply(configuration.Options.Rsync.SyncToS3) },
        },
    };

    /// <summary>The options of stage 2 with what the parameters override.</summary>
    internal S3SyncOptions Apply(S3SyncOptions options) => options with
    {
        ThrottleLimit = given.RequestLimit == 0 ? options.ThrottleLimit : given.RequestLimit,
        SyncMode = cmdlet.IsGiven(nameof(given.SyncMode)) ? given.SyncMode : options.SyncMode,
    };
}
