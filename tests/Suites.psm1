# Suites side by side: most of them wait, for rsync, for a store that fails, for the next minute. Some run at once, and when one ends,
# the next in order starts. Each suite is one process, whose lines are shown with its name before them.
using namespace System.Linq.Expressions
using namespace System.Runtime.InteropServices

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# One suite. -Count gets its exit code and gives what New-Count makes.
function New-Suite {
    param(
        [Parameter(Mandatory)] [string] $Name,
        [Parameter(Mandatory)] [string[]] $Command,
        [Parameter(Mandatory)] [scriptblock] $Count,
        # Why it cannot run here; nothing when it can.
        [string] $Obstacle,
        # It does little but wait, and so runs beside as many others as there may be.
        [switch] $Waits
    )
    [pscustomobject]@{ Name = $Name; Command = $Command; Count = $Count; Obstacle = $Obstacle; Waits = [bool] $Waits }
}

# -Reasons: why tests were skipped, a text each. -Failures: what failed and why, a text of a few lines each.
function New-Count([int] $Passed, [int] $Failed, [int] $Skipped, [string[]] $Reasons = @(), [string[]] $Failures = @()) {
    [pscustomobject]@{ Passed = $Passed; Failed = $Failed; Skipped = $Skipped; Reasons = $Reasons; Failures = $Failures }
}

# What the trx file of `dotnet test` counts. A suite that ends badly, or without a test, has failed even when no test did.
function Get-TrxCount([string] $Suite, [string] $Path, [int] $ExitCode) {
    if (-not (Test-Path $Path)) { return Get-NoTestCount $Suite }
    [xml] $trx = Get-Content $Path -Raw
    $counters = $trx.TestRun.ResultSummary.Counters
    if ([int] $counters.total -eq 0) { return Get-NoTestCount $Suite }
    # vstest leaves notExecuted at 0 and counts a skipped test as not executed.
    $failed = [int] $counters.executed - [int] $counters.passed
    $failures = @()
    if ($ExitCode -ne 0 -and $failed -eq 0) {
        $failures = @("Suite $Suite ended with code $ExitCode although no test failed (a crash, or a hang): counted as 1 failed.")
        $failed = 1
    }
    $results = @($trx.GetElementsByTagName('UnitTestResult'))
    $reasons = $results | Where-Object outcome -EQ NotExecuted | ForEach-Object { Get-TrxText $_ Message }
    $failures += @($results | Where-Object outcome -NotIn Passed, NotExecuted | ForEach-Object {
            Format-Failure $_.testName (Get-TrxText $_ Message) (Get-TrxText $_ StackTrace)
        })
    New-Count $counters.passed $failed ([int] $counters.total - [int] $counters.executed) $reasons $failures
}

function Get-TrxText($Result, [string] $Element) { "$($Result.GetElementsByTagName($Element) | ForEach-Object InnerText)" }

# What failed, and the lines below it that say why and where.
function Format-Failure([string] $Name, [string] $Message, [string] $Place) {
    $lines = @($Message -split '\r?\n' | Select-Object -First 20) + @($Place -split '\r?\n' | Select-Object -First 5)
    (@($Name) + @($lines | Where-Object { $_.Trim() } | ForEach-Object { "  $_" })) -join "`n"
}

function Get-NoTestCount([string] $Suite) { New-Count 0 1 0 -Failures "Suite $Suite ran no test: counted as 1 failed." }

# Runs the suites in their order, so many at once, shows a table of what they came to, and gives the sum. When this is stopped, by
# Ctrl+C or by a signal, everything that runs is ended with it; after a signal it gives nothing.
function Invoke-Suite([object[]] $Suite, [int] $AtOnce) {
    $counts = @{}
    $waiting = [Collections.Generic.Queue[object]] @($Suite | Sort-Object { -not $_.Waits } -Stable)
    $runs = [Collections.Generic.List[object]]::new()
    $stop = [Threading.CancellationTokenSource]::new()
    $signals = Register-StopSignal $stop
    try {
        while (-not $stop.IsCancellationRequested) {
            while ($waiting.Count -gt 0 -and
                ($waiting.Peek().Waits -or @($runs | Where-Object { -not $_.Suite.Waits }).Count -lt $AtOnce)) {
                Start-Suite $waiting.Dequeue() $runs $counts
            }
            if ($runs.Count -eq 0) { break }
            Wait-Line $runs
            foreach ($run in @($runs)) {
                Show-Line $run
                if ($run.Watch.Elapsed -gt $longest -and -not $run.Process.HasExited) {
                    Write-Line $run.Suite "has not ended within $($longest.TotalMinutes) minutes, and is ended"
                    Stop-Suite @($run)
                }
                if (-not (Test-Ended $run)) { continue }
                $null = $runs.Remove($run)
                Complete-Suite $run $counts
            }
        }
    }
    finally {
        Stop-Suite $runs
        $signals | ForEach-Object Dispose
    }
    if (-not $stop.IsCancellationRequested) { Show-Sum $Suite $counts }
}

# More than the whole command should take. xunit names a test that hangs long before (xunit.runner.json).
$longest = [TimeSpan]::FromMinutes(30)

# A signal that would end this process without its `finally`. The handler runs on a thread that has no runspace, where a script
# block cannot run: hence a compiled expression, `context => { context.Cancel = true; stop.Cancel(); }`.
function Register-StopSignal([Threading.CancellationTokenSource] $Stop) {
    $context = [Expression]::Parameter([PosixSignalContext])
    $cancel = [Threading.CancellationTokenSource].GetMethod('Cancel', [type[]] @())
    $body = [Expression]::Block(
        [Expression]::Assign([Expression]::Property($context, 'Cancel'), [Expression]::Constant($true)),
        [Expression]::Call([Expression]::Constant($Stop), $cancel))
    $parameters = [ParameterExpression[]] @($context)
    $handler = [Expression]::Lambda([Action[PosixSignalContext]], $body, $parameters).Compile()
    foreach ($signal in 'SIGTERM', 'SIGHUP') { [PosixSignalRegistration]::Create($signal, $handler) }
}

function Start-Suite($Suite, [Collections.Generic.List[object]] $Runs, [hashtable] $Counts) {
    if ($Suite.Obstacle) {
        Write-Line $Suite "skipped: $($Suite.Obstacle)"
        $Counts[$Suite.Name] = New-Count 0 0 1 $Suite.Obstacle | Add-Member Seconds 0 -PassThru
        return
    }
    Write-Line $Suite 'starts'
    $command = @((Get-Prefix) + $Suite.Command)
    $start = [Diagnostics.ProcessStartInfo]::new($command[0])
    foreach ($argument in $command | Select-Object -Skip 1) { $start.ArgumentList.Add($argument) }
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    $process.StandardInput.Close()
    $Runs.Add([pscustomobject]@{
            Suite   = $Suite
            Process = $process
            Readers = @(foreach ($reader in $process.StandardOutput, $process.StandardError) {
                    [pscustomobject]@{ Reader = $reader; Line = $reader.ReadLineAsync() }
                })
            Watch   = [Diagnostics.Stopwatch]::StartNew()
            Ended   = $null
        })
}

# What a suite is started through, where there is such a program. setsid: a process group of its own, so that it can be ended
# whole, and Ctrl+C reaches it by us only. env: whoever starts this in the background of a script has SIGINT ignored (POSIX,
# "Asynchronous Lists"), and so would every program that the tests start: each that is to end by it would be waited for in vain.
function Get-Prefix {
    if ($null -eq $script:prefix) {
        $script:prefix = @(
            if (-not $IsWindows) {
                $null = sh -c 'env --default-signal=INT true 2>/dev/null'
                if ($LASTEXITCODE -eq 0) { 'env', '--default-signal=INT' }
                if (Get-Command setsid -CommandType Application -ErrorAction Ignore) { 'setsid' }
            }
        )
    }
    , $script:prefix
}
$prefix = $null

# Until a line comes from one of them, or half a second has gone.
function Wait-Line([object[]] $Run) {
    $lines = @($Run.Readers | Where-Object Line | ForEach-Object Line)
    if ($lines.Count -gt 0) { $null = [Threading.Tasks.Task]::WaitAny([Threading.Tasks.Task[]] $lines, 500) }
    else { Start-Sleep -Milliseconds 100 }
}

function Show-Line($Run) {
    foreach ($reader in $Run.Readers) {
        while ($reader.Line -and $reader.Line.IsCompleted) {
            $line = $reader.Line.Result
            $reader.Line = $null
            if ($null -ne $line) {
                Write-Line $Run.Suite $line
                $reader.Line = $reader.Reader.ReadLineAsync()
            }
        }
    }
}

function Write-Line($Suite, [string] $Text) { Write-Host ('{0,-13}| {1}' -f $Suite.Name, $Text) }

# It has ended and so has its output. A program that it left behind may hold that open: five seconds, then it is not waited for.
function Test-Ended($Run) {
    if (-not $Run.Process.HasExited) { return $false }
    if (-not ($Run.Readers | Where-Object Line)) { return $true }
    $Run.Ended ??= [Diagnostics.Stopwatch]::StartNew()
    $Run.Ended.Elapsed.TotalSeconds -gt 5
}

function Complete-Suite($Run, [hashtable] $Counts) {
    # In one object, which a pipeline's end does not take apart.
    $count = & $Run.Suite.Count $Run.Process.ExitCode
    $Counts[$Run.Suite.Name] = $count | Add-Member Seconds ([int] $Run.Watch.Elapsed.TotalSeconds) -PassThru
    $Run.Process.Dispose()
}

# All that runs: first asked to end, which stops servers and unmounts drives; after ten seconds, killed.
function Stop-Suite([Collections.Generic.List[object]] $Runs) {
    if ($Runs.Count -eq 0) { return }
    foreach ($run in $Runs) { Send-Signal TERM $run.Process }
    $watch = [Diagnostics.Stopwatch]::StartNew()
    foreach ($run in $Runs) {
        $null = $run.Process.WaitForExit([Math]::Max(0, 10000 - [int] $watch.ElapsedMilliseconds))
        Send-Signal KILL $run.Process
        if (-not $run.Process.HasExited) { $run.Process.Kill($true) }
    }
}

# To the process group that setsid made. Without it, KILL goes to the processes that are known to descend from this one.
function Send-Signal([string] $Name, [Diagnostics.Process] $Process) {
    if ((Get-Prefix) -notcontains 'setsid') { return }
    # Not as a command: a pipeline that is being stopped starts none.
    $start = [Diagnostics.ProcessStartInfo]::new('sh')
    $arguments = '-c', 'kill -s "$1" -- "-$2" 2>/dev/null', 'sh', $Name, "$($Process.Id)"
    foreach ($argument in $arguments) { $start.ArgumentList.Add($argument) }
    [Diagnostics.Process]::Start($start).WaitForExit()
}

# A line of each suite, why tests were skipped, and what failed: last, where whoever sees only the end of the output sees it.
function Show-Sum([object[]] $Suite, [hashtable] $Counts) {
    $sum = New-Count
    Write-Host "`
== Sum"
    foreach ($one in $Suite) {
        $count = $Counts[$one.Name]
        $line = '{0,-13} {1,5} passed {2,3} failed {3,4} skipped {4,5} s'
        Write-Host ($line -f $one.Name, $count.Passed, $count.Failed, $count.Skipped, $count.Seconds)
        foreach ($key in 'Passed', 'Failed', 'Skipped') { $sum.$key += $count.$key }
        foreach ($reason in $count.Reasons | Group-Object | Sort-Object Count -Descending) {
            Write-Host ('{0,-13} {1,5} skipped: {2}' -f '', $reason.Count, $reason.Name)
        }
    }
    $failures = @(foreach ($one in $Suite) { foreach ($failure in $Counts[$one.Name].Failures) { "$($one.Name): $failure" } })
    if ($failures) { Write-Host "`
== What failed" }
    foreach ($failure in $failures | Select-Object -First 20) { Write-Host $failure }
    if ($failures.Count -gt 20) { Write-Host "... and $($failures.Count - 20) more." }
    Write-Host ''
    $sum
}

Export-ModuleMember -Function New-Suite, New-Count, Get-TrxCount, Get-NoTestCount, Format-Failure, Invoke-Suite
