using System.Globalization;

namespace Benchmarks;

/// <summary>Stage 1, each run in a new process.</summary>
internal static class Stage1
{
    // In the engine there is no Get-Process; what the kernel counts of the children is read as ProcessorTime does it.
    private const string Prelude = """
        function Read-ChildTime {
            $stat = [IO.File]::ReadAllText('/proc/self/stat')
            $fields = $stat.Substring($stat.LastIndexOf(')') + 2).Split(' ')
            ([long]$fields[13] + [long]$fields[14]) / 100
        }
        function Write-Number($number) { ([double]$number).ToString('0.000', [cultureinfo]::InvariantCulture) }
        function Read-PeakMiB {
            $line = [IO.File]::ReadAllLines('/proc/self/status') | Where-Object { $_.StartsWith('VmHWM:') }
            [long]($line -replace '[^0-9]', '') / 1024
        }

        """;

    /// <summary>The memory of an engine that has imported the module and run nothing, in MiB at its peak.</summary>
    public static double IdlePeakMiB() => Numbers(Engine.RunInNewProcess(
        Prelude + $$"""
            Import-Module '{{Engine.Manifest}}'
            $null = Get-Command Invoke-RsyncStage
            $null = Read-ChildTime
            Write-Number (Read-PeakMiB)
            """,
        new Dictionary<string, string>()))[0];

    /// <summary>Mirrors a folder with deletions and hard links on.</summary>
    public static Measurement Run(string source, string mirror, string state, string rsync = "rsync")
    {
        string script = Prelude + $$"""
            Import-Module '{{Engine.Manifest}}'
            $children = Read-ChildTime
            $process = [Diagnostics.Process]::GetCurrentProcess()
            $own = $process.TotalProcessorTime
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $result = Invoke-RsyncStage -Source '{{source}}' -Destination '{{mirror}}' -DeleteExtraneous -HardLinks -Name bench -RsyncPath '{{rsync}}'
            $watch.Stop()
            $process.Refresh()
            $own = $process.TotalProcessorTime - $own
            if ($result.Status -ne 'Succeeded') { throw $result.ToString() }
            Write-Number $watch.Elapsed.TotalSeconds
            Write-Number ((Read-ChildTime) - $children)
            Write-Number $own.TotalSeconds
            Write-Number (Read-PeakMiB)
            """;
        double[] numbers = Numbers(Engine.RunInNewProcess(script, new Dictionary<string, string> { ["RSYNCS3BACKUP_STATE"] = state }));
        return new Measurement(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    private static double[] Numbers(string[] lines) => [.. lines.Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
}
