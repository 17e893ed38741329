using System.Globalization;

namespace Benchmarks;

/// <summary>What a report on many runs of fifty machines costs: of objects as they are, and as they come back from other machines.</summary>
internal static class ReportBenchmark
{
    private const int Machines = 50;
    private const double LimitMilliseconds = 3000;

    public static void Run(Workplace workplace, int runs)
    {
        string folder = Path.Combine(workplace.Root, "report");
        Directory.CreateDirectory(folder);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.NewLine}Report on {runs:N0} runs of {Machines} machines"));
        // Made in the session, because the module's types live in a context of their own there.
        string script = $$"""
            Import-Module '{{Engine.Manifest}}'
            # Not by their names: this program has types of the same names.
            $core = (Get-Command Get-BackupReport).OutputType[0].Type.Assembly
            $run, $first, $second, $status = 'BackupRun', 'RsyncStageResult', 'S3SyncStageResult', 'BackupStatus' |
                ForEach-Object { $core.GetType("RsyncS3Backup.$_") }
            $good = [Enum]::Parse($status, 'Succeeded')
            function New-Result([type] $Type, [hashtable] $Values) {
                $made = [Activator]::CreateInstance($Type)
                foreach ($name in $Values.Keys) { $Type.GetProperty($name).SetValue($made, $Values[$name]) }
                $made
            }
            $now = [DateTimeOffset]::Now
            $runs = foreach ($number in 0..({{runs}} - 1)) {
                $machine = "host$($number % {{Machines}})"
                $started = $now.AddHours(-6 * [Math]::Floor($number / {{Machines}}))
                $common = @{ Name = 'data'; RunId = "run$number"; Status = $good; StartTime = $started
                    HostName = $machine; Duration = [TimeSpan]::FromMinutes(3); TransferredBytes = 1000000L * ($number % 97); TotalBytes = 100000000000L + $number
                    Created = 12L; Total = 48000L }
                $stage1 = New-Result $first ($common + @{ Source = [string[]] '/data'; Destination = '/mirror' })
                $stage2 = New-Result $second ($common + @{ Path = '/mirror'; BucketName = 'backups'
                    EstimatedRequestCost = [decimal] 0.001; PriceSource = 'AWS' })
                New-Result $run @{ Name = 'data'; RunId = "run$number"; Status = $good
                    HostName = $machine; StartTime = $started; Duration = [TimeSpan]::FromMinutes(6); Stage1 = $stage1; Stage2 = $stage2 }
            }
            $returned = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($runs, 4))
            foreach ($input in $runs, $returned) {
                foreach ($round in 1..3) {
                    $watch = [Diagnostics.Stopwatch]::StartNew()
                    $input | Export-BackupReport '{{folder}}/report.html' -Since $now.AddDays(-366)
                    [string]::Format([cultureinfo]::InvariantCulture, '{0:0.0}', $watch.Elapsed.TotalMilliseconds)
                }
            }
            """;
        double[] times = [.. Engine.RunInNewProcess(script, new Dictionary<string, string>()).Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
        Show("runs of this machine", times[..3]);
        Show("runs that came back", times[3..]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    size of the file            {new FileInfo(Path.Combine(folder, "report.html")).Length / 1024.0,8:0} KiB"));
    }

    private static void Show(string name, double[] times) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"    {name,-26} {times.Min(),8:0.0} ms   fresh {times[0],8:0.0} ms{(times.Min() > LimitMilliseconds ? $"   over {LimitMilliseconds} ms" : "")}"));
}
