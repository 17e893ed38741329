using System.Reflection;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A property of a result that the history forgets is a property that nobody thought of: these tests go through all of them.</summary>
[Collection(FakeRsync.Collection)]
public sealed class HistoryPropertiesTests : LocalJob
{
    // What the history does not keep, and why.
    private static readonly Dictionary<string, string> NotKept = new()
    {
        ["RsyncStageResult.JournalPath"] = "the journal is gone when the next run has carried it out",
        ["RsyncStageResult.Configuration"] = "the run names its file and the hash of its settings",
        ["RsyncStageResult.HostName"] = "the run has it",
        ["S3SyncStageResult.HostName"] = "the run has it",
        ["BackupTestResult.HostName"] = "the run has it",
        ["BackupRepairResult.HostName"] = "the run has it",
    };

    private readonly Random random = new(20_261_122);

    [Fact]
    public void Every_property_of_both_stages_is_read_as_it_was_written()
    {
        for (int round = 0; round < 20; round++)
        {
            RsyncStageResult stage1 = Make<RsyncStageResult>($"run{round}");
            S3SyncStageResult stage2 = Make<S3SyncStageResult>($"run{round}");
            Write(stage1, stage2);

            BackupRun run = JobHistory.Find(Name)!.Read(null, null).Single(item => item.RunId == $"run{round}");

            AssertKept(stage1, run.Stage1!);
            AssertKept(stage2, run.Stage2!);
        }
    }

    [Fact]
    public void Every_property_of_a_test_is_read_as_it_was_written()
    {
        for (int round = 0; round < 20; round++)
        {
            BackupTestResult test = Make<BackupTestResult>($"test{round}");
            Write(test);

            BackupRun run = JobHistory.Find(Name)!.Read(null, null, BackupRunKind.Test).Single(item => item.RunId == $"test{round}");

            AssertKept(test, run.Test!);
        }
    }

    [Fact]
    public void Every_property_of_a_repair_is_read_as_it_was_written()
    {
        for (int round = 0; round < 20; round++)
        {
            BackupRepairResult repair = Make<BackupRepairResult>($"repair{round}");
            Write(repair);

            BackupRun run = JobHistory.Find(Name)!.Read(null, null, BackupRunKind.Repair).Single(item => item.RunId == $"repair{round}");

            AssertKept(repair, run.Repair!);
        }
    }

    [Fact]
    public void Every_property_of_a_run_is_read_as_it_was_written()
    {
        Write(Make<RsyncStageResult>("run") with { Error = null }, Make<S3SyncStageResult>("run"));
        Write(Make<BackupTestResult>("test"));
        Write(Make<BackupRepairResult>("repair"));

        IReadOnlyList<BackupRun> runs = JobHistory.Find(Name)!.Read(null, null, kind: null);

        Assert.Equal(3, runs.Count);
        foreach (PropertyInfo property in typeof(BackupRun).GetProperties())
        {
            // A run of this process has all of them but one; some are of backups alone, some of tests or repairs. Some are of other runs.
            if (property.Name is not (nameof(BackupRun.IsInterrupted) or nameof(BackupRun.LastSuccess) or nameof(BackupRun.Age)
                or nameof(BackupRun.IsOverdue)))
                Assert.True(runs.Any(run => property.GetValue(run) is { } value && !value.Equals(Default(property.PropertyType))), property.Name);
        }
    }

    [Fact]
    public void What_is_not_kept_is_still_a_property()
    {
        foreach (string name in NotKept.Keys)
        {
            string[] parts = name.Split('.');
            Assert.NotNull(typeof(BackupRun).Assembly.GetType($"RsyncS3Backup.{parts[0]}", throwOnError: true)!.GetProperty(parts[1]));
        }
    }

    [Fact]
    public void A_row_of_before_there_was_a_property_reads_without_it()
    {
        Write(Make<RsyncStageResult>("run"), Make<S3SyncStageResult>("run"));
        Write(Make<BackupTestResult>("test"));
        Write(Make<BackupRepairResult>("repair"));
        using (SqliteDatabase database = SqliteDatabase.Open(HistoryPath))
        {
            foreach (string column in (string[])["stage1", "stage2", "test", "repair"])
                database.Execute($"UPDATE run SET {column}='{{}}' WHERE {column} IS NOT NULL");
        }

        foreach (BackupRun run in JobHistory.Find(Name)!.Read(null, null, kind: null))
        {
            foreach (object? part in (object?[])[run.Stage1, run.Stage2, run.Test, run.Repair])
            {
                foreach (PropertyInfo property in part?.GetType().GetProperties() ?? [])
                    Assert.False(typeof(System.Collections.IEnumerable).IsAssignableFrom(property.PropertyType) && property.PropertyType != typeof(string)
                        && property.GetValue(part) is null, property.Name);
            }
        }
    }

    private void Write(RsyncStageResult stage1, S3SyncStageResult stage2)
    {
        using HistoryWriter writer = Begin(stage1.RunId, stage1.StartTime, BackupRunKind.Backup);
        writer.Ended(stage1);
        writer.Ended(stage2);
        writer.End(stage1.RunId, BackupStatus.Failed, BackupExitCode.Stage2Failed, DateTimeOffset.MinValue);
    }

    private void Write(BackupTestResult test)
    {
        using HistoryWriter writer = Begin(test.RunId, test.StartTime, BackupRunKind.Test);
        writer.Ended(test);
        writer.End(test.RunId, test.Status, test.ExitCode, DateTimeOffset.MinValue);
    }

    private void Write(BackupRepairResult repair)
    {
        using HistoryWriter writer = Begin(repair.RunId, repair.StartTime, BackupRunKind.Repair);
        writer.Ended(repair);
        writer.End(repair.RunId, repair.Status, BackupExitCode.Succeeded, DateTimeOffset.MinValue);
    }

    private HistoryWriter Begin(string runId, DateTimeOffset started, BackupRunKind kind)
    {
        RunHeader header = new()
        {
            Name = Name,
            RunId = runId,
            Started = started,
            Kind = kind,
            Stage = kind == BackupRunKind.Backup ? 1 : 0,
            LogPath = "/log",
            PowerShellVersion = "7.4.0",
            ConfigurationPath = "/etc/job.json",
            ConfigurationHash = "abc",
        };
        return HistoryWriter.Begin(header, ownsJob: false, message => Assert.Fail(message));
    }

    private static void AssertKept<T>(T written, T read)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties())
        {
            if (!NotKept.ContainsKey($"{typeof(T).Name}.{property.Name}"))
                Assert.Equal((property.Name, JsonSerializer.Serialize(property.GetValue(written))), (property.Name, JsonSerializer.Serialize(property.GetValue(read))));
        }
    }

    private static object? Default(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;

    /// <summary>A result of which every property that can be set has a value of its own.</summary>
    private T Make<T>(string runId)
        where T : class
    {
        T made = (T)Make(typeof(T));
        foreach ((string name, object value) in new Dictionary<string, object>
        {
            // Those of the run, which its stages share.
            ["Name"] = Name,
            ["RunId"] = runId,
            ["LogPath"] = "/log",
        })
        {
            typeof(T).GetProperty(name)!.SetValue(made, value);
        }

        return made;
    }

    private object Make(Type type)
    {
        object made = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.CanWrite))
        {
            if (!NotKept.ContainsKey($"{type.Name}.{property.Name}"))
                property.SetValue(made, Value(property.PropertyType));
        }

        return made;
    }

    private object Value(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain.IsEnum)
            return Enum.GetValues(plain).GetValue(random.Next(1, Enum.GetValues(plain).Length))!;
        return plain switch
        {
            _ when plain == typeof(string) => $"text {random.Next()} é 🙂 \"\n",
            _ when plain == typeof(long) => random.NextInt64(1, long.MaxValue),
            _ when plain == typeof(int) => random.Next(1, int.MaxValue),
            _ when plain == typeof(double) => random.NextDouble() * 100,
            _ when plain == typeof(bool) => random.Next(2) == 0,
            _ when plain == typeof(decimal) => (decimal)random.Next(1, int.MaxValue) / 10_000,
            _ when plain == typeof(TimeSpan) => TimeSpan.FromTicks(random.NextInt64(1, TimeSpan.TicksPerDay * 9)),
            _ when plain == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch.AddTicks(random.NextInt64(TimeSpan.TicksPerDay * 9000)).ToLocalTime(),
            _ when plain == typeof(IReadOnlyList<string>) => new[] { (string)Value(typeof(string)), (string)Value(typeof(string)) },
            _ when plain == typeof(IReadOnlyList<BackupError>) => new[] { (BackupError)Make(typeof(BackupError)), (BackupError)Make(typeof(BackupError)) },
            _ when plain.Namespace == typeof(BackupRun).Namespace => Make(plain),
            _ => throw new NotSupportedException($"Nobody has said yet how to make a {plain}."),
        };
    }
}
