using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>The stages of runs, and what is kept as if it were one, as rows of a history.</summary>
internal static class StageRows
{
    /// <summary>
    /// The stage of a run that is a test of the copies. It needs no column of its own, so that histories of before there were tests, and versions of
    /// the module that know of none, read on.
    /// </summary>
    public const int TestStage = 4;

    // No stage of a run has this number.
    private const int AroundTheStages = 3;

    /// <summary>The columns beside the run and the number of the stage.</summary>
    public const string Columns = "status, numbers, skipped_reason, mirror, problems, sources, rsync_version, rsync_exit_code, bucket, "
        + "key_prefix, storage_class, sync_mode, sync_mode_reason";

    /// <summary>Stores what stage 1 did.</summary>
    public static void Insert(SqliteDatabase database, RsyncStageResult stage)
    {
        using SqliteStatement statement = InsertStatement(database);
        RsyncStageRow.Write(new RowWriter(statement).Add(stage.RunId).Add(1), stage);
        statement.Run();
    }

    /// <summary>Stores what stage 2 did.</summary>
    public static void Insert(SqliteDatabase database, S3SyncStageResult stage)
    {
        using SqliteStatement statement = InsertStatement(database);
        S3SyncStageRow.Write(new RowWriter(statement).Add(stage.RunId).Add(2), stage);
        statement.Run();
    }

    /// <summary>Stores what was around the stages of a run, as if it were one of them.</summary>
    public static void Insert(SqliteDatabase database, BackupResult result)
    {
        if (result.Hooks.Count == 0 && result.Notifications.Count == 0)
            return;
        using SqliteStatement statement = InsertStatement(database);
        new RowWriter(statement).Add(result.RunId).Add(AroundTheStages).Add(result.Status.ToString()).Add(CellText.Numbers([]))
            .Add((string?)null).Add("")
            .Add(CellText.Json(json => SurroundingsJson.Write(json, result.Hooks, result.Notifications)));
        statement.Run();
    }

    /// <summary>Stores what a test found.</summary>
    public static void Insert(SqliteDatabase database, BackupTestResult test)
    {
        using SqliteStatement statement = InsertStatement(database);
        new RowWriter(statement).Add(test.RunId).Add(TestStage).Add(test.Status.ToString()).Add(CellText.Numbers([]))
            .Add((string?)null).Add("")
            .Add(CellText.Json(json => TestJson.Write(json, test)));
        statement.Run();
    }

    /// <summary>A run with what a row of it says.</summary>
    /// <param name="run">The run.</param>
    /// <param name="statement">The row: the number of the stage, and <see cref="Columns"/>.</param>
    public static BackupRun Read(BackupRun run, SqliteStatement statement)
    {
        RowReader row = new(statement);
        switch (row.NumberOrNull())
        {
            case 1:
                return run with { Stage1 = RsyncStageRow.Read(run, ref row) };
            case 2:
                return run with { Stage2 = S3SyncStageRow.Read(run, ref row) };
            case AroundTheStages:
                row.Skip(4);
                return SurroundingsJson.Read(run, row.Text()!);
            case TestStage:
                row.Skip(4);
                return run with { Test = TestJson.Read(run, row.Text()!) };
            default:
                return run;
        }
    }

    private static SqliteStatement InsertStatement(SqliteDatabase database) => database.Prepare(
        $"INSERT OR REPLACE INTO stage(run_id, stage, {Columns}) "
        + $"VALUES(?{string.Concat(Enumerable.Repeat(", ?", Columns.Split(", ").Length + 1))})");
}
