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

    It 'proposes a limit on changed files for a job that goes to S3, unless one is given' {
        $limits = @{}, @{ MaxChange = 'off' }, @{ MaxChange = '10%' }, @{ LocalOnly = $true } | ForEach-Object {
            $given = $_
            $place = $given.LocalOnly ? @{ Source = '/data'; Destination = '/mnt/backup' }
                : @{ Source = '/data'; Destination = '/mnt/backup'; BucketName = 'my-backups' }
            (New-BackupConfiguration (Join-Path $TestDrive 'limited.json') @place @given -Force -PassThru -WarningAction Ignore).Options.Rsync.MaxChange
        }
        "$limits" | Should -Be '60% or 500 off 10% off'
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

    It 'has a parameter for each key' {
        $path = Join-Path $TestDrive 'keys.json'
        $settings = @{
            Source = @{ path = 'me@nas:/data'; ssh = @{ port = 2222 } }, 'me@nas:/more'
            Destination = (Join-Path $TestDrive 'keys'); BucketName = 'my-backups'; KeyPrefix = 'k/{yyyy-MM-dd}/'; KeepDaily = 14
            S3BandwidthLimit = '5MiB'; Tag = @{ team = 'photos'; year = 2026 }
            SyncMode = 'CATALOG'; EncryptionMode = 'sse-kms'; BeforeHook = '/usr/bin/true'; MaxDelete = 100; RetryAttempts = 5
            Notification = @{ type = 'ping'; urlVariable = 'PING' }; ReconcileEvery = [timespan] '1.06:00:00'; SystemLog = $true
        }
        $job = New-BackupConfiguration $path @settings -PassThru -WarningAction Ignore
        $job.Sources.Path | Should -Be me@nas:/data, me@nas:/more
        $job.Sources[0].Ssh.Port | Should -Be 2222
        $stage2 = $job.Options.Rsync.SyncToS3
        $stage2.KeepDaily, $stage2.BandwidthLimit, $stage2.SyncMode, $stage2.Tags['team'] | Should -Be 14, 5MB, Catalog, photos
        $stage2.Tags['year'] | Should -Be '2026'
        $stage2.ReconcileEvery | Should -Be ([timespan] '1.06:00:00')
        $job.Destination.Encryption.Mode, $job.Notifications[0].Type | Should -Be SseKms, Ping
        $job.Hooks.Before.Command | Should -Be /usr/bin/true
        $job.Options.Rsync.MaxDelete.Count, $job.Retry.Attempts, $job.Log.System | Should -Be 100, 5, $true
    }

    It 'names the parameter that is wrong, and not a line of a file that was never written' {
        $path = Join-Path $TestDrive 'wrong.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups -ExcludePattern '*.tmp', '!' -Region 'a b' -KeepDaily 3 `
            -ErrorAction SilentlyContinue -ErrorVariable problem -WarningAction Ignore
        $problem | Should -HaveCount 1
        "$problem" | Should -BeLike '*3 problems*-ExcludePattern: *-Region: *-KeepDaily: *'
        "$problem" | Should -Not -BeLike '*line *'
        "$problem" | Should -Not -BeLike '*`$.*'
    }

    It 'warns of what is hardly meant' {
        $path = Join-Path $TestDrive 'doubts.json'
        New-BackupConfiguration $path '/nowhere/*', /nowhere /never/at/all -LocalOnly -WarningVariable doubts `
            -WarningAction SilentlyContinue
        $path | Should -Exist
        $doubts | Should -HaveCount 3
        $doubts[0] | Should -BeLike "*mean themselves in the source '/nowhere/``*'*"
        $doubts[1] | Should -BeLike "The source '/nowhere' is not there*"
        $doubts[2] | Should -BeLike "The folder above the mirror, '/never/at', is not there*"
        $path = Join-Path $TestDrive 'sure.json'
        New-BackupConfiguration $path $PSScriptRoot (Join-Path $TestDrive 'sure') -LocalOnly -WarningVariable doubts
        $doubts | Should -BeNullOrEmpty
    }

    It 'warns of deletions that save nothing, where the class bills for longer' {
        $given = @{ Source = $PSScriptRoot; Destination = (Join-Path $TestDrive 'billed'); BucketName = 'my-backups'; DeleteFromS3 = $true }
        New-BackupConfiguration (Join-Path $TestDrive 'early.json') @given -StorageClass GLACIER_IR -DeleteAfter 30d -WarningVariable doubts `
            -WarningAction SilentlyContinue
        "$doubts" | Should -BeLike '*GLACIER_IR bills each object for at least 90 days, and deleteAfter is 30d*'
        New-BackupConfiguration (Join-Path $TestDrive 'late.json') @given -StorageClass GLACIER_IR -DeleteAfter 90d -WarningVariable doubts
        $doubts | Should -BeNullOrEmpty
        New-BackupConfiguration (Join-Path $TestDrive 'any.json') @given -DeleteAfter 1d -WarningVariable doubts
        $doubts | Should -BeNullOrEmpty
    }

    It 'writes nothing with -WhatIf' {
        $path = Join-Path $TestDrive 'whatif.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups -WhatIf
        $path | Should -Not -Exist
    }
}

Describe 'Set-BackupConfiguration' {
    BeforeAll {
        $env:RSYNCS3BACKUP_STATE = Join-Path $TestDrive 'set-state'
        $env:RSYNCS3BACKUP_JOBS = Join-Path $TestDrive 'set-jobs'
        $null = New-Item $env:RSYNCS3BACKUP_JOBS -ItemType Directory
        if (-not $IsWindows) { chmod 700 $env:RSYNCS3BACKUP_JOBS }
        $file = Join-Path $env:RSYNCS3BACKUP_JOBS 'photos.json'
        $text = @'
{
  // the family's
  "sources": [{ "path": "/data/photos" }],
  "options": {
    "rsync": {
      "localDestination": "/mnt/photos", /* the blue drive */
      "syncToS3": { "storageClass": "STANDARD", "s3Prefix": "p/{yyyy-MM-dd}/" }
    }
  },
  "destination": { "bucket": "my-backups", "region": "eu-north-1" },
}

'@.ReplaceLineEndings("`n")
    }

    BeforeEach {
        Set-Content $file $text -NoNewline
        if (-not $IsWindows) { chmod 600 $file }
    }

    AfterAll {
        $env:RSYNCS3BACKUP_JOBS = $null
        $env:RSYNCS3BACKUP_STATE = $null
    }

    It 'changes keys, and nothing else of the file' {
        Set-BackupConfiguration photos -StorageClass glacier_ir -KeepDaily 14 | Should -BeNullOrEmpty
        $expected = $text.Replace('"STANDARD"', '"GLACIER_IR"').Replace('dd}/" }', 'dd}/", "keepDaily": 14 }')
        Get-Content $file -Raw | Should -BeExactly $expected
        if (-not $IsWindows) { (Get-Item $file).UnixStat.GetModeString() | Should -Be '-rw-------' }
    }

    It 'makes what is missing around a key' {
        (Set-BackupConfiguration photos -CronExpression '0 2 * * *' -PassThru).Schedule.CronExpression | Should -Be '0 2 * * *'
        (Get-Content $file -Raw).Contains("`n  `"schedule`": { `"cronExpression`": `"0 2 * * *`" },`n}") | Should -BeTrue
    }

    It 'shows with -WhatIf the lines that would change' {
        $out = Join-Path $TestDrive 'shown.txt'
        Start-Transcript $out | Out-Null
        try { Set-BackupConfiguration photos -Region us-east-1 -WhatIf } finally { Stop-Transcript | Out-Null }
        $shown = Get-Content $out -Raw
        $shown | Should -Match ([regex]::Escape('-   "destination": { "bucket": "my-backups", "region": "eu-north-1" },'))
        $shown | Should -Match ([regex]::Escape('+   "destination": { "bucket": "my-backups", "region": "us-east-1" },'))
        Get-Content $file -Raw | Should -BeExactly $text
    }

    It 'leaves a file alone that would not be good, and names the parameters' {
        Set-BackupConfiguration photos -StorageClass GOLD -KeyPrefix plain/ -KeepLast 2 -ErrorAction SilentlyContinue `
            -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ConfigurationInvalid,*'
        "$($problem[0])" | Should -BeLike '*2 problems*-StorageClass: *-KeepLast: *'
        Get-Content $file -Raw | Should -BeExactly $text
    }

    It 'puts right what was wrong' {
        Set-Content $file $text.Replace('STANDARD', 'GOLD') -NoNewline
        Set-BackupConfiguration photos -StorageClass STANDARD
        Test-BackupConfiguration $file -Quiet | Should -BeTrue
    }

    It 'takes keys out with -Clear' {
        Set-BackupConfiguration photos -KeepDaily 14 -CronExpression '0 2 * * *'
        Set-BackupConfiguration photos -Clear keepdaily, CronExpression, Region
        $job = Import-BackupConfiguration $file
        $job.Options.Rsync.SyncToS3.KeepDaily, $job.Schedule, $job.Destination.Region | Should -Be $null, $null, $null
        { Set-BackupConfiguration photos -Clear KeepDayly -ErrorAction Stop } | Should -Throw "*Did you mean 'KeepDaily'*"
        { Set-BackupConfiguration photos -Clear BucketName -ErrorAction Stop } |
            Should -Throw "*-BucketName: 'destination' is missing*"
    }

    It 'takes stage 2 out and in' {
        (Set-BackupConfiguration photos -LocalOnly -PassThru).Options.Rsync.SyncToS3.Enabled | Should -BeFalse
        (Set-BackupConfiguration -ConfigPath $file -LocalOnly:$false -PassThru).Options.Rsync.SyncToS3.Enabled | Should -BeTrue
    }

    It 'tells when the job would write to the place of another one' {
        $other = Join-Path $env:RSYNCS3BACKUP_JOBS 'other.json'
        New-BackupConfiguration $other /data /mnt/other my-backups -KeyPrefix home/ -WarningAction Ignore
        try {
            Set-BackupConfiguration photos -Destination /mnt/other/photos -KeyPrefix home/photos/ -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings" | Should -BeLike "*the mirror of job 'photos', lies in '/mnt/other', the mirror of job 'other'*"
            "$warnings" | Should -BeLike "*the key prefix of job 'photos', lies in 'home/', that of job 'other'*"
            Set-BackupConfiguration photos -Region us-east-1 -WarningVariable again -WarningAction SilentlyContinue
            "$again" | Should -Not -BeLike "*job 'other'*"
        }
        finally { Remove-Item $other }
    }

    It 'takes jobs from the pipeline' {
        Get-BackupJob photos | Set-BackupConfiguration -Region us-east-1 -Source $PSScriptRoot
        $job = Import-BackupConfiguration $file
        $job.Destination.Region, $job.Sources.Path | Should -Be us-east-1, $PSScriptRoot
    }

    It 'keeps what the file says of a source that is given by its path' {
        $before = $text.Replace('"/data/photos" }', '"/data/photos", "excludePatterns": ["raw/"] }, { "path": "/data/old" }')
        Set-Content $file $before -NoNewline
        Set-BackupConfiguration photos -Source /data/music, /data/photos -WarningAction Ignore
        $expected = '[{ "path": "/data/music" }, { "path": "/data/photos", "excludePatterns": ["raw/"] }]'
        (Get-Content $file -Raw).Contains($expected) | Should -BeTrue
    }

    It 'completes values and the names of settings' {
        (TabExpansion2 'Set-BackupConfiguration photos -SyncMode c').CompletionMatches.CompletionText | Should -Be catalog
        (TabExpansion2 'Set-BackupConfiguration photos -Clear keepd').CompletionMatches.CompletionText | Should -Be KeepDaily
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

    It 'leaves the schema of a later version alone, which says what this one does not know' {
        $env:RSYNCS3BACKUP_STATE = Join-Path $TestDrive 'later-state'
        $path = Join-Path $TestDrive 'later.json'
        New-BackupConfiguration $path /data /mnt/backup my-backups -WarningAction Ignore
        $schema = Join-Path $env:RSYNCS3BACKUP_STATE 'backup-job.schema.json'
        $later = (Get-Content $schema -Raw).Replace('"hardLinks": {', '"colour": { "x-since": "9.1.0" }, "hardLinks": {')
        Set-Content $schema $later -NoNewline
        New-BackupConfiguration $path /data /mnt/backup my-backups -Force -WarningAction Ignore
        Get-Content $schema -Raw | Should -BeExactly $later
        Set-Content $path (Get-Content $path -Raw).Replace('"hardLinks"', '"colour": "red", "hardLinks"')
        (Test-BackupConfiguration $path).Message |
            Should -Be "'colour' is a key of version 9.1.0 and later, and this version is older."
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

Describe 'What jobs share' {
    BeforeAll {
        $jobs = Join-Path $TestDrive 'home'
        $null = New-Item (Join-Path $jobs base), (Join-Path $jobs data) -ItemType Directory -Force
        if (-not $IsWindows) { chmod -R go-w $jobs }
        Set-TestEnvironment RSYNCS3BACKUP_JOBS $jobs
        Set-TestEnvironment RSYNCS3BACKUP_STATE (Join-Path $TestDrive 'home-state')
        Set-Content (Join-Path $jobs data/one.txt) 1
        Set-Content (Join-Path $jobs data/two.tmp) 2
        $source = ConvertTo-Json (Join-Path $jobs data)
        $defaults = Join-Path $jobs defaults.jsonc
        $shared = @"
{
  // For all jobs of this folder.
  "sources": [{ "path": $source }],
  "options": { "rsync": { "excludePatterns": ["*.tmp"], "syncToS3": { "enabled": false } } }
}
"@
        Set-Content $defaults $shared
        Set-Content (Join-Path $jobs first.json) "{ `"options`": { `"rsync`": { `"localDestination`": $(ConvertTo-Json (Join-Path $TestDrive m1)) } } }"
        Set-Content (Join-Path $jobs base/all.jsonc) '{ "maxAge": "3d", "options": { "rsync": { "excludePatterns": [] } } }'
        Set-Content (Join-Path $jobs second.jsonc) @"
{ "extends": "base/all.jsonc", "name": "{host}-second", "options": { "rsync": { "localDestination": $(ConvertTo-Json (Join-Path $TestDrive m2)) } } }
"@
    }

    It 'is no job, and is in each job of its folder' {
        $named = [Environment]::MachineName.Split('.')[0].ToLowerInvariant() -replace '[^a-z0-9]', '-'
        (Get-BackupJob).Name | Sort-Object | Should -Be ('first', "$named-second" | Sort-Object)
        $results = Invoke-RsyncToS3Backup first, "$named-second"
        $results.Status | Should -Be Succeeded, Succeeded
        Get-ChildItem (Join-Path $TestDrive m1), (Join-Path $TestDrive m2) -Name | Should -Be one.txt, one.txt, two.tmp
        (Import-BackupConfiguration (Join-Path $jobs second.jsonc)).MaxAge | Should -Be ([timespan]::FromDays(3))
        (Import-BackupConfiguration (Join-Path $jobs *.jsonc)).Name | Should -Be "$named-second"
    }

    It 'is named, with its line, when it is wrong' {
        Set-Content $defaults $shared.Replace('["*.tmp"]', '"*.tmp"')
        try {
            { Invoke-RsyncToS3Backup first -ErrorAction Stop } | Should -Throw "*'$defaults', line 4, `$.options.rsync.excludePatterns: *"
            $problem = Test-BackupConfiguration first
            $problem.Path, $problem.Line | Should -Be $defaults, 4
        }
        finally { Set-Content $defaults $shared }
    }

    It 'is left to itself by a new job that says nothing else, and is never written to' {
        New-BackupConfiguration -Name third -Source $TestDrive/x -MirrorPath $TestDrive/m3 -LocalOnly -MaxAge 2d -WarningAction Ignore
        $third = Get-Content (Join-Path $jobs third.json) -Raw
        $third | Should -Not -Match excludePatterns
        $third | Should -Match maxAge
        (Import-BackupConfiguration third).Options.Rsync.ExcludePatterns | Should -Be *.tmp
        { New-BackupConfiguration -ConfigPath $defaults -Source /x -MirrorPath /m3 -LocalOnly -Name other -Force -ErrorAction Stop } | Should -Throw '*is no job.*'
        { New-BackupConfiguration -Name defaults -Source /x -MirrorPath /m3 -LocalOnly -ErrorAction Stop } | Should -Throw '*defaults.jsonc*'
        Set-BackupConfiguration third -ExcludePattern *.bak
        Get-Content (Join-Path $jobs third.json) -Raw | Should -Match bak
        Get-Content $defaults -Raw | Should -Be "$shared$([Environment]::NewLine)"
        Remove-Item (Join-Path $jobs third.json)
    }

    It 'gives way to what is given, also where that is what counts without defaults' {
        Set-Content $defaults $shared.Replace('"excludePatterns"', '"checksum": true, "excludePatterns"')
        try {
            New-BackupConfiguration third $TestDrive/x $TestDrive/m3 -LocalOnly -Checksum:$false -WarningAction Ignore
            (Import-BackupConfiguration third).Options.Rsync.Checksum | Should -BeFalse
            Set-BackupConfiguration third -Clear Checksum -WarningVariable said -WarningAction SilentlyContinue
            (Import-BackupConfiguration third).Options.Rsync.Checksum | Should -BeTrue
            "$said" | Should -BeLike "*-Checksum is cleared in '*third.json', and is now what '$defaults' says in line 4."
        }
        finally {
            Set-Content $defaults $shared
            Remove-Item (Join-Path $jobs third.json)
        }
    }

    It 'may have {host} in a name that is typed, which is this machine then' {
        { New-BackupConfiguration '{host}-second' $TestDrive/x $TestDrive/m3 -LocalOnly -ErrorAction Stop } | Should -Throw '*second.jsonc*'
        Rename-BackupJob first '{host}-first'
        $named = [Environment]::MachineName.Split('.')[0].ToLowerInvariant() -replace '[^a-z0-9]', '-'
        (Invoke-RsyncToS3Backup "$named-first").Status | Should -Be Succeeded
        Rename-BackupJob "$named-first" first
    }
}
