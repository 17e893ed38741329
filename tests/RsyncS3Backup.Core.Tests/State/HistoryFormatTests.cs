using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Runs;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>Histories of earlier and of newer versions of the module.</summary>
[Collection(FakeRsync.Collection)]
public sealed class HistoryFormatTests : LocalJob
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new JsonStringEnumConverter() } };

    /// <summary>The formats before the one of today.</summary>
    public static TheoryData<int> Earlier => new(Enumerable.Range(1, HistoryFormat.Instance.Number - 1));

    [Theory]
    [MemberData(nameof(Earlier))]
    public void An_earlier_history_is_read_as_it_was_and_not_one_byte_of_it_changes(int format)
    {
        Put(format);
        Dictionary<string, string> before = Bytes();

        AssertReadsAs(format);

        Assert.Equal(before, Bytes());
    }

    [Theory]
    [MemberData(nameof(Earlier))]
    public async Task The_next_run_brings_an_earlier_history_up_to_date_and_nothing_is_lost(int format)
    {
        Put(format);

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Equal(HistoryFormat.Instance.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), Text("PRAGMA user_version"));
        Assert.Equal(HistoryFile.ModuleVersion, Text("SELECT value FROM property WHERE name='moduleVersion'"));
        Assert.Equal(result.RunId, JobHistory.Find(Name)!.Read(null, 1)[0].RunId);
        JobHistory.Find(Name)!.Remove([result.RunId]);
        AssertReadsAs(format);
    }

    [Fact]
    public void A_new_history_is_never_taken_for_an_earlier_one_while_it_is_made()
    {
        string path = Path.Combine(StateFolder.ForJob(Name).Path, HistoryFile.Name);
        SqliteFile.ToOwnerOnly(path);
        using SqliteDatabase database = SqliteDatabase.Open(path);
        database.UseWriteAheadLog();
        List<int> seen = [];

        HistoryFormat.Instance.Migrate(database, _ =>
        {
            using SqliteDatabase other = SqliteDatabase.Open(path);
            seen.Add(SqliteFormat.Of(other));
        });

        Assert.Equal(Enumerable.Repeat(0, HistoryFormat.Instance.Number), seen);
        Assert.Equal(HistoryFormat.Instance.Number, SqliteFormat.Of(database));
    }

    [Fact]
    public async Task A_newer_history_is_left_untouched_and_goes_on_with_its_own_version()
    {
        await RunAsync();
        BackupRun[] before = [.. History()];
        // As the next version of the module would, in a migration.
        Execute("ALTER TABLE run ADD COLUMN cloud TEXT; DROP INDEX run_started; ALTER TABLE run RENAME COLUMN stage2 TO stage_2; "
            + "UPDATE property SET value='9.8.7'; PRAGMA user_version=99");
        Dictionary<string, string> bytes = Bytes();

        BackupError error = Assert.Throws<BackupException>(() => History()).Error;
        Assert.Equal("HistoryNewer", error.Id);
        Assert.Contains("version 9.8.7", error.Message, StringComparison.Ordinal);
        Assert.Contains("version 9.8.7", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("HistoryNewer", Assert.Throws<BackupException>(() => JobHistory.Find(Name)!.Remove([before[0].RunId])).Error.Id);
        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Contains("9.8.7", Assert.Single(Observer.Warnings, text => text.Contains("history", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(Name, Assert.Single(JobHistory.All(), history => history.Name == Name).Name);
        Assert.Equal(bytes, Bytes());
        // The newer version again.
        Execute("ALTER TABLE run RENAME COLUMN stage_2 TO stage2; PRAGMA user_version=2");
        Assert.Equal(JsonSerializer.Serialize(before, Json), JsonSerializer.Serialize(History(), Json));
    }

    [Fact]
    public async Task A_newer_version_that_comes_in_the_middle_of_a_run_is_no_damage()
    {
        RecordingObserver observer = new() { OnVerbose = Update };

        await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        Assert.Contains(observer.Warnings, warning => warning.Contains("newer version", StringComparison.Ordinal));
        Assert.Empty(SqliteFile.SetAsideIn(StatePath));
        Assert.Equal("99", Text("PRAGMA user_version"));

        void Update(string message)
        {
            if (message.Contains("mirrors", StringComparison.Ordinal))
                Execute("DROP TABLE property; ALTER TABLE run RENAME TO runs; PRAGMA user_version=99");
        }
    }

    [Fact]
    public async Task What_others_add_is_no_damage()
    {
        await RunAsync();
        Execute("ANALYZE; CREATE INDEX mine ON run(host); CREATE TABLE notes(text); ALTER TABLE run ADD COLUMN note TEXT");

        Assert.Single(History());
        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Equal(2, History().Count);
        Assert.Empty(SqliteFile.SetAsideIn(StatePath));
    }

    [Fact]
    public async Task What_is_set_aside_is_never_deleted()
    {
        for (int round = 1; round <= 3; round++)
        {
            await RunAsync();
            Execute("ALTER TABLE run DROP COLUMN host");
            string before = Convert.ToHexString(File.ReadAllBytes(HistoryPath));

            await RunAsync();

            IReadOnlyList<string> aside = SqliteFile.SetAsideIn(StatePath);
            Assert.Equal(round, aside.Count);
            Assert.Contains(before, aside.Select(path => Convert.ToHexString(File.ReadAllBytes(path))));
        }
    }

    [Fact]
    public async Task Reading_a_damaged_history_changes_nothing_in_its_folder()
    {
        await RunAsync();
        File.WriteAllText(HistoryPath, string.Concat(Enumerable.Repeat("no database at all ", 500)));
        Dictionary<string, string> before = Bytes();

        Assert.Equal("HistoryUnreadable", Assert.Throws<BackupException>(() => History()).Error.Id);

        Assert.Equal(before, Bytes());
    }

    [Fact]
    public void A_file_that_another_holds_at_its_first_opening_is_waited_for()
    {
        StateFolder.ForJob(Name);
        SqliteFile.ToOwnerOnly(HistoryPath);
        Exception? failure = null;
        Thread thread;
        using (SqliteDatabase other = SqliteDatabase.Open(HistoryPath))
        {
            other.Execute("CREATE TABLE t(x)");
            other.Execute("DROP TABLE t");
            other.Execute("BEGIN IMMEDIATE");
            thread = new Thread(() => failure = Record.Exception(() => HistoryFile.OpenToWrite(HistoryPath, mayMigrate: true).Dispose()));
            thread.Start();
            // It waits for its next try, or has failed.
            SpinWait.SpinUntil(() => thread.ThreadState is ThreadState.WaitSleepJoin or ThreadState.Stopped);
            other.Execute("ROLLBACK");
        }

        thread.Join();
        Assert.Null(failure);
    }

    private static string Fixture(string name) => Path.Combine(
        Repository.Root, "tests", "RsyncS3Backup.Core.Tests", "State", "Fixtures", name);

    private void Put(int format)
    {
        Configuration = Configuration with { HistoryRetention = TimeSpan.FromDays(36_500) };
        StateFolder.ForJob(Name);
        File.Copy(Fixture($"history-{format}.db"), HistoryPath);
    }

    private void AssertReadsAs(int format)
    {
        IReadOnlyList<BackupRun> runs = JobHistory.Find(Name)!.Read(null, null, kind: null);
        JsonNode read = JsonNode.Parse(JsonSerializer.Serialize(runs, Json))!;
        JsonNode expected = JsonNode.Parse(File.ReadAllText(Fixture($"history-{format}.json")))!;
        Assert.Equal(expected.AsArray().Count, runs.Count);
        for (int index = 0; index < runs.Count; index++)
            AssertHas(expected[index], read[index], $"{runs[index].RunId}");
    }

    /// <summary>What was known is known, as it was; what a later version knows beside it does not matter.</summary>
    private static void AssertHas(JsonNode? expected, JsonNode? read, string at)
    {
        switch (expected)
        {
            case JsonObject properties:
                foreach ((string name, JsonNode? value) in properties)
                    AssertHas(value, Assert.IsType<JsonObject>(read)[name], $"{at}.{name}");
                break;
            case JsonArray items:
                Assert.Equal((at, items.Count), (at, read!.AsArray().Count));
                for (int index = 0; index < items.Count; index++)
                    AssertHas(items[index], read[index], $"{at}[{index}]");
                break;
            default:
                Assert.Equal((at, Plain(expected)), (at, Plain(read)));
                break;
        }
    }

    // A time in whatever zone; a number however it is written.
    private static object? Plain(JsonNode? value) => value?.GetValueKind() switch
    {
        null => null,
        JsonValueKind.String when DateTimeOffset.TryParse((string?)value, out DateTimeOffset time) => time.UtcTicks,
        JsonValueKind.Number => decimal.Parse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToJsonString(),
    };

    private void Execute(string sql)
    {
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        database.Execute(sql);
    }

    private string? Text(string sql)
    {
        using SqliteDatabase database = SqliteDatabase.Open(HistoryPath);
        return database.Text(sql);
    }

    private Dictionary<string, string> Bytes() => Directory.EnumerateFiles(StatePath, HistoryFile.Name + "*")
        .ToDictionary(path => Path.GetFileName(path), path => Convert.ToHexString(File.ReadAllBytes(path)));
}
