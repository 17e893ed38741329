using System.ComponentModel;

namespace RsyncS3Backup.Schedulers;

/// <summary>
/// Starts what is to be registered once, as the scheduler will start it, before anything is registered: what does not start now
/// would not start at 2 a.m., when nobody looks.
/// </summary>
internal static class StartCheck
{
    /// <summary>What the launcher prints when it could run the job. A program that ends well without that has not run the
    /// launcher.</summary>
    public const string Ready = "RsyncS3Backup: ready";

    private const int LongestComplaint = 600;

    /// <summary>Starts the launcher's check.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="BackupException">It does not start, or cannot read the job.</exception>
    public static async Task<string> RunAsync(
        INativeScheduler scheduler, ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        ScheduledStart start = scheduler.Check(registration);
        string command = string.Join(' ', [start.Program, .. start.Arguments]);
        ProgramAnswer? answer;
        try
        {
            answer = await NativeProgram.RunAsync(start, cancellationToken).ConfigureAwait(false);
        }
        catch (Win32Exception exception)
        {
            throw new BackupException(
                NativeScheduleErrors.CheckFailed(
                    registration, scheduler.Kind, command, exitCode: null, exception.Message),
                exception);
        }

        if (answer is null)
        {
            throw new BackupException(
                NativeScheduleErrors.CheckHangs(registration, scheduler.Kind, command, NativeProgram.Patience));
        }

        if (!answer.IsGood || !answer.Text.Contains(Ready, StringComparison.Ordinal))
        {
            string said = answer.Error.Length > 0 || answer.Output.Trim().Length > 0 ? answer.Complaint : "it said nothing";
            // What the host of .NET says after its first paragraph is long, and of no help here.
            said = NativeNames.OneLine(said.ReplaceLineEndings("\n").Split("\n\n")[0]);
            string shown = said.Length > LongestComplaint ? said[..LongestComplaint] + "…" : said;
            throw new BackupException(
                NativeScheduleErrors.CheckFailed(registration, scheduler.Kind, command, answer.ExitCode, shown));
        }

        return answer.Output;
    }
}
