using System.Globalization;

namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>options.rsync.syncToS3</c>: stage 2.</summary>
internal sealed class SyncToS3Keys() : ConfigurationSection<S3SyncOptions>(new S3SyncOptions())
{
    /// <summary>Those that prune dated snapshots.</summary>
    public static IReadOnlyList<string> Retention { get; } = ["keepLast", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly"];

    protected override IEnumerable<ConfigurationKey<S3SyncOptions>> MakeTable() =>
    [
        Flag("enabled", sync => sync.Enabled, (sync, value) => sync with { Enabled = value },
            "`false` makes a local-only job: stage 2 is skipped, which is not a failure.") with
        { IsAlwaysWritten = true, Parameter = "LocalOnly" },

        Text("storageClass", KeyRule.StorageClass, sync => sync.StorageClass, (sync, value) => sync with { StorageClass = value },
            "The storage class of new objects: `STANDARD`, `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, "
            + "`GLACIER`, `DEEP_ARCHIVE` or `REDUCED_REDUNDANCY`.") with
        { IsAlwaysWritten = true },

        Text("s3Prefix", KeyRule.KeyPrefix, sync => sync.S3Prefix, (sync, value) => sync with { S3Prefix = value },
            "What every key starts with. It may hold `{host}`, the machine's name, and date tokens such as `{yyyy-MM-dd}`, which "
            + "make dated snapshots; empty for the bucket's root. See [Key prefix](#key-prefix).") with
        {
            Default = "`rsync/{job name}/`, where the braces stand for the name",
            Examples = """["rsync/photos/", "rsync/{yyyy-MM-dd}/", "rsync/{host}/photos/"]""",
            Parameter = "KeyPrefix",
        },

        Number("keepLast", KeyRule.Keep, sync => sync.KeepLast, (sync, value) => sync with { KeepLast = value },
            "How many of the newest dated snapshots are kept, from 1; see [Dated snapshots](#dated-snapshots). Without any of "
            + "the five `keep…` keys, all are.") with
        { Default = "keeps none", Examples = "[3]" },

        Number("keepDaily", KeyRule.Keep, sync => sync.KeepDaily, (sync, value) => sync with { KeepDaily = value },
            "Of how many days with snapshots the newest one is kept.") with { Default = "keeps none", Examples = "[7]" },

        Number("keepWeekly", KeyRule.Keep, sync => sync.KeepWeekly, (sync, value) => sync with { KeepWeekly = value },
            "Of how many weeks (ISO 8601: Monday to Sunday) with snapshots the newest one is kept.") with
        { Default = "keeps none", Examples = "[4]" },

        Number("keepMonthly", KeyRule.Keep, sync => sync.KeepMonthly, (sync, value) => sync with { KeepMonthly = value },
            "Of how many months with snapshots the newest one is kept.") with { Default = "keeps none", Examples = "[12]" },

        Number("keepYearly", KeyRule.Keep, sync => sync.KeepYearly, (sync, value) => sync with { KeepYearly = value },
            "Of how many years with snapshots the newest one is kept.") with { Default = "keeps none", Examples = "[5]" },

        Flag("deleteFromS3", sync => sync.DeleteFromS3, (sync, value) => sync with { DeleteFromS3 = value },
            "Delete from the bucket, under the prefix, what the mirror no longer has. Without it, all that was ever deleted or renamed stays "
            + "in the bucket, and is paid for; a restore on the job's own machine leaves it out, one on a new machine cannot (`Get-Help "
            + "about_RsyncS3Backup_Restore`). What has become something else goes in any case: the object of a file that is a folder now, and "
            + "those of a folder that is a file or a link now, because no restore could bring back both. `maxDelete` counts the latter too.") with
        { IsAlwaysWritten = true },

        Duration("deleteAfter", sync => sync.DeleteAfter, (sync, value) => sync with { DeleteAfter = value },
            "With `deleteFromS3`: how long S3 keeps a file after the run that found it gone from the mirror, also in buckets that keep no "
            + "versions. Until then a restore leaves it out unless `-IncludeDeleted` asks for it, and `Get-BackupItem "
            + "-Deleted` lists it. `maxDelete` counts it when it is found gone, not again when it is deleted. On a machine that lost its "
            + "state the time begins anew. Not for dated snapshots.") with
        { Default = "none: deleted at once", Examples = """["30d", "12h"]""" },

        OneOf<S3SyncMode>("syncMode", "mode", sync => sync.SyncMode, (sync, value) => sync with { SyncMode = value },
            "How differences are found: `auto` takes the cheapest way that is safe. `journal` takes what stage 1 changed against "
            + "the catalog of what S3 holds, `catalog` walks the mirror against it, `reconcile` compares both with a full "
            + "listing of the bucket. A way that is not safe at the moment gives way to the next."),

        Duration("reconcileEvery", sync => sync.ReconcileEvery, (sync, value) => sync with { ReconcileEvery = value },
            "How often at least the mirror is compared with a full listing.") with
        { Examples = """["7d", "12h", "1.06:00:00"]""" },

        Number("throttleLimit", KeyRule.ThrottleLimit,
            sync => sync.ThrottleLimit, (sync, value) => sync with { ThrottleLimit = value },
            "How many requests to S3 may be in flight, 1 to 1024.") with
        { Default = "chosen by the module", Examples = "[32]", Parameter = "RequestLimit" },

        Text("smallObjectStorageClass", KeyRule.SmallObjectStorageClass,
            sync => sync.SmallObjectStorageClass, (sync, value) => sync with { SmallObjectStorageClass = value },
            "The storage class of objects under 128 KiB, `STANDARD`, `INTELLIGENT_TIERING` or `REDUCED_REDUNDANCY`, when "
            + "`storageClass` is `STANDARD_IA`, `ONEZONE_IA` or `GLACIER_IR`: those bill each object as at least 128 KiB.") with
        { Default = "as `storageClass`" },

        Text("checksumAlgorithm", KeyRule.ChecksumAlgorithm,
            sync => sync.ChecksumAlgorithm, (sync, value) => sync with { ChecksumAlgorithm = value },
            "The checksum with which S3 verifies each upload, and which it keeps with the object: `CRC32`, `CRC64NVME` or `SHA256`. With `SHA256` others "
            + "can compare the content with a hash that they hold; only `protection` keeps objects from being replaced. Objects that are already in "
            + "the bucket keep theirs, and a test reads all three. A store that refuses checksums gets Content-MD5."),

        OneOf<S3DirectoryMarkers>("directoryMarkers", "kind of marker",
            sync => sync.DirectoryMarkers, (sync, value) => sync with { DirectoryMarkers = value },
            "Which folders get an object of their own, whose key ends in `/`: `empty` those with nothing in them, `all` each "
            + "one, so that its owner, permissions and time are kept, or `none`."),

        Texts("excludePatterns", KeyRule.Pattern,
            sync => sync.ExcludePatterns, (sync, value) => sync with { ExcludePatterns = value },
            "rsync patterns of what does not go to S3 although it is in the mirror; see [What stays out of "
            + "S3](#what-stays-out-of-s3).") with
        { Examples = """[["*.iso", "/cache/"]]""", Parameter = "S3ExcludePattern" },

        TextMap("tags", KeyRule.TagValue, sync => sync.Tags, (sync, value) => sync with { Tags = value },
            "Tags of every object that is written: at most 10, keys up to 128 and values up to 256 characters. Objects that are "
            + "there already keep theirs until they are written again.") with
        {
            NameProblem = ConfigurationRules.TagKey,
            MostMembers = ConfigurationRules.MostTags,
            Examples = """[{ "team": "photos" }]""",
            Parameter = "Tag",
        },

        Bandwidth("bandwidthLimit", sync => (sync.BandwidthLimit, sync.BandwidthTimetable),
            (sync, bytes, timetable) => sync with { BandwidthLimit = bytes, BandwidthTimetable = timetable },
            "Bytes a second that stage 2 may send, at least 1024: a number, or text such as `\"10MiB\"`; or a timetable in `schedule.timezone` such as "
            + "`\"08:00 1MiB, 18:00 4MiB, 23:00 off\"`, which a run follows under way; see [Hours and quotas](#hours-and-quotas).") with
        { Default = "no limit", Examples = """["10MiB", "08:00 1MiB, 18:00 4MiB, 23:00 off"]""", Parameter = "S3BandwidthLimit" },

        TextOrNumber("maxUpload", KeyRule.MaxUpload, sync => sync.MaxUpload?.ToString(CultureInfo.InvariantCulture),
            (sync, text) => SizeText.TryParse(text, smallest: 0, out long bytes) ? sync with { MaxUpload = bytes } : sync,
            "Bytes that may be sent to S3 on one day (of `schedule.timezone`, else the machine's), over all runs of the job: a number, or text such as "
            + "`\"20GiB\"`, at least 1 MiB. A run that has sent them ends as `Paused`, and the next one goes on; see [Hours and "
            + "quotas](#hours-and-quotas).") with
        { Default = "no limit", Examples = """["20GiB"]""" },

        Duration("timeout", sync => sync.Timeout, (sync, value) => sync with { Timeout = value },
            "The run ends when nothing has moved for that long.") with
        { Examples = """["10m", "1h"]""", Parameter = "S3Timeout" },

        Object("lifecycle", new LifecycleKeys(),
            "an object with transitions, smallestSize, noncurrentVersions and abortUnfinishedUploadsAfterDays",
            sync => sync.Lifecycle, (sync, value) => sync with { Lifecycle = value },
            "What S3 itself does with the job's objects as they grow old. `Set-BackupLifecycle` writes it into the bucket, as rules of the job's "
            + "own; a run never does. `Get-Help about_RsyncS3Backup_Storage` says what fits which job.") with
        { Default = "no rules of the job" },

        OneOf<ArchivedAttributes>("archivedAttributes", "way to treat new attributes of archived objects",
            sync => sync.ArchivedAttributes, (sync, value) => sync with { ArchivedAttributes = value },
            "What becomes of new permissions, owners and times of a file whose object is in an archive, where S3 cannot change them: `keep` keeps "
            + "them in the job's catalog, and a restore on this machine sets them; `upload` sends the whole file again."),

        Object("protection", new ProtectionKeys(), "an object with requireVersioning and objectLock",
            sync => sync.Protection, (sync, value) => sync with { Protection = value },
            "What keeps the objects from being lost even when somebody has the job's credentials. A run that changes something is refused when the "
            + "bucket cannot do it. `Get-Help about_RsyncS3Backup_Ransomware` says what fits which job.") with
        { Default = "nothing of the job's own" },
    ];
}
