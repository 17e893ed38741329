# Lifecycle rules of a job in its bucket: what a user types, and what the bucket has then.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory
    $job = New-TestJob $TestDrive
    Copy-Item $job.Path $jobs
}

AfterAll { Stop-TestSession }

Describe 'The lifecycle rules of a job' {
    It 'are none before somebody asks' {
        Get-BackupLifecycle $job.Name | Should -BeNullOrEmpty
        Set-BackupLifecycle $job.Name -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'LifecycleNotConfigured,*'
    }

    It 'are asked for with parameters' {
        Set-BackupConfiguration $job.Name -LifecycleTransition @{ afterDays = 90; storageClass = 'GLACIER_IR' } -NoncurrentExpireAfterDays 180
        (Get-BackupLifecycle $job.Name).Status | Should -Be Missing, Missing
    }

    It 'are shown as a difference with -WhatIf' {
        Set-BackupLifecycle $job.Name -WhatIf
        (Get-BackupLifecycle $job.Name).Status | Should -Be Missing, Missing
    }

    It 'are written, and written once' {
        Set-BackupLifecycle $job.Name
        (Get-BackupLifecycle $job.Name).Status | Should -Be InPlace, InPlace
        (Set-BackupLifecycle $job.Name -Verbose 4>&1).Message | Should -BeLike '*already*'
    }

    It 'fit a screen of 79 columns' {
        $screen = Get-Screen (Get-BackupLifecycle $job.Name) 79
        $screen -join "`n" | Should -BeLike '*InPlace*to GLACIER_IR after 90 days*old versions expire after 180*'
        $screen | ForEach-Object { $_.Length | Should -BeLessOrEqual 79 }
    }

    It 'are not touched by a run' {
        (Invoke-RsyncToS3Backup -Name $job.Name).Status | Should -Be Succeeded
        (Get-BackupLifecycle $job.Name).Status | Should -Be InPlace, InPlace
    }

    It 'differ when the job asks for something else' {
        Set-BackupConfiguration $job.Name -NoncurrentExpireAfterDays 90
        $different = Get-BackupLifecycle $job.Name | Where-Object Status -EQ Different
        $different.Difference | Should -Be '-     old versions expire after 180 days', '+     old versions expire after 90 days'
        (Set-BackupLifecycle $job.Name -PassThru).Status | Should -Be InPlace, InPlace
    }

    It 'are refused where S3 would refuse them' {
        Set-BackupConfiguration $job.Name -LifecycleTransition @{ afterDays = 29; storageClass = 'STANDARD_IA' } -ErrorVariable problem -ErrorAction SilentlyContinue
        "$problem" | Should -BeLike '*younger than 30 days*'
    }

    It 'are removed' {
        Remove-BackupLifecycle $job.Name
        (Get-BackupLifecycle $job.Name).Status | Should -Be Missing, Missing
        Set-BackupConfiguration $job.Name -Clear LifecycleTransition, NoncurrentExpireAfterDays
        (Get-BackupJob $job.Name).Problems | Should -BeNullOrEmpty
    }
}
