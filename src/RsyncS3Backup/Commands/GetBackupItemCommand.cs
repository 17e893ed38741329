using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Recovery;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits what a copy of a backup holds: of the mirror, or of S3 now, at a time in the past, or in all versions.</summary>
[Cmdlet(VerbsCommon.Get, "BackupItem", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupItem))]
public sealed class GetBackupItemCommand : RecoveryCmdlet, IBucketParameters
{
    /// <summary>Paths below the mirror's root; wildcards are allowed. Default: everything at the root.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(EntryCompleter))]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>As <see cref="Path"/>, but each is taken as it is written: no character is a wildcard.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Which copy. Default: the mirror where it is there, and S3 where only that can tell.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByConfig)]
    public BackupCopy From { get; set; }

    /// <summary>What was there at that time.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset AsOf { get; set; }

    /// <summary>The date of a dated snapshot. Default: the last complete one.</summary>
    [Parameter]
    [TimeTransformation(IsWallTime = true)]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    public DateTime Snapshot { get; set; }

    /// <summary>All versions and delete markers that S3 has.</summary>
    [Parameter]
    [Alias("Versions")]
    public SwitchParameter AllVersions { get; set; }

    /// <summary>Only what S3 still keeps and the mirror no longer has, in all folders.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByConfig)]
    public SwitchParameter Deleted { get; set; }

    /// <summary>Also what is beneath folders.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>What every key starts with; may hold the date tokens of dated snapshots; empty, which is the default, for the bucket's root.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [AllowEmptyString]
    [Alias("Prefix")]
    public string KeyPrefix { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByBucket)
        {
            if (Errors.TryRead(() => ReadBucket(this)) is { } bucket)
                Emit(new BackupItemRequest { S3 = bucket });
            return;
        }

        if (ParameterSetName == ByConfig)
        {
            foreach (JobReference reference in Jobs.References(Config))
            {
                if (Errors.TryRead(() => EntryReference.SnapshotOf(reference)) is { } moment)
                    List(Jobs.FromReference(reference, eachSnapshot: true), moment.Snapshot);
            }

            return;
        }

        List(Jobs.Read(this), snapshot: null);
    }

    private void List(IEnumerable<BackupConfiguration> jobs, DateTime? snapshot)
    {
        foreach (BackupConfiguration job in jobs)
        {
            BackupItemRequest request = BackupItemRequest.For(job);
            Emit(request with { S3 = Keys.For(request.S3), Snapshot = snapshot });
        }
    }

    private void Emit(BackupItemRequest copy)
    {
        BackupItemRequest request = copy with
        {
            From = this.IsGiven(nameof(From)) ? From : null,
            Paths = Path,
            LiteralPaths = LiteralPath,
            AsOf = this.IsGiven(nameof(AsOf)) ? AsOf : null,
            Snapshot = this.IsGiven(nameof(Snapshot)) ? Snapshot : copy.Snapshot,
            Versions = AllVersions,
            Deleted = Deleted,
            Recurse = Recurse,
        };
        try
        {
            RunStream((observer, token) => BackupItems.ListAsync(request, observer, token));
        }
        catch (BackupException exception)
        {
            WriteError(exception.Error);
        }
    }
}
