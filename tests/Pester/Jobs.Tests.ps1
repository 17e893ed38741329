# Jobs by name, the list of jobs, and several jobs at once.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory
    $first = New-TestJob $TestDrive
    $second = New-TestJob $TestDrive
    Copy-Item $first.Path, $second.Path $jobs
    Set-Content (Join-Path $jobs 'broken.json') '{ "sources": 1 }'
    # Pester takes away what a block has made, and a mirror that is made anew is another one, to which the prefix does not belong.
    $null = Invoke-RsyncToS3Backup -Name $first.Name

    function Complete([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}

AfterAll { Stop-TestSession }

Describe 'A job in the job folder' {
    It 'runs by its name' {
        (Invoke-RsyncToS3Backup -Name $first.Name).Status | Should -Be Succeeded
        Get-BucketContent $first.Prefix | Should -Be (Get-FolderContent $first.Source)
    }

    It 'has a name that is completed' {
        Complete 'Invoke-RsyncToS3Backup -Name job-' | Should -Be ($first.Name, $second.Name | Sort-Object)
        Complete 'Get-BackupJob br' | Should -Be broken
    }

    It 'is looked for in the job folders only' {
        Invoke-RsyncToS3Backup -Name nosuchjob -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobNotFound,*'
        "$problem" | Should -BeLike "*$jobs*"
    }

    It 'is refused when everybody may write it' {
        if ($IsWindows) { Set-ItResult -Skipped -Because 'Windows has no file modes' }
        $open = Join-Path $jobs 'open.json'
        Copy-Item $first.Path $open
        chmod o+w $open
        (Invoke-RsyncToS3Backup -Name open -ErrorVariable problem -ErrorAction SilentlyContinue).Status | Should -Be Failed
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobFileUnsafe,*'
        Remove-Item $open
    }

    It 'is written by New-BackupConfiguration, whose first word is its name' -ForEach @(
        { New-BackupConfiguration local $first.Source (Join-Path $TestDrive 'local') -LocalOnly }
        { New-BackupConfiguration -Name local $first.Source (Join-Path $TestDrive 'local') -LocalOnly }
    ) {
        & $_
        (Invoke-RsyncToS3Backup -Name local).Stage2.Status | Should -Be Skipped
        Remove-Item (Join-Path $jobs 'local.json')
    }
}

Describe 'Get-BackupJob' {
    BeforeAll { $run = Invoke-RsyncToS3Backup -Name $first.Name }

    It 'lists all jobs, broken ones among them' {
        (Get-BackupJob).Name | Should -Be ('broken', $first.Name, $second.Name | Sort-Object)
        (Get-BackupJob broken).Problems | Should -Not -BeNullOrEmpty
        (Get-BackupJob $first.Name).Problems | Should -BeNullOrEmpty
    }

    It 'knows the last run and the size' {
        $job = Get-BackupJob $first.Name
        $job.LastStatus | Should -Be Succeeded
        $job.LastRun | Should -BeLessOrEqual ([DateTimeOffset]::Now)
        $job.Entries | Should -Be $run.Stage1.Total
        $job.IsRunning | Should -BeFalse
        (Get-BackupJob broken).LastRun | Should -BeNullOrEmpty
    }

    It 'says that a job is overdue, and since when' {
        Set-BackupConfiguration $first.Name -MaxAge 00:00:00.0000001
        try {
            $job = Get-BackupJob | Where-Object IsOverdue
            $job.Name | Should -Be $first.Name
            $job.LastSuccess | Should -Be $job.LastRun
            (Get-Screen $job) -match '^overdue' | Should -HaveCount 1
            (Get-Screen $job -List) -match '^Last success\s*:.* old \(0 ms allowed\): overdue' | Should -HaveCount 1
        }
        finally { Set-BackupConfiguration $first.Name -Clear maxAge }
        (Get-BackupJob $first.Name).IsOverdue | Should -BeFalse
    }

    It 'goes on to other commands' {
        (Get-BackupJob $first.Name | Invoke-RsyncToS3Backup).Name | Should -Be $first.Name
        (Get-BackupJob $first.Name | Get-BackupHistory -Last 1).Name | Should -Be $first.Name
        Get-BackupJob job-* | Test-BackupConfiguration -Quiet | Should -Be True, True
    }

    It 'tells when two jobs write to one place' {
        $path = Join-Path $env:RSYNCS3BACKUP_JOBS 'third.json'
        $warnings = $null
        New-BackupConfiguration -Path $path -Source $first.Source -Destination (Join-Path $first.Mirror 'below') -LocalOnly `
            -WarningVariable warnings -WarningAction SilentlyContinue
        try {
            "$warnings" | Should -BeLike "*job 'third', lies in '$($first.Mirror)', the mirror of job '$($first.Name)'*"
            (Test-BackupConfiguration $path).JsonPath | Should -Be '$.options.rsync.localDestination'
            Test-BackupConfiguration $path -Quiet | Should -BeFalse
            (Get-BackupJob $first.Name).Problems | Should -BeLike "*holds*the mirror of job 'third'*"
            (Get-BackupJob $second.Name).Problems | Should -BeNullOrEmpty
        }
        finally { Remove-Item $path }
    }

    It 'fits 100 columns' {
        Get-Screen (Get-BackupJob) | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        Get-Screen (Get-BackupJob) -List | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
    }

    It 'survives ConvertTo-Json and a job of PowerShell' {
        (Get-BackupJob $first.Name | ConvertTo-Json | ConvertFrom-Json).Mirror | Should -Be $first.Mirror
        $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize((Get-BackupJob $first.Name)))
        Get-Screen $copy | Should -Be (Get-Screen (Get-BackupJob $first.Name))
        ($copy | Invoke-RsyncToS3Backup).Status | Should -Be Succeeded
    }
}

Describe 'Several jobs' -Tag Slow {
    It 'run at once, under one bandwidth limit' {
        $results = Get-BackupJob job-* | Invoke-RsyncToS3Backup -Parallel 2 -BandwidthLimit 100MiB
        $results.Name | Sort-Object | Should -Be ($first.Name, $second.Name | Sort-Object)
        $results.Status | Should -Be Succeeded, Succeeded
        Get-BucketContent $second.Prefix | Should -Be (Get-FolderContent $second.Source)
    }

    It 'run although one of them is broken' {
        $results = Get-BackupJob | Invoke-RsyncToS3Backup -Parallel 2 -ErrorVariable problem -ErrorAction SilentlyContinue
        @($results | Where-Object Status -EQ Failed).Name | Should -Be broken
        @($results).Count | Should -Be 3
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ConfigurationInvalid,*'
    }
}

Describe 'Rename-BackupJob' {
    BeforeAll {
        $old = New-TestJob $TestDrive
        Copy-Item $old.Path $jobs
        $run = Invoke-RsyncToS3Backup -Name $old.Name
    }

    It 'takes state, history, mirror and key prefix along, so that nothing is sent again' {
        $job = Rename-BackupJob $old.Name 'new name' -PassThru
        $job.Name | Should -Be 'new name'
        Get-BackupJob $old.Name -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $past = Get-BackupHistory 'new name'
        $past.RunId, $past.Name | Should -Be $run.RunId, 'new name'
        Test-Path $past.LogPath | Should -BeTrue
        $next = Invoke-RsyncToS3Backup -Name 'new name'
        $next.Status, $next.Stage2.SyncMode, $next.Stage2.Requests.Total | Should -Be 'Succeeded', 'Journal', 0
        Get-BucketContent $old.Prefix | Should -Be (Get-FolderContent $old.Source)
    }

    It 'is refused when something has the name' {
        Rename-BackupJob $first.Name 'new name' -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobNameTaken,*'
        (Get-BackupJob $first.Name).Name | Should -Be $first.Name
    }

    It 'renames nothing with -WhatIf' {
        Rename-BackupJob $first.Name other -WhatIf
        (Get-BackupJob $first.Name).Name | Should -Be $first.Name
        Get-BackupJob other -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }
}

Describe 'Remove-BackupJob' {
    BeforeAll {
        $gone = New-TestJob $TestDrive
        Copy-Item $gone.Path $jobs
        $null = Invoke-RsyncToS3Backup -Name $gone.Name
    }

    It 'removes nothing with -WhatIf' {
        Remove-BackupJob $gone.Name -WhatIf
        (Get-BackupJob $gone.Name).Name | Should -Be $gone.Name
    }

    It 'removes the job, and says what stays' {
        Remove-BackupJob $gone.Name -Confirm:$false -WarningVariable said -WarningAction SilentlyContinue
        "$said" | Should -BeLike "*What stays: its mirror '*', its objects under 's3://*', its history '*'."
        Get-BackupJob $gone.Name -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        Get-BackupHistory $gone.Name | Should -Not -BeNullOrEmpty
        Get-BucketContent $gone.Prefix | Should -Be (Get-FolderContent $gone.Source)
    }

    It 'removes the history too with -IncludeState, and broken jobs' {
        Copy-Item $gone.Path $jobs
        Remove-BackupJob $gone.Name -IncludeState -Confirm:$false -WarningAction SilentlyContinue
        Get-BackupHistory $gone.Name -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        Get-BackupJob broken | Remove-BackupJob -Confirm:$false -WarningAction SilentlyContinue
        Get-BackupJob broken -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }
}
