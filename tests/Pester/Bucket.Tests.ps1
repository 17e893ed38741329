# The bucket of a job: made, looked at, changed when it is asked for.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory
    $job = New-TestJob $TestDrive
    Copy-Item $job.Path $jobs
    function Get-Setting($Settings, [string] $Name) { $Settings | Where-Object Setting -EQ $Name }
}

AfterAll { Stop-TestSession }

Describe 'A bucket that is there' {
    It 'is looked at and not changed' {
        $found = Initialize-BackupBucket $job.Name
        $found.Setting | Should -Be Bucket, Versioning, ObjectLock, PublicAccess, Encryption, UnfinishedUploads
        (Get-Setting $found PublicAccess).Status | Should -Be Different
        (Get-Setting (Initialize-BackupBucket $job.Name) PublicAccess).Status | Should -Be Different
    }

    It 'is not changed with -WhatIf' {
        $found = Initialize-BackupBucket $job.Name -Update -Versioning -WhatIf
        (Get-Setting $found Versioning).Status | Should -Be Different
    }

    It 'is changed with -Update, and then it is as it should be' {
        $found = Initialize-BackupBucket $job.Name -Update -Versioning
        (Get-Setting $found PublicAccess).Status | Should -Be Changed
        (Get-Setting $found Versioning).Status | Should -Be Changed
        (Get-Setting (Initialize-BackupBucket $job.Name -Versioning) Versioning).Status | Should -Be InPlace
    }

    It 'fits a screen of 79 columns' {
        $screen = Get-Screen (Initialize-BackupBucket $job.Name) 79
        $screen -join "`n" | Should -BeLike '*Bucket: *Setting*Status*Wanted*Found*Versioning*InPlace*any*Enabled*'
        $screen | ForEach-Object { $_.Length | Should -BeLessOrEqual 79 }
    }
}

Describe 'A bucket that is not there' {
    BeforeAll {
        $new = New-TestJob $TestDrive -Destination @{ bucket = 'made-by-a-test' }
        Copy-Item $new.Path $jobs
        Set-BackupConfiguration $new.Name -ObjectLockMode governance -ObjectLockDays 1
    }

    It 'is not made with -WhatIf' {
        Initialize-BackupBucket $new.Name -WhatIf | Should -BeNullOrEmpty
        (Invoke-RsyncToS3Backup -Name $new.Name -ErrorAction SilentlyContinue).Stage2.Error.Id | Should -Be S3BucketNotFound
    }

    It 'is made as the job needs it, and the job runs and locks what it sends' {
        $found = Initialize-BackupBucket $new.Name
        (Get-Setting $found Bucket).Status | Should -Be Changed
        (Get-Setting $found ObjectLock).Found | Should -Be Enabled
        (Get-Setting $found PublicAccess).Status | Should -Be Changed
        (Invoke-RsyncToS3Backup -Name $new.Name).Status | Should -Be Succeeded
    }
}
