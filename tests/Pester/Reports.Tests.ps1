# Reports as a user asks for them: of this machine's jobs, and of what came back from elsewhere.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $server = Start-TestSession $TestDrive
    Import-Module (Join-Path (Split-Path $PSScriptRoot) 'S3Server/LoopbackS3.psm1')
    $jobs = Join-Path $TestDrive 'jobs'
    Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
    $null = New-Item $jobs -ItemType Directory

    function New-NamedJob {
        $job = New-TestJob $TestDrive
        Copy-Item $job.Path (Join-Path $jobs "$($job.Name).json")
        $job
    }

    $good = New-NamedJob
    $bad = New-NamedJob
    $new = New-NamedJob
    Set-Content (Join-Path $jobs 'broken.json') '{ "sources": 1 }'
    Remove-Item $bad.Source -Recurse
    $result = Invoke-RsyncToS3Backup -Name $good.Name
    $failed = Invoke-RsyncToS3Backup -Name $bad.Name -ErrorAction SilentlyContinue
    $test = Test-Backup -Name $good.Name

    # As it comes back from another machine, over a wire that keeps properties alone.
    function Get-Returned($Object, [string] $Machine = 'nas') {
        $text = [Management.Automation.PSSerializer]::Serialize($Object, 4)
        [Management.Automation.PSSerializer]::Deserialize($text) | Add-Member PSComputerName $Machine -PassThru
    }
}

AfterAll { Stop-TestSession }

Describe 'Get-BackupReport' {
    It 'reports the jobs of this machine, what is wrong first' {
        $rows = Get-BackupReport
        $rows.Name | Select-Object -First 2 | Sort-Object | Should -Be (@('broken', $bad.Name) | Sort-Object)
        $rows.Name | Select-Object -Last 2 | Should -Be @($new.Name, $good.Name)
        $rows.HostName | Select-Object -Unique | Should -Be ([Environment]::MachineName)
        ($rows | Where-Object Name -EQ broken).Status | Should -Be Invalid
        ($rows | Where-Object NeedsAttention).Count | Should -Be 2
        $row = $rows | Where-Object Name -EQ $good.Name
        $row.Status, $row.LastTestStatus, $row.Differences | Should -Be Succeeded, Succeeded, 0
        $row.Bytes | Should -Be $result.Stage1.TotalBytes
        $row.UploadedBytes | Should -Be $result.Stage2.TransferredBytes
        $row.Requests | Should -Be $result.Stage2.Requests.Total
        $row.BucketName, $row.KeyPrefix | Should -Be acceptance, $good.Prefix
        ($rows | Where-Object Name -EQ $bad.Name).Reason | Should -BeLike 'SourceMissing: *'
    }

    It 'reports the jobs that are named' {
        (Get-BackupReport $good.Name).Name | Should -Be $good.Name
        Get-BackupReport nosuchjob -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'JobNotFound,*'
    }

    It 'says the same of results as they are, as they come back, and as JSON' {
        $rows = @(
            $result, $test | Get-BackupReport
            (Get-Returned $result), (Get-Returned $test) | Get-BackupReport
            $result, $test | ConvertTo-Json -Depth 4 | ConvertFrom-Json | Get-BackupReport
        )
        $rows.Count | Should -Be 3
        $rows.HostName | Should -Be @([Environment]::MachineName, 'nas', [Environment]::MachineName)
        foreach ($property in 'Name', 'Status', 'Bytes', 'BucketBytes', 'UploadedBytes', 'Requests', 'Cost', 'Duration', 'LastRun', 'LastTest', 'Differences') {
            $rows[1].$property | Should -Be $rows[0].$property -Because $property
            $rows[2].$property | Should -Be $rows[0].$property -Because $property
        }
    }

    It 'says why of a failure that came back' {
        $row = Get-Returned $failed | Get-BackupReport
        $row.Status, $row.NeedsAttention | Should -Be Failed, $true
        $row.Reason | Should -BeLike 'SourceMissing: *'
        $failed | ConvertTo-Json | ConvertFrom-Json | Get-BackupReport | ForEach-Object Reason | Should -BeLike 'SourceMissing: *'
    }

    It 'takes jobs, histories, files and its own rows' {
        $path = Join-Path $TestDrive 'saved.xml'
        Get-BackupJob $good.Name | Export-Clixml $path
        (Import-Clixml $path | Get-BackupReport).Status | Should -Be Succeeded
        (Get-BackupHistory $good.Name | Get-BackupReport).Status | Should -Be Succeeded
        (Get-BackupReport $good.Name | Get-BackupReport).UploadedBytes | Should -Be $result.Stage2.TransferredBytes
        $csv = Join-Path $TestDrive 'saved.csv'
        Get-BackupReport $bad.Name | Export-Csv $csv
        $row = Import-Csv $csv | Get-BackupReport
        $row.Name, $row.Status, $row.NeedsAttention | Should -Be $bad.Name, Failed, $true
    }

    It 'makes a row of each machine from which nothing came' {
        $rows = Get-Returned $result | Get-BackupReport -ExpectedHost nas.example.org, root@web:22
        $rows.HostName | Should -Be web, nas
        $rows[0].Status, $rows[0].Name, $rows[0].NeedsAttention | Should -Be Unknown, '', $true
        @() | Get-BackupReport -ExpectedHost web | ForEach-Object HostName | Should -Be web
    }

    It 'says of nothing what it is not' {
        $status = $result | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $status.Status = 'Perhaps'
        $status | Get-BackupReport -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidParameter,*'
        Get-Date | Get-BackupReport -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidParameter,*'
        @() | Get-BackupReport | Should -BeNullOrEmpty
    }
}

Describe 'Export-BackupReport' {
    It 'writes <Format> to a file that is called <Name>' -ForEach @(
        @{ Name = 'a.html'; Format = 'Html'; Start = '<!DOCTYPE html>*' }
        @{ Name = 'a.md'; Format = 'Markdown'; Start = '# Backups*' }
        @{ Name = 'a.csv'; Format = 'Csv'; Start = 'HostName,Name,Status,*' }
    ) {
        $path = Join-Path $TestDrive $Name
        Export-BackupReport $path -WhatIf
        $path | Should -Not -Exist
        Export-BackupReport $path | Should -BeNullOrEmpty
        Get-Content $path -Raw | Should -BeLike $Start
        Get-Content $path -Raw | Should -BeLike "*$($good.Name)*"
        $other = Join-Path $TestDrive 'a.txt'
        (Export-BackupReport $other -Format $Format -PassThru).FullName | Should -Be (Convert-Path $other)
        Get-Content $other -Raw | Should -BeLike $Start
    }

    It 'refuses a name that says nothing before it reads anything' {
        { $result | Export-BackupReport (Join-Path $TestDrive 'report') } | Should -Throw -ErrorId 'InvalidParameter,*'
        $result | Export-BackupReport (Join-Path $TestDrive 'no/such.html') -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'ReportNotWritten,*'
    }

    It 'writes a sheet that can be read back' {
        $path = Join-Path $TestDrive 'rows.csv'
        Get-BackupReport | Export-BackupReport $path
        $rows = Import-Csv $path | Get-BackupReport
        $rows.Name | Sort-Object | Should -Be ((Get-BackupReport).Name | Sort-Object)
        ($rows | Where-Object Name -EQ $good.Name).Bytes | Should -Be $result.Stage1.TotalBytes
    }

    It 'takes the title, and shows what is named for text' {
        $path = Join-Path $TestDrive 'hostile.html'
        Get-Returned $result '<img src=x>' | Export-BackupReport $path -Title '<script>alert(1)</script>'
        $html = Get-Content $path -Raw
        $html | Should -Not -Match '<script|<img'
        $html | Should -BeLike '*<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>*'
        $html | Should -BeLike '*<bdi>&lt;img src=x&gt;</bdi>*'
    }
}

Describe 'Get-BackupJob -BucketName' {
    It 'lists who backs up into a bucket, when last and how much' {
        $at = @{ BucketName = 'acceptance'; EndpointUrl = $server.Endpoint; Region = $server.Region }
        $jobs = Get-BackupJob @at
        $job = $jobs | Where-Object Name -EQ $good.Name
        $job.KeyPrefix, $job.HostName, $job.Path | Should -Be $good.Prefix, ([Environment]::MachineName.ToLowerInvariant()), (Convert-Path $good.Mirror)
        $job.Objects | Should -Be (Get-S3Listing $server $good.Prefix).Where{ $_.Key -notlike '*/.rsyncs3backup.json' }.Count
        $job.Bytes | Should -Be $result.Stage1.TotalBytes
        $job.LastUpload | Should -BeGreaterThan $result.StartTime.AddMinutes(-1)
        (Get-BackupJob @at -KeyPrefix $good.Prefix).Name | Should -Be $good.Name
        Get-BackupJob @at -KeyPrefix 'nothing/here/' | Should -BeNullOrEmpty
    }

    It 'says what is wrong with a bucket' {
        Get-BackupJob -BucketName nosuchbucket -EndpointUrl $server.Endpoint -Region $server.Region -ErrorVariable problem -ErrorAction SilentlyContinue |
            Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'S3BucketNotFound,*'
        Get-BackupJob -BucketName 'Not A Bucket' -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'InvalidParameter,*'
    }
}
