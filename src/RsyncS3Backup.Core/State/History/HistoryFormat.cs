using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>What a history holds, format by format.</summary>
internal static class HistoryFormat
{
    // A number in a row is a JSON text there, which json_object takes over as it stands: no number goes through a floating one.
    private const string Counters1 = "'startTime', numbers->'$[0]', 'duration', numbers->'$[1]', 'created', numbers->'$[2]', "
        + "'updated', numbers->'$[3]', 'metadataChanged', numbers->'$[4]', 'deleted', numbers->'$[5]', 'unchanged', numbers->'$[6]', "
        + "'failed', numbers->'$[7]', 'total', numbers->'$[8]', 'totalBytes', numbers->'$[9]', 'transferredBytes', numbers->'$[10]', "
        + "'skippedReason', skipped_reason, 'error', problems->'$.error', 'failedItems', problems->'$.failedItems', "
        + "'warnings', problems->'$.warnings'";

    private static readonly string[] Migrations =
    [
        // 1. Times are ticks in UTC, durations ticks, words those of the enumerations: readable with any SQLite tool.
        "CREATE TABLE run(run_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, status TEXT, "
            + "is_interrupted INTEGER NOT NULL, exit_code INTEGER, stage INTEGER NOT NULL, process_id INTEGER NOT NULL, host TEXT NOT NULL, "
            + "began INTEGER NOT NULL, module_version TEXT, powershell_version TEXT, configuration_path TEXT, configuration_hash TEXT, log_path TEXT) WITHOUT ROWID;"
            + "CREATE INDEX run_started ON run(started);"
            + "CREATE TABLE stage(run_id TEXT NOT NULL, stage INTEGER NOT NULL, status TEXT NOT NULL, numbers TEXT NOT NULL, skipped_reason TEXT, "
            + "mirror TEXT NOT NULL, problems TEXT, sources TEXT, rsync_version TEXT, rsync_exit_code INTEGER, bucket TEXT, key_prefix TEXT, "
            + "storage_class TEXT, sync_mode TEXT, sync_mode_reason TEXT, PRIMARY KEY(run_id, stage)) WITHOUT ROWID;",

        // 2. What a run did is a JSON object in a column of its own; hooks were "stage 3" and tests "stage 4".
        // json_patch leaves out what is null.
        "ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'Backup';"
            + "ALTER TABLE run ADD COLUMN stage1 TEXT;"
            + "ALTER TABLE run ADD COLUMN stage2 TEXT;"
            + "ALTER TABLE run ADD COLUMN hooks TEXT;"
            + "ALTER TABLE run ADD COLUMN notifications TEXT;"
            + "ALTER TABLE run ADD COLUMN test TEXT;"
            + "ALTER TABLE run ADD COLUMN repair TEXT;"
            + "CREATE TABLE property(name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;"
            + $"UPDATE run SET stage1 = (SELECT json_patch('{{}}', json_object('status', status, {Counters1}, 'destination', mirror, "
            + "'source', sources->'$', 'rsyncVersion', rsync_version, 'rsyncExitCode', rsync_exit_code)) "
            + "FROM stage WHERE stage.run_id = run.run_id AND stage.stage = 1);"
            + $"UPDATE run SET stage2 = (SELECT json_patch('{{}}', json_object('status', status, {Counters1}, 'path', mirror, "
            + "'copied', numbers->'$[11]', 'deletedBytes', numbers->'$[12]', 'requests', json_object('put', numbers->'$[13]', "
            + "'copy', numbers->'$[14]', 'list', numbers->'$[15]', 'get', numbers->'$[16]', 'head', numbers->'$[17]', 'delete', numbers->'$[18]'), "
            + "'estimatedRequestCost', numbers->'$[19]', 'estimatedListingCost', numbers->'$[20]', 'prunedSnapshots', numbers->'$[21]', "
            + "'isSnapshotComplete', json(CASE numbers->>'$[22]' WHEN 1 THEN 'true' WHEN 0 THEN 'false' END), "
            + "'attempts', coalesce(numbers->>'$[23]', 1), 'prunedPrefixes', sources->'$', 'bucketName', bucket, 'keyPrefix', key_prefix, "
            + "'storageClass', storage_class, 'syncMode', sync_mode, 'syncModeReason', sync_mode_reason)) "
            + "FROM stage WHERE stage.run_id = run.run_id AND stage.stage = 2);"
            + "UPDATE run SET (hooks, notifications) = (SELECT (SELECT json_group_array(json_remove(json_set(value, '$.startTime', value->'$.started'), "
            + "'$.started')) FROM json_each(problems, '$.hooks')), problems->'$.notifications' "
            + "FROM stage WHERE stage.run_id = run.run_id AND stage.stage = 3);"
            + "UPDATE run SET test = (SELECT json_remove(json_set(problems, '$.path', problems->'$.mirror', '$.bucketName', problems->'$.bucket', "
            + "'$.startTime', problems->'$.started', '$.differenceCounts', problems->'$.kinds', '$.estimatedRequestCost', problems->'$.cost'), "
            + "'$.mirror', '$.bucket', '$.started', '$.kinds', '$.cost') FROM stage WHERE stage.run_id = run.run_id AND stage.stage = 4);"
            + "UPDATE run SET kind = 'Test', stage = 0 WHERE stage = 4;"
            + "DROP TABLE stage;",
    ];

    /// <summary>Of this version.</summary>
    public static SqliteFormat Instance { get; } = new(
        Migrations,
        new Dictionary<string, string> { ["run"] = HistoryRows.Columns, ["property"] = "name, value" });

    /// <summary>Writes down which version of the module brought a file to its format.</summary>
    public static void Sign(SqliteDatabase database, int format, string? moduleVersion)
    {
        if (format != Instance.Number || moduleVersion is null)
            return;
        using SqliteStatement insert = database.Prepare("INSERT OR REPLACE INTO property(name, value) VALUES('moduleVersion', ?1)");
        insert.Bind(1, moduleVersion).Run();
    }

    /// <summary>Which version of the module brought a file of a newer format to it; null where it does not say so.</summary>
    public static string? Writer(SqliteDatabase database)
    {
        try
        {
            return database.Text("SELECT value FROM property WHERE name='moduleVersion'");
        }
        catch (SqliteException)
        {
            return null;
        }
    }
}
