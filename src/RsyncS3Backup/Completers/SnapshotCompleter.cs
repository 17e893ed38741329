using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the dates of a job's snapshots, the newest first, as its history has completed them. Nothing is asked of S3.</summary>
public sealed class SnapshotCompleter : IArgumentCompleter
{
    /// <summary>The dates that start with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        if (CompletedJob.Of(fakeBoundParameters) is not { } job || JobHistory.Find(job.Name) is not { } history
            || job.Options.Rsync.SyncToS3.S3Prefix is not { } prefix || !DatedPrefix.NamesTimes(prefix))
            return [];
        DatedPrefix dated = new(prefix);
        try
        {
            return
            [
                .. Completed(history.Read(since: null, last: null))
                    .Select(key => dated.TryParse(key, out DateTime time) ? Text(time) : "")
                    .Where(text => text.Length > 0 && text.StartsWith(typed, StringComparison.Ordinal))
                    .Distinct()
                    .Select(Result),
            ];
        }
        catch (BackupException)
        {
            // A history that cannot be read has nothing to offer.
            return [];
        }
    }

    private static IEnumerable<string> Completed(IReadOnlyList<BackupRun> runs)
    {
        HashSet<string> pruned = [];
        foreach (S3SyncStageResult stage2 in runs.Select(run => run.Stage2).OfType<S3SyncStageResult>())
        {
            if (stage2.IsSnapshotComplete == true && !pruned.Contains(stage2.KeyPrefix))
                yield return stage2.KeyPrefix;
            pruned.UnionWith(stage2.PrunedPrefixes);
        }
    }

    private static CompletionResult Result(string text) => new(
        text.Contains(' ', StringComparison.Ordinal) ? $"'{text}'" : text, text, CompletionResultType.ParameterValue, text);

    private static string Text(DateTime time) =>
        time.ToString(time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
