using System.Globalization;
using System.Management.Automation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Reports;

namespace RsyncS3Backup.Input;

/// <summary>The kinds of objects that this module emits and that say which job they are of.</summary>
internal enum EmittedKind
{
    None,
    BackupConfiguration,
    BackupJob,
    BackupSchedule,
    BackupRun,
    BackupResult,
    BackupPlan,
    RsyncStageResult,
    S3SyncStageResult,
    BackupTestResult,
    BackupRepairResult,
    RestoreResult,
    BackupSnapshot,
    BackupItem,
    BackupDifference,
    BackupRepair,
    BackupReadiness,
    BackupDue,
    BackupCost,
    BackupClassCost,
    BackupBucketSetting,
    BackupLifecycleRule,
    ScheduleOccurrence,
    NotificationResult,
    ConfigurationProblem,
    BackupAction,
    BackupLogEntry,
    BackupReport,
}

/// <summary>
/// Reads what this module has emitted, however it comes: as it was emitted; from a job of PowerShell, another machine or
/// Import-Clixml, where only its type's name is left; from ConvertFrom-Json or Import-Csv, where only its properties are.
/// </summary>
internal static class Emitted
{
    private const string Prefix = "RsyncS3Backup.";

    // What tells an object of one type from those of all others, once it has lost its type; the most particular first.
    private static readonly (EmittedKind Kind, string[] Properties)[] Signatures =
    [
        (EmittedKind.BackupRun, ["RunId", "Stage1", "Stage2", "ProcessId"]),
        (EmittedKind.BackupResult, ["RunId", "Stage1", "Stage2", "Notifications"]),
        (EmittedKind.BackupPlan, ["Stage1", "Stage2", "ExitCode"]),
        (EmittedKind.RsyncStageResult, ["RunId", "Source", "Destination", "RsyncVersion"]),
        (EmittedKind.S3SyncStageResult, ["RunId", "KeyPrefix", "SyncMode", "StoreLacks"]),
        (EmittedKind.BackupTestResult, ["RunId", "Level", "DifferenceCounts"]),
        (EmittedKind.BackupRepairResult, ["RunId", "RepairedInMirror", "RepairedInS3"]),
        (EmittedKind.RestoreResult, ["RunId", "Restored", "FromReason"]),
        (EmittedKind.NotificationResult, ["RunId", "Event", "Target", "Attempts"]),
        (EmittedKind.BackupJob, ["Name", "Mirror", "Problems", "Path"]),
        (EmittedKind.BackupReport, ["HostName", "Name", "NeedsAttention", "GrowthBytes"]),
        (EmittedKind.BackupSchedule, ["Name", "EntryName", "Location", "Scheduler"]),
        (EmittedKind.BackupSnapshot, ["Name", "IsComplete", "IsExpired", "KeyPrefix"]),
        (EmittedKind.BackupItem, ["Path", "Copy", "Kind", "IsLatest"]),
        (EmittedKind.BackupDifference, ["Path", "EntryType", "GoodCopy", "Kind"]),
        (EmittedKind.BackupRepair, ["Path", "RepairedCopy", "Reason"]),
        (EmittedKind.BackupReadiness, ["Name", "Check", "Detail", "Recommendation"]),
        (EmittedKind.BackupDue, ["Name", "IsDue", "IsClaimed"]),
        (EmittedKind.BackupClassCost, ["Name", "StorageClass", "StorageCost", "UploadCost"]),
        (EmittedKind.BackupCost, ["Name", "StorageCost", "RequestCost", "PriceSource"]),
        (EmittedKind.BackupBucketSetting, ["Name", "Setting", "Wanted", "Found"]),
        (EmittedKind.BackupLifecycleRule, ["Name", "RuleId", "Actions"]),
        (EmittedKind.ScheduleOccurrence, ["Name", "Local", "Utc", "TimeZone"]),
        (EmittedKind.ConfigurationProblem, ["JsonPath", "Message", "Allowed"]),
        (EmittedKind.BackupAction, ["Name", "Path", "Action", "Stage"]),
        (EmittedKind.BackupLogEntry, ["Name", "RunId", "Level", "Message", "LogPath"]),
    ];

    /// <summary>What an object is or was; None for what is not of this module.</summary>
    internal static EmittedKind KindOf(PSObject item)
    {
        if (item.BaseObject is not PSCustomObject)
        {
            Type type = item.BaseObject.GetType();
            return type.Assembly == typeof(BackupResult).Assembly && Enum.TryParse(type.Name, out EmittedKind kind) ? kind : EmittedKind.None;
        }

        foreach (string name in item.TypeNames)
        {
            // Deserialized.RsyncS3Backup.BackupRun, Selected.RsyncS3Backup.BackupRun, CSV:RsyncS3Backup.BackupRun
            int at = name.IndexOf(Prefix, StringComparison.Ordinal);
            if (at >= 0 && Enum.TryParse(name[(at + Prefix.Length)..], out EmittedKind named))
                return named;
        }

        return Signatures.FirstOrDefault(known => known.Properties.All(property => item.Properties[property] is not null)).Kind;
    }

    /// <summary>An object's type as a message calls it: that which it had, where it came back without.</summary>
    internal static string NameOf(PSObject item) => item.BaseObject is not PSCustomObject ? item.BaseObject.GetType().FullName!
        : KindOf(item) is not EmittedKind.None and var kind ? $"{Prefix}{kind}"
        : item.TypeNames.FirstOrDefault() ?? "System.Object";

    /// <summary>
    /// Demands that an object does not say that it is of another machine: a job of the same name on this one is not what it speaks of. What the
    /// history of this machine has may have an earlier name of it, and is believed.
    /// </summary>
    /// <exception cref="BackupException">It is of another one.</exception>
    internal static void DemandOfHere(PSObject item)
    {
        if (item.BaseObject is not (PSCustomObject or BackupReport))
            return;
        string? said = Origin(item) is { } origin && !HostNames.IsLoopback(HostNames.Of(origin)) ? origin : Text(item, "HostName");
        string host = HostNames.Of(said ?? Environment.MachineName);
        if (HostNames.IsLoopback(host) || HostNames.AreSame(host, Environment.MachineName))
            return;
        throw new BackupException(ParameterErrors.OfAnotherMachine(KindOf(item) is not EmittedKind.None and var kind ? $"{kind}" : "object", host));
    }

    /// <summary>The machine that an object came back from, by the name by which it was reached; null for one that was not fetched.</summary>
    internal static string? Origin(PSObject item) => Text(item, "PSComputerName");

    /// <summary>The configuration file that an object names; null when it names none.</summary>
    internal static string? ConfigurationPath(PSObject item, EmittedKind kind) => kind switch
    {
        EmittedKind.BackupJob or EmittedKind.BackupConfiguration or EmittedKind.ConfigurationProblem => Text(item, "Path"),
        EmittedKind.RsyncStageResult => PathIn(Item(item, "Configuration")),
        EmittedKind.BackupResult => Item(item, "Stage1") is { } stage1 ? PathIn(Item(stage1, "Configuration")) : null,
        _ => Text(item, "ConfigurationPath"),
    };

    /// <summary>A property as text; null for none, and for one that is empty. What was an enumeration is its name.</summary>
    internal static string? Text(PSObject item, string property)
    {
        object? value = ValueOf(item, property);
        return value is not null && Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;
    }

    /// <summary>A property as a member of an enumeration, which it may be by name or by number; null for none.</summary>
    internal static T? Value<T>(PSObject item, string property)
        where T : struct, Enum => Enum.TryParse(Text(item, property), ignoreCase: true, out T value) && Enum.IsDefined(value) ? value : null;

    /// <summary>True for a property that is true, in whatever form.</summary>
    internal static bool IsTrue(PSObject item, string property) =>
        bool.TryParse(Text(item, property), out bool value) && value;

    /// <summary>A property as an instant; null for none.</summary>
    internal static DateTimeOffset? Time(PSObject item, string property) =>
        ValueOf(item, property) is { } value ? ReturnedObject.Time(value) : null;

    /// <summary>A property as a date of no zone; null for none.</summary>
    internal static DateTime? WallTime(PSObject item, string property) => ValueOf(item, property) switch
    {
        null => null,
        DateTime time => time,
        object other => DateTime.TryParse(
            Convert.ToString(other, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture, out DateTime read) ? read : null,
    };

    private static string? PathIn(PSObject? configuration) => configuration is null ? null : Text(configuration, "Path");

    private static PSObject? Item(PSObject item, string property) =>
        item.Properties[property]?.Value is { } value and not string ? PSObject.AsPSObject(value) : null;

    private static object? ValueOf(PSObject item, string property)
    {
        object? value = item.Properties[property]?.Value;
        return value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
    }
}
