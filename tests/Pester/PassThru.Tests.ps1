# Single actions as objects.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'Invoke-RsyncToS3Backup -PassThru' {
    It 'emits an object for every entry, and the result last' {
        $job = New-TestJob $TestDrive
        $objects = Invoke-RsyncToS3Backup $job.Path -PassThru
        $objects[-1] | Should -BeOfType RsyncS3Backup.BackupResult
        $actions = $objects | Where-Object { $_ -is [RsyncS3Backup.BackupAction] }
        $actions.Count | Should -Be ($objects.Count - 1)
        @($actions | Where-Object { $_.Stage -eq 2 -and $_.Action -eq 'Created' }).Count | Should -Be $objects[-1].Stage2.Created
    }

    It 'stops for Select-Object -First, and the next run makes good what is missing' {
        $job = New-TestJob $TestDrive
        (Invoke-RsyncToS3Backup $job.Path -PassThru | Select-Object -First 1).Stage | Should -Be 1
        (Invoke-RsyncToS3Backup $job.Path).Status | Should -Be Succeeded
    }

    It 'fits 100 columns and survives a job of PowerShell' {
        $job = New-TestJob $TestDrive
        $actions = Invoke-RsyncToS3Backup $job.Path -PassThru -PlanOnly | Select-Object -SkipLast 1
        Get-Screen $actions | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($actions))
        Get-Screen $copy | Should -Be (Get-Screen $actions)
    }
}
