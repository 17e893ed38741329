# What a job may send a day and how long a run may take, as a user sees it.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive

    # The bytes of today, as if they had gone out the day before.
    function Set-Yesterday([string] $Name) {
        $path = Join-Path $env:RSYNCS3BACKUP_STATE $Name 'upload.json'
        $kept = Get-Content $path -Raw | ConvertFrom-Json
        $kept.day = ([datetime] $kept.day).AddDays(-1).ToString('yyyy-MM-dd')
        $kept | ConvertTo-Json | Set-Content $path
    }

    function Add-Photo([string] $Folder, [string[]] $Name) {
        foreach ($one in $Name) {
            [IO.File]::WriteAllBytes((Join-Path $Folder $one), [Security.Cryptography.RandomNumberGenerator]::GetBytes(400KB))
        }
    }
}

AfterAll { Stop-TestSession }

Describe 'A first upload of more than a day may send' {
    BeforeAll {
        $job = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true } -S3 @{ maxUpload = '1MiB'; deleteFromS3 = $true }
        Set-TestEnvironment RSYNCS3BACKUP_JOBS $job.Folder
        Add-Photo $job.Source p1.jpg, p2.jpg, p3.jpg
        $paused = Invoke-RsyncToS3Backup $job.Path -ErrorVariable problem
    }

    It 'is paused without an error, with the mirror complete' {
        $paused.Status, $paused.Stage1.Status, $paused.Stage2.Status | Should -Be Paused, Succeeded, Paused
        $problem | Should -BeNullOrEmpty
        $paused.ExitCode | Should -Be Succeeded
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
    }

    It 'says why, what remains and when it goes on' {
        $paused.Stage2.RemainingItems | Should -BeGreaterThan 0
        $paused.Stage2.RemainingBytes | Should -BeGreaterOrEqual 400KB
        $paused.Stage2.PausedReason | Should -BeLike "The day's maxUpload (1.0 MiB) is used up: * remain*, and a run after * goes on."
        (Get-Screen $paused.Stage2 -List -Width 200) -join ' ' | Should -BeLike "*Paused because : The day's maxUpload*"
        (Get-Screen $paused -Width 200) -join ' ' | Should -BeLike "*Paused*The day's maxUpload*"
        (Get-BackupHistory $job.Name -Last 1).Status | Should -Be Paused
    }

    It 'tells when it is done, also by the job' {
        $paused.Stage2.UploadRuns | Should -Be 1
        ($paused.Stage2.ForecastEnd - $paused.Stage2.StartTime).TotalDays | Should -BeGreaterOrEqual 1
        ($paused.Stage2.ForecastEnd - $paused.Stage2.StartTime).TotalDays | Should -BeLessThan 1.1
        (Get-BackupJob $job.Name).ForecastEnd | Should -Be $paused.Stage2.ForecastEnd
        $listed = Import-BackupConfiguration $job.Path | ForEach-Object { Get-BackupHistory $_.Name -Last 1 }
        $listed.Stage2.ForecastEnd | Should -Be $paused.Stage2.ForecastEnd
        (Get-Screen $paused.Stage2 -List -Width 200) -join ' ' | Should -BeLike "*Remaining *KiB, in the bucket about $($paused.Stage2.ForecastEnd.ToString('yyyy-MM-dd'))*"
    }

    It 'ends a process with 0' {
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 0
    }

    It 'goes on the next day, and is the source byte by byte then' {
        Set-Yesterday $job.Name
        $whole = Invoke-RsyncToS3Backup $job.Path
        $whole.Status | Should -Be Succeeded
        $whole.Stage2.RemainingItems | Should -Be 0
        $whole.Stage2.UploadRuns | Should -Be 3
        $whole.Stage2.PausedReason | Should -BeNullOrEmpty
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'deletes nothing while something waits' {
        Remove-Item (Join-Path $job.Source 'a.txt')
        Add-Photo $job.Source q1.jpg, q2.jpg, q3.jpg
        (Invoke-RsyncToS3Backup $job.Path).Stage2.Deleted | Should -Be 0
        Set-Yesterday $job.Name
        (Invoke-RsyncToS3Backup $job.Path).Stage2.Deleted | Should -Be 1
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'runs to its end with -NoPause' {
        Add-Photo $job.Source r1.jpg, r2.jpg, r3.jpg
        (Invoke-RsyncToS3Backup $job.Path -NoPause).Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'runs stage 2 alone to its end with -NoPause' {
        Add-Photo $job.Source s1.jpg
        $null = Invoke-RsyncStage $job.Path -NoPause
        (Invoke-S3SyncStage $job.Path).Status | Should -Be Paused
        (Invoke-S3SyncStage $job.Path -NoPause).Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }
}

Describe 'A limit of what comes from S3' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        Add-Photo $job.Source p1.jpg, p2.jpg, p3.jpg
        $null = Invoke-RsyncToS3Backup $job.Path
    }

    It 'is kept by Restore-Backup and Test-Backup' {
        # 1.2 MB at half of that a second, of which a quarter of a second's comes at once.
        $time = Measure-Command { $restored = Restore-Backup $job.Path "$TestDrive/limited" -From S3 -BandwidthLimit 500kB }
        $restored.Status | Should -Be Succeeded
        $time.TotalSeconds | Should -BeGreaterThan 1.5
        $time = Measure-Command { $tested = Test-Backup $job.Path -Level Full -BandwidthLimit 500kB }
        $tested.Status | Should -Be Succeeded
        $time.TotalSeconds | Should -BeGreaterThan 1.5
    }

    It 'is no timetable, and none is offered' {
        { Restore-Backup $job.Path "$TestDrive/never" -BandwidthLimit '08:00 1MiB, 23:00 off' } | Should -Throw '*bytes a second*'
        { Test-Backup $job.Path -BandwidthLimit '08:00 1MiB, 23:00 off' } | Should -Throw '*bytes a second*'
        foreach ($line in 'Restore-Backup x -BandwidthLimit ', 'Set-BackupConfiguration x -BandwidthLimit ') {
            $offered = [Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
            @($offered -like '*:*').Count -gt 0 | Should -Be ($line -like 'Set*')
        }
    }
}

Describe 'Hours and quotas in a configuration file' {
    It 'are written by New-BackupConfiguration' {
        $path = Join-Path $TestDrive 'hours.json'
        $job = New-BackupConfiguration $path /data /mnt/backup my-bucket -MaxUpload 20GiB -StopAt 07:00 -PassThru `
            -S3BandwidthLimit '08:00 1MiB, 23:00 off' -WarningAction Ignore
        $job.StopAt, $job.Options.Rsync.SyncToS3.MaxUpload | Should -Be '07:00', 20GB
        $job.Options.Rsync.SyncToS3.BandwidthTimetable | Should -Be '08:00 1MiB, 23:00 off'
    }

    It 'are refused with what is right where they are wrong' {
        $path = Join-Path $TestDrive 'wrong.json'
        New-BackupConfiguration $path /data /mnt/backup my-bucket -MaxUpload 20 -StopAt 7am -BandwidthLimit '23:00 off, 08:00 1MiB' `
            -ErrorAction SilentlyContinue -ErrorVariable problem
        "$problem" | Should -BeLike "*'20GiB'*"
        "$problem" | Should -BeLike "*begins before the entry that stands before it*"
        "$problem" | Should -BeLike "*a time from '00:00' to '23:59'*"
    }
}
