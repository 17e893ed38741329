# What a run would do.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'Invoke-RsyncToS3Backup -PlanOnly' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        $plan = Invoke-RsyncToS3Backup $job.Path -PlanOnly
    }

    It 'says what the run then does' {
        $plan.Status | Should -Be Succeeded
        $result = Invoke-RsyncToS3Backup $job.Path
        $plan.Stage1.Created | Should -Be $result.Stage1.Created
        $plan.Stage2.Created | Should -Be $result.Stage2.Created
        $plan.Stage2.Requests.Total | Should -Be $result.Stage2.Requests.Total
        $plan.Stage2.EstimatedRequestCost | Should -Be $result.Stage2.EstimatedRequestCost
    }

    It 'leaves no run in the history' {
        $other = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $other.Path -PlanOnly
        Get-BackupHistory $other.Name -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'fits 100 columns' {
        Get-Screen $plan | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        Get-Screen $plan -List | Out-Null
    }

    It 'survives ConvertTo-Json and a job of PowerShell' {
        ($plan | ConvertTo-Json -Depth 4 | ConvertFrom-Json).Stage2.Created | Should -Be $plan.Stage2.Created
        $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($plan))
        Get-Screen $copy | Should -Be (Get-Screen $plan)
    }
}
