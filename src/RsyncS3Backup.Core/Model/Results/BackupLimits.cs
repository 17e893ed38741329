namespace RsyncS3Backup;

/// <summary>Limits that keep results small however large a tree is.</summary>
public static class BackupLimits
{
    /// <summary>How many failed items, and how many warnings, a result lists; further ones are counted and logged.</summary>
    public const int ReportedItems = 100;
}
