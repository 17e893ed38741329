namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>options.rsync.syncToS3.lifecycle</c>.</summary>
internal sealed class LifecycleKeys() : ConfigurationSection<LifecycleOptions>(new LifecycleOptions())
{
    protected override IEnumerable<ConfigurationKey<LifecycleOptions>> MakeTable() =>
    [
        Objects("transitions", new LifecycleTransitionKeys(), "a list of objects, each with afterDays and storageClass",
            lifecycle => lifecycle.Transitions, (lifecycle, value) => lifecycle with { Transitions = value },
            "When objects go to which storage class, such as to `GLACIER_IR` after 90 days. The order of the classes and the fewest days "
            + "between them are S3's.") with
        { Default = "none", Parameter = "LifecycleTransition" },

        Number("smallestSize", KeyRule.SmallestSize,
            lifecycle => lifecycle.SmallestSize, (lifecycle, value) => lifecycle with { SmallestSize = value },
            "Objects of fewer bytes are not moved: most classes bill each object as at least 128 KiB, or 40 KiB more than it has. At least 4096, so "
            + "that the module's own small objects always stay where a run can read them. `0` tells S3 no size, for stores that know no such "
            + "condition.") with
        { Parameter = "LifecycleSmallestSize" },

        Object("noncurrentVersions", new NoncurrentVersionKeys(), "an object with expireAfterDays, keepNewest and transitions",
            lifecycle => lifecycle.NoncurrentVersions, (lifecycle, value) => lifecycle with { NoncurrentVersions = value },
            "What becomes of versions that are not current any more, because the object was replaced or deleted. Only in a bucket that keeps "
            + "versions.") with
        { Default = "they stay" },

        Number("abortUnfinishedUploadsAfterDays", KeyRule.DaysOrNever,
            lifecycle => lifecycle.AbortUnfinishedUploadsAfterDays,
            (lifecycle, value) => lifecycle with { AbortUnfinishedUploadsAfterDays = value },
            "After how many days S3 gives up uploads in parts that nobody completed, whose parts are paid for. `0`: never.") with
        { Parameter = "AbortUnfinishedUploadsAfterDays" },
    ];
}

/// <summary>The keys of a transition.</summary>
internal sealed class LifecycleTransitionKeys()
    : ConfigurationSection<LifecycleTransition>(new LifecycleTransition { AfterDays = 0, StorageClass = "" })
{
    protected override IEnumerable<ConfigurationKey<LifecycleTransition>> MakeTable() =>
    [
        Number("afterDays", KeyRule.Days, transition => transition.AfterDays, (transition, value) => transition with { AfterDays = value },
            "The number of days: since the object was stored, or since a version is not current any more.") with
        { Required = true, Examples = "[90, 30]" },

        Text("storageClass", KeyRule.TransitionClass,
            transition => transition.StorageClass, (transition, value) => transition with { StorageClass = value },
            "The class: `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER` or `DEEP_ARCHIVE`.") with
        { Required = true, Examples = """["GLACIER_IR"]""" },
    ];
}

/// <summary>The keys of <c>noncurrentVersions</c>.</summary>
internal sealed class NoncurrentVersionKeys() : ConfigurationSection<NoncurrentVersionOptions>(new NoncurrentVersionOptions())
{
    protected override IEnumerable<ConfigurationKey<NoncurrentVersionOptions>> MakeTable() =>
    [
        Number("expireAfterDays", KeyRule.Days,
            versions => versions.ExpireAfterDays, (versions, value) => versions with { ExpireAfterDays = value },
            "After how many days without being current a version goes for good, and with the last version of a deleted object its delete marker. "
            + "So that is also how long what was deleted can be brought back.") with
        { Default = "never", Examples = "[90]", Parameter = "NoncurrentExpireAfterDays" },

        Number("keepNewest", KeyRule.KeepNewest, versions => versions.KeepNewest, (versions, value) => versions with { KeepNewest = value },
            "How many of the newest noncurrent versions of each object stay although they have expired, 1 to 100; those of a deleted object "
            + "stay for ever. Only together with `expireAfterDays`.") with
        { Default = "none", Examples = "[3]", Parameter = "NoncurrentKeepNewest" },

        Objects("transitions", new LifecycleTransitionKeys(), "a list of objects, each with afterDays and storageClass",
            versions => versions.Transitions, (versions, value) => versions with { Transitions = value },
            "When noncurrent versions go to which storage class.") with
        { Default = "none", Parameter = "NoncurrentTransition" },
    ];
}
