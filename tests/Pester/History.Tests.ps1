# The runs of the past, and what can be done with them.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'Get-BackupHistory' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        $first = Invoke-RsyncToS3Backup $job.Path
        $second = Invoke-RsyncToS3Backup $job.Path
        $other = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $other.Path
    }

    It 'lists the runs of a job, newest first' {
        (Get-BackupHistory $job.Name).RunId | Should -Be $second.RunId, $first.RunId
    }

    It 'lists the runs of all jobs' {
        (Get-BackupHistory).Name | Sort-Object -Unique | Should -Be ($job.Name, $other.Name | Sort-Object)
    }

    It 'takes jobs from the pipeline' {
        (Import-BackupConfiguration $other.Path | Get-BackupHistory).Name | Should -Be $other.Name
    }

    It 'knows when, where and with what a run ran' {
        $run = Get-BackupHistory $job.Name -Last 1
        $run.Status | Should -Be Succeeded
        $run.StartTime | Should -BeLessOrEqual ([DateTimeOffset]::Now)
        $run.PowerShellVersion | Should -Be "$($PSVersionTable.PSVersion)"
        $run.ConfigurationPath | Should -Be (Convert-Path $job.Path)
        $run.Stage1.Total | Should -Be $second.Stage1.Total
        $run.Stage2.Requests.Total | Should -Be $second.Stage2.Requests.Total
    }

    It 'fits 100 columns' {
        Get-Screen (Get-BackupHistory) | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        Get-Screen (Get-BackupHistory) -List | Out-Null
    }

    It 'says that a job has no history' {
        Get-BackupHistory nosuchjob -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'HistoryNotFound,*'
    }

    It 'survives ConvertTo-Json and a job of PowerShell' {
        ((Get-BackupHistory $job.Name -Last 1 | ConvertTo-Json -Depth 5) | ConvertFrom-Json).RunId | Should -Be $second.RunId
        $copy = [Management.Automation.PSSerializer]::Deserialize(
            [Management.Automation.PSSerializer]::Serialize((Get-BackupHistory $job.Name -Last 1)))
        Get-Screen $copy | Should -Be (Get-Screen (Get-BackupHistory $job.Name -Last 1))
    }
}

Describe 'Stage 2 of an earlier run' {
    It 'runs again from the history' {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        Set-Content (Join-Path $job.Mirror 'added.txt') 'in the mirror only'
        (Get-BackupHistory $job.Name -Last 1 | Invoke-S3SyncStage).Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Mirror)
        Get-BackupHistory $job.Name | Should -HaveCount 2
    }

    It 'is refused when the configuration file is gone' {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        Remove-Item $job.Path
        Get-BackupHistory $job.Name | Invoke-S3SyncStage -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'ConfigurationNotFound,*'
    }

    It 'runs alone with -SkipStage1' {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        Set-Content (Join-Path $job.Source 'later.txt') 'in the source only'
        $result = Invoke-RsyncToS3Backup $job.Path -SkipStage1
        $result.Stage1.Status | Should -Be Skipped
        $result.Status | Should -Be Succeeded
        Join-Path $job.Mirror 'later.txt' | Should -Not -Exist
    }
}

Describe 'Remove-BackupHistory' {
    It 'removes what it says with -WhatIf, and nothing else' {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        $null = Invoke-RsyncToS3Backup $job.Path
        Remove-BackupHistory $job.Name -WhatIf
        Get-BackupHistory $job.Name | Should -HaveCount 2
        Get-BackupHistory $job.Name -Last 1 | Remove-BackupHistory
        Get-BackupHistory $job.Name | Should -HaveCount 1
        Remove-BackupHistory $job.Name
        Get-BackupHistory $job.Name | Should -BeNullOrEmpty
        Get-BucketContent $job.Prefix | Should -HaveCount 3
    }
}

Describe 'A job that is running' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        $lock = Get-ChildItem (Join-Path $TestDrive 'state') -Recurse -Filter run.lock | Where-Object { $_.Directory.Name -like "*$($job.Name)*" }
        $held = [IO.File]::Open($lock.FullName, 'Open', 'ReadWrite', 'None')
    }

    AfterAll { $held.Dispose() }

    It 'is not started twice, and a process is told so with 4' {
        Invoke-RsyncToS3Backup $job.Path -ErrorVariable problem -ErrorAction SilentlyContinue | Out-Null
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobAlreadyRunning,*'
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 4
    }

    It 'is waited for no longer than asked for' {
        (Invoke-RsyncToS3Backup $job.Path -WaitForLock 1s -ErrorAction SilentlyContinue).ExitCode | Should -Be AlreadyRunning
    }

    It 'does not keep -WhatIf from telling what would happen' {
        Invoke-RsyncToS3Backup $job.Path -WhatIf -ErrorAction Stop
    }
}
