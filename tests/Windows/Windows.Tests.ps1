# What is different on Windows, in Windows' own PowerShell under Wine: windows.sh starts it, and the S3 server outside.
#requires -Version 7.4
BeforeDiscovery { Set-StrictMode -Version Latest }

BeforeAll {
    Set-StrictMode -Version Latest
    $ErrorActionPreference = 'Stop'
    Import-Module C:\module\RsyncS3Backup.psd1
    $work = 'C:\work'
    $null = New-Item $work -ItemType Directory -Force
    $env:RSYNCS3BACKUP_STATE = 'C:\state'

    # A job with a source of two files; -Rsync is put into its options.
    function New-Job([string] $Name, [hashtable] $Rsync = @{}) {
        $null = New-Item "$work\$Name\sub" -ItemType Directory -Force
        [IO.File]::WriteAllText("$work\$Name\plain.txt", 'plain')
        [IO.File]::WriteAllText("$work\$Name\sub\b.txt", 'b')
        $options = @{
            rsyncPath = 'C:\cygwin\bin\rsync.exe'; localDestination = "$work\$Name-mirror"; deleteExtraneous = $true
            syncToS3 = @{ s3Prefix = "$Name/"; deleteFromS3 = $true }
        }
        foreach ($key in $Rsync.Keys) { $options[$key] = $Rsync[$key] }
        @{
            backupType = 'rsync-to-s3'; name = $Name; sources = @(@{ path = "$work\$Name" }); options = @{ rsync = $options }
            destination = @{ bucket = 'windows'; region = 'us-east-1'; endpointUrl = $env:S3_ENDPOINT; forcePathStyle = $true }
        }
    }

    # The configuration file of a job whose first run takes minutes.
    function New-SlowJob([string] $Name) {
        New-Job $Name @{ bandwidthLimit = '100KB' } | ConvertTo-Json -Depth 9 | Set-Content "$work\$Name.json"
        [IO.File]::WriteAllBytes("$work\$Name\big", [byte[]]::new(30MB))
        "$work\$Name.json"
    }

    # True when rsync is at work on the large file.
    function Wait-Rsync([string] $Name) {
        foreach ($try in 1..300) {
            if (Get-ChildItem "$work\$Name-mirror\.big*" -Force -ErrorAction Ignore) { return $true }
            [Threading.Thread]::Sleep(100)
        }
        $false
    }

    function Get-Hashes([string] $Folder) {
        Get-ChildItem $Folder -Recurse -File | Where-Object Name -NE '.rsyncs3backup.json' | ForEach-Object {
            "$([IO.Path]::GetRelativePath($Folder, $_.FullName)) $((Get-FileHash $_.FullName).Hash)"
        } | Sort-Object
    }
}

Describe 'On Windows' -Tag Windows {
    It 'backs up, sends what changed, restores from both copies and fetches nothing twice' {
        $job = New-Job whole
        $first = Invoke-RsyncToS3Backup -Config $job
        [IO.File]::WriteAllText("$work\whole\plain.txt", 'changed')
        Remove-Item "$work\whole\sub\b.txt"
        $second = Invoke-RsyncToS3Backup -Config $job

        $first.Status, $second.Status | Should -Be Succeeded, Succeeded
        $second.Stage2.SyncMode | Should -Be Journal
        $second.Stage2.Updated, $second.Stage2.Deleted | Should -Be 1, 1
        foreach ($from in 'Local', 'S3') {
            (Restore-Backup -Config $job -From $from -Destination "$work\back-$from").Status | Should -Be Succeeded
            (Restore-Backup -Config $job -From $from -Destination "$work\back-$from").Restored | Should -Be 0
            Get-Hashes "$work\back-$from" | Should -Be (Get-Hashes "$work\whole")
        }
    }

    It 'takes names with quotes and spaces, and patterns with quotes, as they are' {
        $job = New-Job "O'Brien & co" @{ excludePatterns = @("it's.tmp", "that's.tmp") }
        foreach ($name in "it's.tmp", "that's.tmp", "kept's [1].txt") { [IO.File]::WriteAllText("$work\O'Brien & co\$name", $name) }

        (Invoke-RsyncToS3Backup -Config $job).Status | Should -Be Succeeded

        (Get-ChildItem "$work\O'Brien & co-mirror" -File).Name | Sort-Object |
            Should -Be '.rsyncs3backup.json', "kept's [1].txt", 'plain.txt'
    }

    It 'copies and uploads nothing after a lost catalog' {
        $job = New-Job lost
        $null = Invoke-RsyncToS3Backup -Config $job
        Remove-Item C:\state\lost\catalog.db*

        $result = Invoke-RsyncToS3Backup -Config $job

        $result.Stage2.SyncMode | Should -Be Reconcile
        $result.Stage2.Requests.Put, $result.Stage2.Requests.Copy, $result.Stage2.Unchanged | Should -Be 0, 0, 2
    }

    It 'sends what ordinary programs cannot open, and restores it under another name' {
        $job = New-Job names
        foreach ($name in 'aux.txt', 'con', 'trail.') { [IO.File]::WriteAllText("\\?\$work\names\$name", $name) }

        $result = Invoke-RsyncToS3Backup -Config $job
        $refused = Restore-Backup -Config $job -From S3 -Destination "$work\names-1" -ErrorAction SilentlyContinue
        $renamed = Restore-Backup -Config $job -From S3 -Destination "$work\names-2" -RenameInvalid -WarningAction Ignore

        $result.Stage2.Created | Should -Be 5
        $refused.FailedItems.Id | Should -Be (@('RestoreNameNotHeld') * 3)
        $renamed.RenamedItems.RestoredPath | Should -Be 'aux_~0857d0.txt', 'con_~1143da', 'trail_~cedd4b'
        [IO.File]::ReadAllText("$work\names-2\con_~1143da") | Should -Be con
    }

    It 'replaces a file that is read-only, and says of one that is open that it is' {
        $job = New-Job busy
        $null = Invoke-RsyncToS3Backup -Config $job
        $old = [datetime] '2001-01-01'
        $null = New-Item "$work\busy-back" -ItemType Directory
        [IO.File]::WriteAllText("$work\busy-back\plain.txt", 'older')
        [IO.File]::SetLastWriteTime("$work\busy-back\plain.txt", $old)
        [IO.File]::SetAttributes("$work\busy-back\plain.txt", 'ReadOnly')

        $replaced = Restore-Backup -Config $job -From S3 -Destination "$work\busy-back"
        $replaced.Failed | Should -Be 0
        [IO.File]::ReadAllText("$work\busy-back\plain.txt") | Should -Be plain

        [IO.File]::WriteAllText("$work\busy-back\plain.txt", 'older')
        [IO.File]::SetLastWriteTime("$work\busy-back\plain.txt", $old)
        $open = [IO.File]::Open("$work\busy-back\plain.txt", 'Open', 'Read', 'Read')
        try { $refused = Restore-Backup -Config $job -From S3 -Destination "$work\busy-back" -ErrorAction SilentlyContinue }
        finally { $open.Dispose() }
        $refused.FailedItems[0].Message | Should -BeLike "*another program has '*plain.txt' open*"
    }

    It 'knows hard links again, and which copy is good when a file changed without its time' {
        $job = New-Job links @{ hardLinks = $true }
        $null = New-Item "$work\links\second" -ItemType HardLink -Target "$work\links\plain.txt"
        $null = Invoke-RsyncToS3Backup -Config $job
        $first = Restore-Backup -Config $job -From S3 -Destination "$work\links-back"
        $again = Restore-Backup -Config $job -From S3 -Destination "$work\links-back"
        $file = "$work\links-mirror\plain.txt"
        $time = [IO.File]::GetLastWriteTimeUtc($file)
        [IO.File]::WriteAllText($file, 'PLAIN')
        [IO.File]::SetLastWriteTimeUtc($file, $time)

        $found = Test-Backup -Config $job -Level Checksums -ErrorAction SilentlyContinue | Where-Object { $_ -is [RsyncS3Backup.BackupDifference] }

        $first.Restored, $again.Restored | Should -Be 3, 0
        [IO.File]::WriteAllText("$work\links-back\plain.txt", 'both')
        [IO.File]::ReadAllText("$work\links-back\second") | Should -Be both
        $found.Kind | Should -Be MirrorCorrupted, MirrorCorrupted
        $found.GoodCopy | Should -Be S3, S3
    }

    It 'repairs what ordinary programs cannot open' {
        $job = New-Job dots
        $null = [IO.Directory]::CreateDirectory("\\?\$work\dots\folder.")
        [IO.File]::WriteAllText("\\?\$work\dots\folder.\trail.", 'good')
        $null = Invoke-RsyncToS3Backup -Config $job
        [IO.File]::Delete("\\?\$work\dots-mirror\folder.\trail.")

        $job | ConvertTo-Json -Depth 9 | Set-Content "$work\dots.json"

        $found = Test-Backup -ConfigPath "$work\dots.json" -ErrorAction SilentlyContinue
        $repaired = $found | Repair-Backup -Confirm:$false

        ($repaired | Where-Object Path -EQ folder./trail.).Status | Should -Be Succeeded
        [IO.File]::ReadAllText("\\?\$work\dots-mirror\folder.\trail.") | Should -Be good
    }

    It 'tells the event log, and runs where it may not describe its entries' {
        $job = New-Job told
        $job.log = @{ system = $true }

        $result = Invoke-RsyncToS3Backup -Config $job

        $result.Status | Should -Be Succeeded
        [IO.File]::ReadAllText($result.LogPath) | Should -Not -BeLike "*system's log is not told*"
        (Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\rsyncs3backup).EventMessageFile |
            Should -BeLike '*EventCreate.exe'
    }

    It 'loses no line of a log that several runs share' {
        $script = {
            param($number)
            Import-Module C:\module\RsyncS3Backup.psd1
            $core = [RsyncS3Backup.BackupResult].Assembly
            $copy = $core.GetType('RsyncS3Backup.Observation.LogCopy')
            $log = $copy.GetMethod('Open').Invoke($null, @('C:\work\shared.jsonl', 'job', "run$number"))
            $write = $copy.GetMethod('Write')
            foreach ($line in 1..300) { $null = $write.Invoke($log, @(, [Text.Encoding]::UTF8.GetBytes("$number $line`n"))) }
            $log.Dispose()
        }
        1..4 | ForEach-Object { Start-ThreadJob $script -ArgumentList $_ } | Receive-Job -Wait -AutoRemoveJob

        @([IO.File]::ReadAllLines('C:\work\shared.jsonl')).Count | Should -Be 1200
    }

    It 'stops rsync within seconds' {
        $config = New-SlowJob stopped
        $state = [initialsessionstate]::CreateDefault2()
        $state.ExecutionPolicy = 'Bypass'
        $run = [powershell]::Create([initialsessionstate] $state)
        $null = $run.AddScript("Import-Module C:\module\RsyncS3Backup.psd1; Invoke-RsyncToS3Backup -ConfigPath '$config'")
        $null = $run.BeginInvoke()
        try { Wait-Rsync stopped | Should -BeTrue }
        finally {
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $run.Stop()
        }
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 8
        (Get-BackupHistory stopped -Last 1).Status | Should -Be Cancelled
    }

    It 'takes rsync along when it is killed' {
        $config = New-SlowJob killed
        # Held open by the run and by rsync, each as long as it lives.
        function Test-Held {
            foreach ($journal in [IO.Directory]::GetFiles('C:\state\killed\journal', '*.changes')) {
                try { [IO.File]::Open($journal, 'Open', 'Read', 'None').Dispose() } catch { return $true }
            }
            $false
        }
        function Get-Size { @(Get-ChildItem "$work\killed-mirror" -Force -File | ForEach-Object { "$($_.Name) $($_.Length)" }) -join ', ' }
        $process = Start-Process C:\pwsh\pwsh.exe -PassThru -NoNewWindow -ArgumentList @(
            '-NoProfile', '-ExecutionPolicy', 'Bypass', '-Command'
            "Import-Module C:\module\RsyncS3Backup.psd1; Invoke-RsyncToS3Backup -ConfigPath '$config'"
        )
        try {
            Wait-Rsync killed | Should -BeTrue
            Test-Held | Should -BeTrue
        }
        finally { $process.Kill() }

        foreach ($try in 1..50) { if (-not (Test-Held)) { break }; [Threading.Thread]::Sleep(100) }
        Test-Held | Should -BeFalse
        $size = Get-Size
        [Threading.Thread]::Sleep(1500)
        Get-Size | Should -Be $size
    }

    It 'registers a task that starts the job, whatever code page schtasks prints in' -ForEach 850, 932 {
        $env:FAKE_CP = $_
        $job = New-Job 'Łukasz 能' @{ syncToS3 = @{ enabled = $false } }
        $job.schedule = @{ cronExpression = '0 2 * * *' }
        $job | ConvertTo-Json -Depth 9 | Set-Content "$work\Łukasz 能.json"

        $registered = Register-BackupSchedule -ConfigPath "$work\Łukasz 能.json" -PassThru -WarningAction Ignore
        Start-BackupSchedule 'Łukasz 能'
        $program, $arguments = $registered.Command
        & $program @arguments

        $registered.State | Should -Be Active
        $LASTEXITCODE | Should -Be 0
        (Get-BackupHistory 'Łukasz 能' -Last 1).Status | Should -Be Succeeded
        Unregister-BackupSchedule 'Łukasz 能' -Confirm:$false
    }
}
