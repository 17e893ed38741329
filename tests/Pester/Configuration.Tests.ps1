# Configuration files, written, read and checked.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force
}

Describe 'New-BackupConfiguration' {
    It 'writes a file that is good and reads back as what was asked for' {
        $path = Join-Path $TestDrive 'photos.json'
        $settings = @{
            Source = '/data/photos', '/data/music'; Destination = '/mnt/backup'; BucketName = 'my-backups'; Region = 'eu-north-1'
            StorageClass = 'STANDARD_IA'; KeyPrefix = 'rsync/{yyyy-MM-dd}/'; ExcludePattern = '.DS_Store', '*.tmp'
            CronExpression = '0 2 * * *'; TimeZone = 'Europe/Oslo'
        }
        New-BackupConfiguration $path @settings -HardLinks -DeleteExtraneous | Should -BeNullOrEmpty
        Test-BackupConfiguration $path | Should -BeNullOrEmpty
        $read = Import-BackupConfiguration $path
        $read.Name | Should -Be photos
        $read.Sources.Path | Should -Be ($settings.Source | ForEach-Object { [IO.Path]::GetFullPath($_) })
        $read.Options.Rsync.ExcludePatterns | Should -Be $settings.ExcludePattern
        $read.Options.Rsync.HardLinks, $read.Options.Rsync.DeleteExtraneous | Should -Be $true, $true
        $read.Options.Rsync.SyncToS3.StorageClass | Should -Be STANDARD_IA
        $read.Options.Rsync.SyncToS3.S3Prefix | Should -Be $settings.KeyPrefix
        $read.Options.Rsync.SyncToS3.DeleteFromS3 | Should -BeFalse
        $read.Destination.Bucket, $read.Destination.Region | Should -Be my-backups, eu-north-1
        $read.Schedule.CronExpression, $read.Schedule.Timezone | Should -Be '0 2 * * *', Europe/Oslo
    }

    It 'writes JSON that ConvertFrom-Json reads' {
        $path = Join-Path $TestDrive 'plain.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups
        (Get-Content $path -Raw | ConvertFrom-Json).destination.bucket | Should -Be my-backups
    }

    It 'replaces a file only with -Force' {
        $path = Join-Path $TestDrive 'kept.json'
        New-BackupConfiguration $path /data /mnt/backup first-bucket
        New-BackupConfiguration $path /data /mnt/backup second-bucket -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'ConfigurationExists,*'
        (Import-BackupConfiguration $path).Destination.Bucket | Should -Be first-bucket
        (New-BackupConfiguration $path /data /mnt/backup second-bucket -Force -PassThru).Destination.Bucket | Should -Be second-bucket
    }

    It 'writes nothing when a value is not allowed' {
        $path = Join-Path $TestDrive 'never.json'
        New-BackupConfiguration $path /data /mnt/backup Bad_Bucket -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'ConfigurationInvalid,*'
        $path | Should -Not -Exist
    }

    It 'writes nothing with -WhatIf' {
        $path = Join-Path $TestDrive 'whatif.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups -WhatIf
        $path | Should -Not -Exist
    }
}

Describe 'Test-BackupConfiguration' {
    BeforeAll {
        $bad = Join-Path $TestDrive 'bad.json'
        Set-Content $bad @'
{
  // comments and trailing commas are read
  "sources": [{ "path": 3 }],
  "optoins": {},
  "destination": { "bucket": "X", "secretKey": "wJalrXUtnFEMI" },
}
'@
        $problems = Test-BackupConfiguration $bad
    }

    It 'reports all problems at once, each with its place' {
        $problems.JsonPath | Should -Contain '$.sources[0].path'
        $problems.JsonPath | Should -Contain '$.optoins'
        $problems.JsonPath | Should -Contain '$.destination.bucket'
        $problems.JsonPath | Should -Contain '$.options'
        ($problems | Where-Object JsonPath -EQ '$.optoins').Line | Should -Be 4
    }

    It 'suggests the key that was meant' {
        ($problems | Where-Object JsonPath -EQ '$.optoins').Message | Should -BeLike "*'options'*"
    }

    It 'refuses a secret in the file' {
        $problems.JsonPath | Should -Contain '$.destination.secretKey'
        $problems | Out-String | Should -Not -BeLike '*wJalrXUtnFEMI*'
    }

    It 'answers with one word when it is to be quiet' {
        Test-BackupConfiguration $bad -Quiet | Should -BeFalse
    }
}

Describe 'Import-BackupConfiguration' {
    It 'gives one error that lists every problem' {
        $path = Join-Path $TestDrive 'two.json'
        Set-Content $path '{ "sources": [], "options": { "rsync": { "localDestination": "relative" } }, "destination": { "bucket": "my-backups" } }'
        Import-BackupConfiguration $path -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ConfigurationInvalid,*'
        "$($problem[0])" | Should -BeLike '*$.sources*$.options.rsync.localDestination*'
    }

    It 'names the line of JSON that is none' {
        $path = Join-Path $TestDrive 'broken.json'
        Set-Content $path "{`n  `"sources`": [`n"
        Import-BackupConfiguration $path -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ConfigurationMalformed,*'
        "$($problem[0])" | Should -Match 'line \d'
    }

    It 'says that a file is missing' {
        Import-BackupConfiguration (Join-Path $TestDrive 'nosuch.json') -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ConfigurationNotFound,*'
    }

    It 'reads all files that a wildcard names' {
        $folder = New-Item (Join-Path $TestDrive 'jobs') -ItemType Directory
        'one', 'two' | ForEach-Object { New-BackupConfiguration (Join-Path $folder "$_.json") /data "/mnt/$_" my-backups }
        (Import-BackupConfiguration (Join-Path $folder '*.json')).Name | Should -Be one, two
    }

    It 'reads relative paths from where the user is' {
        New-BackupConfiguration (Join-Path $TestDrive 'here.json') /data /mnt/backup my-backups
        Push-Location $TestDrive
        try { (Import-BackupConfiguration ./here.json).Name | Should -Be here } finally { Pop-Location }
    }

    It 'gives an object that goes through ConvertTo-Json and back into a backup' {
        $env:RSYNCS3BACKUP_STATE = Join-Path $TestDrive 'round-state'
        $source = Join-Path $TestDrive 'round-source'
        $null = New-Item $source -ItemType Directory
        Set-Content (Join-Path $source 'a.txt') alpha
        $path = Join-Path $TestDrive 'round.json'
        New-BackupConfiguration $path $source (Join-Path $TestDrive 'round-mirror') -LocalOnly -DeleteExtraneous
        $result = Import-BackupConfiguration $path | ConvertTo-Json -Depth 9 | ConvertFrom-Json | Invoke-RsyncToS3Backup
        $result.Status, $result.Name, $result.Stage1.Created | Should -Be 'Succeeded', 'round', 2
        $cut = Import-BackupConfiguration $path | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json
        { $cut | Invoke-RsyncToS3Backup -ErrorAction Stop } | Should -Throw '*-Depth 9*'
    }

    It 'takes keys and words of a hashtable in any case' {
        $job = @{
            Name = 'cased'; Sources = @(@{ Path = '/data' }); OPTIONS = @{ Rsync = @{ LocalDestination = '/mnt/x'; SyncToS3 = @{ StorageClass = 'standard_ia' } } }
            Destination = @{ Bucket = 'my-backups'; region = $null }
        }
        $problem = $null
        Invoke-RsyncToS3Backup -Config $job -WhatIf -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem | Should -BeNullOrEmpty
    }

    It 'names a schema in a place that outlives the module' {
        $env:RSYNCS3BACKUP_STATE = Join-Path $TestDrive 'schema-state'
        $path = Join-Path $TestDrive 'schema.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups
        $address = [uri] (Get-Content $path -Raw | ConvertFrom-Json).'$schema'
        $address.LocalPath | Should -Be (Join-Path $env:RSYNCS3BACKUP_STATE 'backup-job.schema.json')
        $shipped = Join-Path (Split-Path (Get-StagedManifest)) 'schema/backup-job.schema.json'
        (Get-FileHash $address.LocalPath).Hash | Should -Be (Get-FileHash $shipped).Hash
    }
}
