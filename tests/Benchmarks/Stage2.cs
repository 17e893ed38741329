using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Benchmarks;

/// <summary>One configured job, of which runs are measured in new processes.</summary>
internal sealed class Stage2
{
    // In the engine there is no Get-Process; what the kernel knows of this process is read as ProcessorTime does it.
    private const string Prelude = """
        function Write-Number($number) { ([double]$number).ToString('0.0000', [cultureinfo]::InvariantCulture) }
        function Write-Round($result, $before) {
            $process = [Diagnostics.Process]::GetCurrentProcess()
            # A stage 2 that runs alone warns of what the benchmark itself changed in the mirror.
            if ($result.Error) { throw "$($result.Status): $($result.Error)" }
            Write-Number $result.Duration.TotalSeconds
            Write-Number ($process.TotalProcessorTime - $before).TotalSeconds
            Write-Number $result.Requests.Put
            Write-Number $result.Requests.Total
            Write-Number ($process.PeakWorkingSet64 / 1MB)
            [string]$result.SyncMode
        }
        function Get-ProcessorTime { [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime }

        """;

    private readonly ServerProcess server;
    private readonly string state;
    private readonly string configuration;

    /// <param name="server">The server.</param>
    /// <param name="workplace">Where its files are.</param>
    /// <param name="name">The job.</param>
    /// <param name="source">The source.</param>
    /// <param name="mirror">The mirror.</param>
    /// <param name="deletes">True to delete from S3, whatever part of it that is.</param>
    public Stage2(ServerProcess server, Workplace workplace, string name, string source, string mirror, bool deletes = false)
    {
        this.server = server;
        Name = name;
        Mirror = mirror;
        state = Path.Combine(workplace.Root, "state");
        configuration = Path.Combine(workplace.Root, name + ".json");
        File.WriteAllText(configuration, JsonSerializer.Serialize(new
        {
            backupType = "rsync-to-s3",
            name,
            sources = new[] { new { path = source } },
            options = new
            {
                rsync = new
                {
                    localDestination = mirror,
                    deleteExtraneous = true,
                    maxDelete = "100%",
                    syncToS3 = new { enabled = true, s3Prefix = name + "/", deleteFromS3 = deletes },
                },
            },
            destination = new { bucket = ServerProcess.Bucket, region = "us-east-1", endpointUrl = server.Endpoint },
        }));
    }

    public string Name { get; }

    public string Mirror { get; }

    /// <summary>Memory of an engine that has imported the module and run nothing, in MiB at its peak.</summary>
    public double IdlePeakMiB() => Parse(Execute(
        Prelude + $"Import-Module '{Engine.Manifest}'\n$null = Get-Command Invoke-S3SyncStage\nWrite-Number ([Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64 / 1MB)")[0]);

    /// <summary>Brings the mirror up to date.</summary>
    public void RunStage1() => Execute(
        Prelude + $"Import-Module '{Engine.Manifest}'\n$result = Invoke-RsyncStage -ConfigPath '{configuration}'\nif ($result.Status -ne 'Succeeded') {{ throw $result.Error }}");

    /// <summary>Runs stage 2 alone, so often in one process.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="prepare">PowerShell that comes before each time.</param>
    public Round[] Run(int rounds, string prepare = "") => Measure(rounds, prepare, $"Invoke-S3SyncStage -ConfigPath '{configuration}'");

    /// <summary>Likewise both stages, and measures the second.</summary>
    public Round[] RunBoth(int rounds, string prepare = "") =>
        Measure(rounds, prepare, $"(Invoke-RsyncToS3Backup -ConfigPath '{configuration}').Stage2");

    /// <summary>Stage 2 of several jobs, one after the other in one process.</summary>
    public Round[] RunWith(IReadOnlyList<Stage2> jobs) => Measure(
        jobs.Count, "", $"Invoke-S3SyncStage -ConfigPath (@({string.Join(", ", jobs.Select(job => $"'{job.configuration}'"))})[$round - 1])");

    /// <summary>A restore from S3 in a new process: seconds of the restore, and the most memory that the process held.</summary>
    public (double Seconds, double PeakMiB) Restore(string destination)
    {
        string[] lines = Execute(Prelude + $$"""
            Import-Module '{{Engine.Manifest}}'
            $result = Restore-Backup -ConfigPath '{{configuration}}' '{{destination}}' -From S3
            if ($result.Status -ne 'Succeeded') { throw "$($result.Status): $($result.Error) $($result.Warnings)" }
            Write-Number $result.Duration.TotalSeconds
            Write-Number ([Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64 / 1MB)
            """);
        return (Parse(lines[0]), Parse(lines[1]));
    }

    /// <summary>A test of the copies in a new process: seconds of the test, and the most memory that the process held.</summary>
    public (double Seconds, double PeakMiB) Test(string level)
    {
        string[] lines = Execute(Prelude + $$"""
            Import-Module '{{Engine.Manifest}}'
            $result = Test-Backup -ConfigPath '{{configuration}}' -Level {{level}}
            if ($result.Status -ne 'Succeeded') { throw "$($result.Status): $($result.Error) $($result.Warnings)" }
            Write-Number $result.Duration.TotalSeconds
            Write-Number ([Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64 / 1MB)
            """);
        return (Parse(lines[0]), Parse(lines[1]));
    }

    private Round[] Measure(int rounds, string prepare, string command)
    {
        TimeSpan serverBefore = server.ProcessorTime;
        long started = Stopwatch.GetTimestamp();
        string[] lines = Execute(Prelude + $$"""
            Import-Module '{{Engine.Manifest}}'
            foreach ($round in 1..{{rounds}}) {
                {{prepare}}
                $before = Get-ProcessorTime
                $result = {{command}}
                Write-Round $result $before
            }
            """);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double serverProcessor = (server.ProcessorTime - serverBefore).TotalSeconds / rounds;
        return [.. lines.Chunk(6).Select(round => new Round(
            Parse(round[0]), seconds, Parse(round[1]), serverProcessor, (long)Parse(round[2]), (long)Parse(round[3]), Parse(round[4]), round[5]))];
    }

    private string[] Execute(string script) =>
        Engine.RunInNewProcess(script, new Dictionary<string, string>(server.Environment) { ["RSYNCS3BACKUP_STATE"] = state });

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>One run of stage 2.</summary>
/// <param name="Seconds">The stage's own duration.</param>
/// <param name="ProcessSeconds">The whole process, with all its rounds.</param>
/// <param name="Processor">Processor seconds of our process; with stage 1 where that ran too, but not rsync's.</param>
/// <param name="ServerProcessor">Processor seconds of the S3 server, on average of the rounds.</param>
/// <param name="Puts">PUT requests.</param>
/// <param name="Requests">All requests.</param>
/// <param name="PeakMiB">The most memory that the process has held until then.</param>
/// <param name="Mode">How differences were found.</param>
internal sealed record Round(
    double Seconds, double ProcessSeconds, double Processor, double ServerProcessor, long Puts, long Requests, double PeakMiB, string Mode);
