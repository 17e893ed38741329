namespace RsyncS3Backup.Rsync;

/// <summary>What one of rsync's exit codes means for stage 1.</summary>
/// <param name="Codes">The codes, as the table in docs/rsync-exit-codes.md names them.</param>
/// <param name="Status">How the stage ends.</param>
/// <param name="ErrorId">The error's id; null when the stage did not fail.</param>
/// <param name="Category">The error's category.</param>
/// <param name="Meaning">What happened, as an end of "rsync ended with code N: ".</param>
/// <param name="Advice">What to do about it.</param>
internal sealed record RsyncExitCode(
    string Codes, BackupStatus Status, string? ErrorId, BackupErrorCategory Category, string Meaning, string Advice);

/// <summary>The one table of rsync's exit codes. Source: rsync(1), "EXIT VALUES", and errcode.h.</summary>
internal static class RsyncExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Some entries failed. It hides <see cref="Vanished"/> and <see cref="DeleteLimit"/> (main.c: the last of them wins).</summary>
    public const int Partial = 23;

    /// <summary>Some source files vanished. It hides <see cref="DeleteLimit"/>.</summary>
    public const int Vanished = 24;

    /// <summary><c>--max-delete</c> stopped deletions.</summary>
    public const int DeleteLimit = 25;

    private const string SeeLog = "Look at the failed items and the run's log for what rsync said, and run again.";
    private const string Report = "Run again; when it happens every time, check the rsync installation and report what the log shows.";
    private const string OtherRsync = "Install the distribution's rsync 3.2 or newer, or name another one with rsyncPath.";
    private const string RunAgain = "Run again; what is done is kept.";

    /// <summary>The codes that rsync documents.</summary>
    public static IReadOnlyDictionary<int, RsyncExitCode> Known { get; } = new Dictionary<int, RsyncExitCode>
    {
        [Done] = new("0", BackupStatus.Succeeded, null, BackupErrorCategory.NotSpecified, "done", "Nothing to do."),
        [1] = Failed("1", ErrorIds.RsyncUsageError, BackupErrorCategory.InvalidArgument, "it did not take its arguments",
            "Check the exclude patterns; when they are right, this rsync lacks an option: install the distribution's rsync 3.2 or newer."),
        [2] = Failed("2", ErrorIds.RsyncNotCompatible, BackupErrorCategory.InvalidOperation, "its two sides speak no common protocol", OtherRsync),
        [3] = Failed("3", ErrorIds.RsyncFileSelection, BackupErrorCategory.InvalidOperation, "it could not use the source or the destination",
            "Check that both folders exist and that the destination is not a symbolic link of another user, which rsync 3.5 refuses."),
        [4] = Failed("4", ErrorIds.RsyncNotCompatible, BackupErrorCategory.InvalidOperation, "an option is not supported here", OtherRsync),
        [5] = Failed("5", ErrorIds.RsyncProtocolError, BackupErrorCategory.ConnectionError, "its two sides could not start to talk", Report),
        [6] = Failed("6", ErrorIds.RsyncFileError, BackupErrorCategory.WriteError, "it could not write to its log file",
            "Check the log file setting in rsyncd.conf or ~/.popt."),
        [10] = Failed("10", ErrorIds.RsyncIpcError, BackupErrorCategory.ConnectionError, "reading from or writing to a socket failed", Report),
        [11] = Failed("11", ErrorIds.RsyncFileError, BackupErrorCategory.WriteError, "reading or writing files failed",
            "Check that the drives are healthy, mounted and not full, then run again; the mirror is consistent."),
        [12] = Failed("12", ErrorIds.RsyncProtocolError, BackupErrorCategory.ConnectionError, "one of its sides went away or sent nonsense", Report),
        [13] = Failed("13", ErrorIds.RsyncFileError, BackupErrorCategory.WriteError, "it could not report what it did", Report),
        [14] = Failed("14", ErrorIds.RsyncIpcError, BackupErrorCategory.ConnectionError, "its processes could not talk to each other", Report),
        [15] = Failed("15", ErrorIds.RsyncCrashed, BackupErrorCategory.InvalidOperation, "one of its processes crashed", Report),
        [16] = Failed("16", ErrorIds.RsyncCrashed, BackupErrorCategory.InvalidOperation, "one of its processes ended abnormally", Report),
        [19] = Failed("19", ErrorIds.RsyncStopped, BackupErrorCategory.OperationStopped, "it was stopped by SIGUSR1", RunAgain),
        [20] = Failed("20", ErrorIds.RsyncStopped, BackupErrorCategory.OperationStopped, "it was stopped by SIGINT, SIGTERM or SIGHUP", RunAgain),
        [21] = Failed("21", ErrorIds.RsyncIpcError, BackupErrorCategory.InvalidOperation, "waiting for one of its processes failed", Report),
        [22] = Failed("22", ErrorIds.RsyncOutOfMemory, BackupErrorCategory.LimitsExceeded, "it could not get memory",
            "Free memory; hard links need the most, so a job with very many files may have to be split or go without them."),
        [Partial] = Failed("23", ErrorIds.RsyncPartialTransfer, BackupErrorCategory.ReadError, "some entries were not transferred",
            SeeLog + " To have stage 2 send the others all the same, set options.rsync.onPartial to 'continue'."),
        [Vanished] = new("24", BackupStatus.SucceededWithWarnings, null, BackupErrorCategory.NotSpecified,
            "some source files vanished before they were read", "Nothing to do, unless files that vanish matter; then mirror a snapshot."),
        [DeleteLimit] = Failed("25", ErrorIds.DeleteLimitExceeded, BackupErrorCategory.LimitsExceeded, "it stopped deleting at the limit",
            "Check that the source is what it should be; if the deletions are right, allow them with maxDelete."),
        [30] = Failed("30", ErrorIds.RsyncTimeout, BackupErrorCategory.OperationTimeout, "no data came for too long", RunAgain),
        [35] = Failed("35", ErrorIds.RsyncTimeout, BackupErrorCategory.OperationTimeout, "the daemon did not answer in time", RunAgain),
        [124] = Failed("124", ErrorIds.RsyncRemoteCommand, BackupErrorCategory.ConnectionError, "the remote command failed", SeeLog),
        [125] = Failed("125", ErrorIds.RsyncRemoteCommand, BackupErrorCategory.ConnectionError, "the remote command was killed", SeeLog),
        [126] = Failed("126", ErrorIds.RsyncRemoteCommand, BackupErrorCategory.ConnectionError, "a command could not be run", SeeLog),
        [127] = Failed("127", ErrorIds.RsyncRemoteCommand, BackupErrorCategory.ConnectionError, "a command was not found", SeeLog),
    };

    /// <summary>128 and a signal's number: how a process that died by a signal is reported.</summary>
    public static RsyncExitCode Killed { get; } = Failed(
        "129 to 192", ErrorIds.RsyncKilled, BackupErrorCategory.OperationStopped, "it was killed by a signal",
        "Look for what killed it (out of memory? `dmesg` tells) and run again; what is done is kept.");

    /// <summary>Everything that rsync does not document.</summary>
    public static RsyncExitCode Unknown { get; } = Failed(
        "any other", ErrorIds.RsyncFailed, BackupErrorCategory.NotSpecified, "it failed in a way that it does not document", Report);

    /// <summary>The entry of a code; there is one for every code.</summary>
    public static RsyncExitCode Find(int code) =>
        Known.TryGetValue(code, out RsyncExitCode? known) ? known : code is > 128 and <= 192 ? Killed : Unknown;

    /// <summary>The table as docs/rsync-exit-codes.md has it.</summary>
    public static IEnumerable<string> MarkdownRows() =>
        Known.OrderBy(item => item.Key).Select(item => item.Value).Append(Killed).Append(Unknown).Select(entry =>
            $"| {entry.Codes} | {entry.Status} | {(entry.ErrorId is { } id ? $"`{id}`" : "")} | {entry.Meaning} | {entry.Advice} |");

    private static RsyncExitCode Failed(string codes, string errorId, BackupErrorCategory category, string meaning, string advice) =>
        new(codes, BackupStatus.Failed, errorId, category, meaning, advice);
}
