using System.Management.Automation;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.TestCmdlets;

/// <summary>
/// Async work that only cancellation ends: it posts one thing to the pipeline, waits for ever, and notes in a file that its clean-up ran.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "PipelinePump", SupportsShouldProcess = true)]
public sealed class TestPipelinePumpCommand : AsyncCmdlet
{
    /// <summary>What the work posts first.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateSet("Object", "Error", "Warning", "Verbose", "Question", "Nothing", "Fault", "Result")]
    public string Post { get; set; } = "";

    /// <summary>The file that clean-up writes.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public string Marker { get; set; } = "";

    /// <summary>The file that is written when the work waits.</summary>
    [Parameter]
    public string? Started { get; set; }

    /// <summary>Ignore cancellation.</summary>
    [Parameter]
    public SwitchParameter Hang { get; set; }

    /// <summary>How long cancelled work may take.</summary>
    [Parameter]
    public int GraceMilliseconds { get; set; } = 60_000;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        PipelinePump pump = new(StopToken, TimeSpan.FromMilliseconds(GraceMilliseconds));
        WriteObject(pump.Run(token => WorkAsync(pump, token)));
    }

    private async Task<string> WorkAsync(PipelinePump pump, CancellationToken token)
    {
        try
        {
            PostOne(pump);
            if (Post == "Fault")
                throw new BackupException(new BackupError
                {
                    Id = "TestFault",
                    Category = BackupErrorCategory.InvalidData,
                    Message = "The work failed.",
                    RecommendedAction = "None.",
                    ExitCode = BackupExitCode.Stage1Failed,
                });
            if (Post == "Result")
                return "the result";
            if (Started is not null)
                await File.WriteAllTextAsync(Started, "started", CancellationToken.None).ConfigureAwait(false);
            await Task.Delay(Timeout.Infinite, Hang ? CancellationToken.None : token).ConfigureAwait(false);
            return "never";
        }
        finally
        {
            await CleanUpAsync(pump).ConfigureAwait(false);
        }
    }

    private void PostOne(PipelinePump pump)
    {
        Action? action = Post switch
        {
            "Object" or "Result" => () => WriteObject("posted"),
            "Error" => () => WriteError(new ErrorRecord(new InvalidOperationException("posted"), "Posted", ErrorCategory.NotSpecified, null)),
            "Warning" or "Question" => () => WriteWarning("posted"),
            "Verbose" => () => WriteVerbose("posted"),
            _ => null,
        };
        if (action is not null)
            pump.Post(action);
    }

    // What real clean-up does: it reports, and it may even ask. Nobody answers any more when the pipeline is gone.
    private async Task CleanUpAsync(PipelinePump pump)
    {
        pump.Post(() => WriteObject("from the clean-up"));
        string answer = "not asked";
        if (Post == "Question")
        {
            try
            {
                answer = (await pump.AskAsync(() => ShouldProcess("the clean-up")).ConfigureAwait(false)).ToString();
            }
            catch (OperationCanceledException)
            {
                answer = "no answer";
            }
        }

        await File.WriteAllTextAsync(Marker, answer, CancellationToken.None).ConfigureAwait(false);
    }
}

/// <summary>Reports to a <see cref="CmdletObserver"/> what it is told to, as a run does.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RunObserver")]
public sealed class TestRunObserverCommand : AsyncCmdlet
{
    /// <summary>Tell of a progress with large numbers and long names.</summary>
    [Parameter]
    public SwitchParameter Large { get; set; }

    /// <summary>Fail after the first report.</summary>
    [Parameter]
    public SwitchParameter Fail { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteResult(Run("Backup 'photos'", Report), error: null);

    private async Task<string> Report(CmdletObserver observer, CancellationToken token)
    {
        await Task.Yield();
        observer.Verbose("a verbose line");
        observer.Warning("a warning");
        observer.ItemFailed(new BackupError
        {
            Id = "FileUnreadable",
            Category = BackupErrorCategory.PermissionDenied,
            Message = "The file cannot be read.",
            RecommendedAction = "Check its permissions.",
            Target = "a/b",
            RequestId = "REQUEST1",
            S3ErrorCode = "AccessDenied",
            ExitCode = BackupExitCode.Stage2Failed,
        });
        StageProgress progress = new()
        {
            Stage = 2,
            Name = "photos",
            Activity = "Uploading",
            Files = 10,
            TotalFiles = 40,
            Bytes = 1024 * 1024,
            TotalBytes = 4 * 1024 * 1024,
            BytesPerSecond = 512 * 1024,
        };
        observer.Progress(!Large ? progress : progress with
        {
            Name = "a job with quite a long name",
            Activity = "Comparing and uploading",
            Files = 1_234_567,
            TotalFiles = 12_345_678,
            Bytes = (long)(123.4 * (1L << 30)),
            TotalBytes = (long)(1.2 * (1L << 40)),
            BytesPerSecond = 1023.0 * (1 << 20),
            AverageBytesPerSecond = 512.0 * (1 << 20),
            Elapsed = TimeSpan.FromSeconds(241),
            Entry = "2026/a summer on the coast/the last days/IMG_2041.jpg",
        });
        if (Fail)
            throw new InvalidOperationException("the run broke");
        return "done";
    }
}
