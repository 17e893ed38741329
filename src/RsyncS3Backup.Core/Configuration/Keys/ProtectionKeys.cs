namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>options.rsync.syncToS3.protection</c>.</summary>
internal sealed class ProtectionKeys() : ConfigurationSection<ProtectionOptions>(new ProtectionOptions())
{
    protected override IEnumerable<ConfigurationKey<ProtectionOptions>> MakeTable() =>
    [
        Flag("requireVersioning",
            protection => protection.RequireVersioning, (protection, value) => protection with { RequireVersioning = value },
            "The bucket must keep versions, so that what is replaced or deleted can be brought back."),

        Object("objectLock", new ObjectLockKeys(), "an object with mode, days and renew",
            protection => protection.ObjectLock, (protection, value) => protection with { ObjectLock = value },
            "S3 Object Lock of every object that is written: for `days` that version cannot be deleted; `mode` says by whom. The bucket must have "
            + "Object Lock.") with
        { Default = "no lock of the job's own" },
    ];
}

/// <summary>The keys of <c>objectLock</c>.</summary>
internal sealed class ObjectLockKeys()
    : ConfigurationSection<ObjectLockOptions>(new ObjectLockOptions { Mode = ObjectLockMode.Governance, Days = 0 })
{
    protected override IEnumerable<ConfigurationKey<ObjectLockOptions>> MakeTable() =>
    [
        OneOf<ObjectLockMode>("mode", "mode of Object Lock", options => options.Mode, (options, value) => options with { Mode = value },
            "Who may undo a lock before its time: with `governance` whoever has the right `s3:BypassGovernanceRetention`, with `compliance` "
            + "nobody, not even you.") with
        { Required = true, Parameter = "ObjectLockMode" },

        Number("days", KeyRule.Days, options => options.Days, (options, value) => options with { Days = value },
            "For how many days from when it is written an object is locked. With `renew` at least half of them is always left, less the "
            + "time between two runs.") with
        { Required = true, Examples = "[30]", Parameter = "ObjectLockDays" },

        Flag("renew", options => options.Renew, (options, value) => options with { Renew = value },
            "Whether a run renews the locks of which less than half of the days is left. Without it, what never changes loses its lock first.") with
        { Parameter = "ObjectLockRenew" },
    ];
}
