using RsyncS3Backup.Calendar;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.State;

/// <summary>Which tests of a job are due, as its history has it.</summary>
internal static class JobTests
{
    // Tests of single paths, and tests that were stopped, say nothing of the whole.
    private const int TestsToLookAt = 50;

    /// <summary>Looks it up, for each of the job's tests.</summary>
    /// <exception cref="BackupException">
    /// The history is damaged, cannot be read, or is of a newer version of the module; or an expression cannot be read here.
    /// </exception>
    public static IReadOnlyList<TestDue> Of(BackupConfiguration job, DateTimeOffset now)
    {
        JobHistory? history = job.Tests.Count == 0 ? null : JobHistory.Find(job.Name);
        DateTimeOffset? since = JobAge.Written(job);
        List<TestDue> found = [];
        foreach (TestOptions test in job.Tests)
        {
            // Nor does one that a clock which was ahead has put into the future.
            BackupTestResult[] ofAll =
                [.. (history?.ReadTests(test.Level, TestsToLookAt) ?? []).Where(result => result.IsOfAll && result.StartTime <= now)];
            DateTimeOffset? good = ofAll.FirstOrDefault(IsGood)?.StartTime;
            found.Add(TestDue.Of(test, job.Schedule?.Timezone, ofAll.FirstOrDefault()?.StartTime, good, ofAll.LastOrDefault()?.StartTime, since, now));
        }

        return found;
    }

    // A restore that restored nothing proves nothing.
    private static bool IsGood(BackupTestResult result) =>
        HistoryFigures.IsGoodStatus(result.Status) && (result.Level != BackupTestLevel.Restore || result.Restored > 0);
}
