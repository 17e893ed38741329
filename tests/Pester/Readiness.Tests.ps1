# Whether a job can run, as a user asks it.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory
    $job = New-TestJob $TestDrive -S3 @{ deleteFromS3 = $true }
    Copy-Item $job.Path $jobs
    $local = 'Configuration', 'Rsync', 'Source', 'Mirror', 'Room', 'State'
    $remote = 'Credentials', 'Bucket', 'Prefix', 'Right', 'BucketSetting', 'Lifecycle', 'Clock'
}

AfterAll { Stop-TestSession }

Describe 'Test-BackupReadiness' {
    It 'passes what is ready, and changes nothing' {
        $found = Test-BackupReadiness $job.Name -Check ($local + $remote)
        $found | Where-Object Status -EQ Failed | Should -BeNullOrEmpty
        $found.Check | Select-Object -Unique | Should -Be ($local[0..3] + 'State', 'Room' + $remote)
        Get-BucketContent $job.Prefix | Should -BeNullOrEmpty
        $job.Mirror | Should -Not -Exist
    }

    It 'says what is wrong, with what to do, and the exit code that a run would have' {
        $gone = New-TestJob $TestDrive
        Remove-Item $gone.Source -Recurse
        $found = Test-BackupReadiness -ConfigPath $gone.Path -Check Source, Mirror
        $found.Status | Should -Be Failed, Passed
        $found[0].ErrorId | Should -Be SourceMissing
        $found[0].Recommendation | Should -Not -BeNullOrEmpty
        Invoke-ChildShell "Test-BackupReadiness -ConfigPath '$($gone.Path)' -Check Source -ExitCode" | Should -Be 3
        Invoke-ChildShell "Test-BackupReadiness -ConfigPath '$($gone.Path)' -Check Mirror -ExitCode" | Should -Be 0
    }

    It 'takes jobs from Get-BackupJob, and tells of files that cannot be read' {
        (Get-BackupJob | Test-BackupReadiness -Check Rsync).Name | Should -Be $job.Name
        Set-Content (Join-Path $jobs 'broken.json') '{'
        Test-BackupReadiness broken -ErrorVariable told -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $told.FullyQualifiedErrorId | Should -BeLike 'ConfigurationMalformed,*'
        Remove-Item (Join-Path $jobs 'broken.json')
    }

    It 'fits a screen of 79 columns' {
        $screen = Get-Screen (Test-BackupReadiness $job.Name -Check ($local + $remote)) 79
        $screen -join "`n" | Should -BeLike "*Job: $($job.Name)*Check*Status*Detail*Right*Passed*s3:PutObject is allowed.*BucketSetting*Warning*"
        $screen | ForEach-Object { $_.Length | Should -BeLessOrEqual 79 }
    }

    It 'asks whether something starts the job' {
        $found = Test-BackupReadiness $job.Name -Check Scheduler
        $found[0].Check | Should -Be Scheduler
        $found[0].Detail | Should -BeLike 'The job has no schedule and is registered with no scheduler*'
    }
}

Describe 'A new configuration' {
    It 'is warned of when it could not run' {
        $path = Join-Path $TestDrive 'new.json'
        New-BackupConfiguration $path -Source $job.Source -Destination (Join-Path $TestDrive 'new') -LocalOnly `
            -RsyncPath (Join-Path $TestDrive 'no-rsync') -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -BeLike 'A run would fail now: *no-rsync*'
    }
}
