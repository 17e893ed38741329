using System.Globalization;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>What a catalog says about itself.</summary>
internal sealed record CatalogProperties
{
    /// <summary>What its rows are about; null in a new one.</summary>
    public string? Identity { get; init; }

    /// <summary>How many rows it has.</summary>
    public long Count { get; init; }

    /// <summary>When the run that is on, or died, began; null when none is.</summary>
    public DateTimeOffset? RunStart { get; init; }

    /// <summary>True when that run is a reconcile.</summary>
    public bool RunIsReconcile { get; init; }

    /// <summary>What no reconcile has settled yet.</summary>
    public CatalogDoubt Doubt { get; init; }

    /// <summary>More about it.</summary>
    public string? DoubtReason { get; init; }

    /// <summary>When the last reconcile that completed began.</summary>
    public DateTimeOffset? LastReconcile { get; init; }

    /// <summary>What the last run knew of the mirror when it ended; null when it did not, or did not know.</summary>
    public MirrorSummary? Mirror { get; init; }

    /// <summary>When the first lock of an object is to be renewed; null when not known.</summary>
    public LockRenewal? Renewal { get; init; }

    /// <summary>What is known of a run that died.</summary>
    public static string DeadRun(DateTimeOffset start) => $"The run that began at {start.UtcDateTime:u} did not end.";

    /// <summary>True when the rows are about this, or there were none yet.</summary>
    public bool IsAbout(string identity) => Identity is null || Identity == identity;

    /// <summary>What a run that is about this has to doubt, and more for people where there is more to say.</summary>
    public (CatalogDoubt Doubt, string? Reason) DoubtAbout(string identity) =>
        !IsAbout(identity) ? (CatalogDoubt.OtherDestination, null)
        : Doubt != CatalogDoubt.None ? (Doubt, DoubtReason)
        : RunStart is { } start ? (CatalogDoubt.RunDied, DeadRun(start))
        : (CatalogDoubt.None, null);

    /// <summary>What is stored.</summary>
    /// <exception cref="SqliteException">It cannot be read, or makes no sense.</exception>
    public static CatalogProperties Read(SqliteDatabase database)
    {
        Dictionary<string, string> stored = [];
        using (SqliteStatement statement = database.Prepare("SELECT name, value FROM property"))
        {
            while (statement.Step())
                stored[statement.Text(0)] = statement.Text(1);
        }

        try
        {
            return new CatalogProperties
            {
                Identity = stored.GetValueOrDefault("identity"),
                Count = long.Parse(stored["count"], CultureInfo.InvariantCulture),
                RunStart = Time(stored.GetValueOrDefault("runStart")),
                RunIsReconcile = stored.ContainsKey("runIsReconcile"),
                Doubt = stored.TryGetValue("doubt", out string? doubt) ? Enum.Parse<CatalogDoubt>(doubt) : CatalogDoubt.None,
                DoubtReason = stored.GetValueOrDefault("doubtReason"),
                LastReconcile = Time(stored.GetValueOrDefault("lastReconcile")),
                Mirror = stored.TryGetValue("mirrorSettings", out string? settings)
                    ? new MirrorSummary(
                        stored.ContainsKey("mirrorIsSent"), Number(stored["mirrorEntries"]), Number(stored["mirrorBytes"]), settings)
                    : null,
                Renewal = stored.TryGetValue("renewalDays", out string? days) && Time(stored.GetValueOrDefault("renewalDue")) is { } due
                    ? new LockRenewal(int.Parse(days, CultureInfo.InvariantCulture), due)
                    : null,
            };
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or KeyNotFoundException or ArgumentException)
        {
            throw SqliteException.Damaged("What the catalog says about itself makes no sense: " + exception.Message);
        }
    }

    /// <summary>Stores these in place of what is stored.</summary>
    public void Write(SqliteDatabase database)
    {
        database.Execute("DELETE FROM property");
        using SqliteStatement insert = database.Prepare("INSERT INTO property(name, value) VALUES(?, ?)");
        Store("identity", Identity);
        Store("count", Text(Count));
        Store("runStart", Text(RunStart));
        Store("runIsReconcile", RunIsReconcile ? "true" : null);
        Store("doubt", Doubt == CatalogDoubt.None ? null : Doubt.ToString());
        Store("doubtReason", DoubtReason);
        Store("lastReconcile", Text(LastReconcile));
        Store("mirrorIsSent", Mirror is { IsEverythingSent: true } ? "true" : null);
        Store("mirrorEntries", Text(Mirror?.Entries));
        Store("mirrorBytes", Text(Mirror?.Bytes));
        Store("mirrorSettings", Mirror?.Settings);
        Store("renewalDays", Text(Renewal?.Days));
        Store("renewalDue", Text(Renewal?.Due));

        void Store(string name, string? value)
        {
            if (value is not null)
                insert.Bind(1, name).Bind(2, value).Run();
        }
    }

    /// <summary>Stores a doubt beside what is stored, unless there is one.</summary>
    public static void Distrust(SqliteDatabase database, CatalogDoubt doubt, string reason)
    {
        using SqliteStatement insert = database.Prepare("INSERT OR IGNORE INTO property(name, value) VALUES(?, ?)");
        insert.Bind(1, "doubt").Bind(2, doubt.ToString()).Run();
        if (database.Changes > 0)
            insert.Bind(1, "doubtReason").Bind(2, reason).Run();
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static DateTimeOffset? Time(string? text) =>
        text is null ? null : DateTimeOffset.ParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static string? Text(DateTimeOffset? time) => time?.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
}
