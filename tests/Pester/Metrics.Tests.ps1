# What Prometheus is told of jobs, as a user asks for it.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory
    $metrics = Convert-Path (New-Item (Join-Path $TestDrive 'metrics') -ItemType Directory)

    function New-Job([hashtable] $More = @{}) {
        $job = New-TestJob $TestDrive
        (Get-Content $job.Path -Raw | ConvertFrom-Json -AsHashtable) + $More | ConvertTo-Json -Depth 6 |
            Set-Content (Join-Path $jobs "$($job.Name).json")
        $job
    }

    # The states that a job is in, as the text says it.
    function Get-State([string] $Text, [string] $Job, [string] $Of = 'last_run') {
        [regex]::Matches($Text, "rsyncs3backup_${Of}_status{backup_job=`"$Job`",host=`"[^`"]+`",status=`"(\w+)`"} 1(?=\r?\n|$)").ForEach{ $_.Groups[1].Value }
    }

    $good = New-Job @{ metrics = @{ path = $metrics }; schedule = @{ cronExpression = '0 2 * * *' } }
    $bad = New-Job
    $new = New-Job
    $elsewhere = New-TestJob $TestDrive
    Set-Content (Join-Path $jobs 'broken.json') '{ "sources": 1 }'
    Remove-Item $bad.Source -Recurse
    $null = Invoke-RsyncToS3Backup -Name $good.Name
    $null = Invoke-RsyncToS3Backup -Name $bad.Name -ErrorAction SilentlyContinue
    $null = Invoke-RsyncToS3Backup $elsewhere.Path
}

AfterAll { Stop-TestSession }

Describe 'Export-BackupMetric' {
    It 'shows each job as what it is' {
        $text = Export-BackupMetric
        Get-State $text $good.Name | Should -Be succeeded
        Get-State $text $bad.Name | Should -Be refused
        Get-State $text $new.Name | Should -Be never_run
        Get-State $text $elsewhere.Name | Should -Be succeeded
        Get-State $text broken | Should -Be never_run
        Get-State $text $good.Name last_test | Should -Be never_run
        $text | Should -Match "configuration_valid{backup_job=`"broken`",host=`"[^`"]+`"} 0"
        $text | Should -Match "last_success_timestamp_seconds{backup_job=`"$($bad.Name)`",host=`"[^`"]+`"} 0"
    }

    It 'says when the copies were tested, and the file of the runs says it too' {
        $null = Test-Backup -Name $good.Name
        Get-State (Export-BackupMetric $good.Name) $good.Name last_test | Should -Be succeeded
        Get-State (Get-Content (Join-Path $metrics "rsyncs3backup-$($good.Name).prom") -Raw) $good.Name last_test | Should -Be succeeded
    }

    It 'shows the jobs that are named' {
        Export-BackupMetric $new.Name | Should -Not -Match $good.Name
        Get-BackupJob $bad.Name, $new.Name | Export-BackupMetric | Should -Match $bad.Name
        Export-BackupMetric nosuchjob -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobNotFound,*'
    }

    It 'writes a file' {
        $path = Join-Path $TestDrive 'all.prom'
        Export-BackupMetric -Path $path -WhatIf
        $path | Should -Not -Exist
        (Export-BackupMetric -Path $path -PassThru).FullName | Should -Be (Convert-Path $path)
        Get-Content $path -Raw | Should -Be "$(Export-BackupMetric)`n"
        Export-BackupMetric -Path (Join-Path $TestDrive 'no/such.prom') -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'MetricsNotWritten,*'
    }

    It 'is what Prometheus takes' {
        if (-not (Get-Command promtool -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no promtool' }
        $said = Export-BackupMetric | promtool check metrics 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$said"
    }
}

Describe 'The metrics of a job that is removed' {
    It 'are removed with it' {
        $job = New-Job @{ metrics = @{ path = $metrics } }
        $null = Invoke-RsyncToS3Backup -Name $job.Name
        $path = Join-Path $metrics "rsyncs3backup-$($job.Name).prom"
        $path | Should -Exist
        Rename-BackupJob $job.Name "$($job.Name)-2" -Confirm:$false
        $path | Should -Not -Exist
        $null = Invoke-RsyncToS3Backup -Name "$($job.Name)-2"
        Remove-BackupJob "$($job.Name)-2" -Confirm:$false -WarningAction SilentlyContinue
        Get-ChildItem $metrics -Filter "*$($job.Name)*" | Should -BeNullOrEmpty
    }
}
