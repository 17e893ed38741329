# The main job, as a user runs it from a configuration file.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'A first backup' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        $result = Invoke-RsyncToS3Backup -ConfigPath $job.Path
    }

    It 'succeeds in both stages' {
        $result.Status | Should -Be Succeeded
        $result.Stage1.Status | Should -Be Succeeded
        $result.Stage2.Status | Should -Be Succeeded
        $result.ExitCode | Should -Be Succeeded
    }

    It 'leaves a mirror with the content of the source' {
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
        (Get-FolderContent $job.Mirror).Count | Should -Be 3
    }

    It 'leaves one object for each file, with its content' {
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'counts what it sent' {
        $result.Stage2.TransferredBytes | Should -Be 14
        $result.Stage2.Requests.Put | Should -BeGreaterOrEqual 3
        $result.Stage2.Failed | Should -Be 0
    }

    It 'writes a log of the run' {
        $result.LogPath | Should -Exist
        Get-Content $result.LogPath | Should -Not -BeNullOrEmpty
        Split-Path $result.LogPath -Leaf | Should -BeLike "$($result.RunId)*"
    }
}

Describe 'A second run' -Tag Slow {
    BeforeEach {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
    }

    It 'has nothing to do when nothing changed' {
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Status | Should -Be Succeeded
        $result.Stage1.Created + $result.Stage1.Updated + $result.Stage1.Deleted | Should -Be 0
        $result.Stage2.Created + $result.Stage2.Updated + $result.Stage2.Deleted | Should -Be 0
        $result.Stage2.Requests.Put | Should -Be 0
    }

    It 'needs no request to S3 to know that, and says why' {
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Stage2.SyncMode | Should -Be Journal
        $result.Stage2.SyncModeReason | Should -Not -BeNullOrEmpty
        $result.Stage2.Requests.Total | Should -Be 0
    }

    It 'compares everything with the bucket when it is told to' {
        $result = Invoke-RsyncToS3Backup $job.Path -SyncMode Reconcile
        $result.Stage2.SyncMode | Should -Be Reconcile
        $result.Stage2.Requests.List | Should -BeGreaterThan 0
        $result.Stage2.Unchanged | Should -Be $result.Stage2.Total
    }

    It 'copies inside S3 what only got another time' {
        (Get-Item (Join-Path $job.Source 'a.txt')).LastWriteTimeUtc = [datetime]'2001-02-03T04:05:06Z'
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Stage2.MetadataChanged | Should -Be 1
        $result.Stage2.TransferredBytes | Should -Be 0
        $result.Stage2.Requests.Copy | Should -Be 1
        $result.Stage2.Requests.Put | Should -Be 0
    }

    It 'sends what changed and what is new, and only that' {
        Set-Content (Join-Path $job.Source 'a.txt') 'a longer alpha' -NoNewline
        Set-Content (Join-Path $job.Source 'new.txt') 'delta' -NoNewline
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Stage1.Created, $result.Stage1.Updated | Should -Be 1, 1
        $result.Stage2.Created, $result.Stage2.Updated | Should -Be 1, 1
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'keeps what the source no longer has, while deletion is off' {
        Remove-Item (Join-Path $job.Source 'a.txt')
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Stage1.Deleted, $result.Stage2.Deleted | Should -Be 0, 0
        Join-Path $job.Mirror 'a.txt' | Should -Exist
        (Get-BucketContent $job.Prefix) -like 'a.txt = *' | Should -Not -BeNullOrEmpty
    }
}

Describe 'Deletion' {
    It 'removes from the mirror and from the bucket what the source no longer has' {
        $job = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true } -S3 @{ deleteFromS3 = $true }
        $null = Invoke-RsyncToS3Backup $job.Path
        Remove-Item (Join-Path $job.Source 'a.txt')
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Status | Should -Be Succeeded
        $result.Stage1.Deleted, $result.Stage2.Deleted | Should -Be 1, 1
        Join-Path $job.Mirror 'a.txt' | Should -Not -Exist
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'of everything, because the source is empty, is refused before the first deletion' {
        $job = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true } -S3 @{ deleteFromS3 = $true }
        $null = Invoke-RsyncToS3Backup $job.Path
        $mirror = Get-FolderContent $job.Mirror
        Get-ChildItem $job.Source | Remove-Item -Recurse
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'SourceEmpty,*'
        $result.ExitCode | Should -Be Refused
        Get-FolderContent $job.Mirror | Should -Be $mirror
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be $mirror
    }

    It 'above the limit is refused before the first deletion' {
        $job = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true; maxDelete = 1 }
        $null = Invoke-RsyncToS3Backup $job.Path
        $mirror = Get-FolderContent $job.Mirror
        Remove-Item (Join-Path $job.Source 'a.txt'), (Join-Path $job.Source 'b + 100%.txt')
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'DeleteLimitExceeded,*'
        $result.Status | Should -Be Failed
        Get-FolderContent $job.Mirror | Should -Be $mirror
    }
}

Describe 'A mirror that an attack rewrote' {
    BeforeAll {
        $job = New-TestJob $TestDrive -Rsync @{ maxChange = '50%' }
        $null = Invoke-RsyncToS3Backup $job.Path
        $good = Get-BucketContent $job.Prefix
    }

    It 'does not replace the good copy in S3, unless the user says so' {
        Get-ChildItem $job.Mirror -Recurse -File | Set-Content -Value 'pay'
        $result = Invoke-RsyncToS3Backup $job.Path -SkipStage1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'MirrorChangedOutside,*'
        $result.ExitCode | Should -Be Refused
        Get-BucketContent $job.Prefix | Should -Be $good
        (Invoke-RsyncToS3Backup $job.Path -SkipStage1 -PlanOnly).Stage2.Error.Id | Should -Be MirrorChangedOutside
    }

    It 'does not do so either when it rewrote the source' {
        Get-ChildItem $job.Source -Recurse -File | Set-Content -Value 'pay now'
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ChangeLimitExceeded,*'
        $result.Stage1.Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Should -Be $good
        (Invoke-RsyncToS3Backup $job.Path -MaxChange off).Stage2.Updated | Should -Be 3
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }
}

Describe 'A failed stage 1' {
    BeforeAll {
        $job = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $job.Path
        $mirror = Get-FolderContent $job.Mirror
        Rename-Item $job.Source 'elsewhere'
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue -ErrorVariable problem
    }

    It 'is one error with an id, a category, its path and a way out' {
        $problem.Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'SourceMissing,*'
        $problem[0].CategoryInfo.Category | Should -Be ObjectNotFound
        $problem[0].TargetObject | Should -Be $job.Source
        $problem[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'skips stage 2 and says why' {
        $result.Status | Should -Be Failed
        $result.Stage2.Status | Should -Be Skipped
        $result.Stage2.SkippedReason | Should -BeLike '*SourceMissing*'
        $result.Stage2.Requests.Total | Should -Be 0
    }

    It 'leaves the mirror and the bucket as they were' {
        Get-FolderContent $job.Mirror | Should -Be $mirror
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be $mirror
    }

    It 'by pipeline runs nothing in S3' {
        $skipped = Invoke-RsyncStage -ConfigPath $job.Path -ErrorAction SilentlyContinue | Invoke-S3SyncStage
        $skipped.Status | Should -Be Skipped
        $skipped.Requests.Total | Should -Be 0
    }
}

Describe 'A failed stage 2' {
    BeforeEach {
        $job = New-TestJob $TestDrive
        $result = Invoke-RsyncToS3Backup $job.Path -AccessKey WRONGACCESSKEY -SecretKey wrong -ErrorAction SilentlyContinue -ErrorVariable problem
    }

    It 'keeps the success of stage 1 and its mirror' {
        $result.Status | Should -Be Failed
        $result.ExitCode | Should -Be Stage2Failed
        $result.Stage1.Status | Should -Be Succeeded
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
    }

    It 'is an error with what S3 said' {
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'S3InvalidAccessKey,*'
        $problem[0].CategoryInfo.Category | Should -Be AuthenticationError
        $problem[0].Exception.Error.S3ErrorCode | Should -Be InvalidAccessKeyId
        $problem[0].Exception.Error.RequestId | Should -Not -BeNullOrEmpty
    }

    It 'never shows the secret key' {
        $job = New-TestJob $TestDrive
        $result = Invoke-RsyncToS3Backup $job.Path -AccessKey WRONGACCESSKEY -SecretKey 's3cr3t-that-nobody-sees' `
            -Verbose -ErrorAction Continue *>&1
        $result | Out-String | Should -Not -BeLike '*s3cr3t*'
        Get-Content (Join-Path $env:RSYNCS3BACKUP_STATE '*/logs/*') -Raw | Should -Not -BeLike '*s3cr3t*'
    }

    It 'is made good by the next run' {
        (Invoke-RsyncToS3Backup $job.Path).Stage2.Created | Should -BeGreaterOrEqual 3
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'is retried by pipeline' {
        $retried = Invoke-RsyncStage -ConfigPath $job.Path | Invoke-S3SyncStage
        $retried.Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'is retried alone from the configuration' {
        (Invoke-S3SyncStage -ConfigPath $job.Path).Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }
}

Describe 'The stages by parameters' {
    It 'do together what the job does' {
        $job = New-TestJob $TestDrive
        $s3 = @{ BucketName = 'acceptance'; KeyPrefix = $job.Prefix }
        $s3 += (Import-BackupConfiguration $job.Path).Destination | ForEach-Object { @{ Region = $_.Region; EndpointUrl = $_.EndpointUrl } }
        $stage2 = Invoke-RsyncStage $job.Source $job.Mirror | Invoke-S3SyncStage @s3
        $stage2.Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'share the run in their results' {
        $job = New-TestJob $TestDrive
        $stage1 = Invoke-RsyncStage -ConfigPath $job.Path
        ($stage1 | Invoke-S3SyncStage).RunId | Should -Be $stage1.RunId
    }

    It 'take a credential' {
        $job = New-TestJob $TestDrive
        $secret = ConvertTo-SecureString $env:AWS_SECRET_ACCESS_KEY -AsPlainText -Force
        $credential = [pscredential]::new($env:AWS_ACCESS_KEY_ID, $secret)
        Set-TestEnvironment AWS_SECRET_ACCESS_KEY wrong
        try { $stage2 = Invoke-RsyncStage -ConfigPath $job.Path | Invoke-S3SyncStage -Credential $credential }
        finally { Set-TestEnvironment AWS_SECRET_ACCESS_KEY $credential.GetNetworkCredential().Password }
        $stage2.Status | Should -Be Succeeded
    }
}

Describe 'A local-only job' {
    It 'skips stage 2, which is no failure' {
        $job = New-TestJob $TestDrive -S3 @{ enabled = $false }
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorVariable problem
        $problem | Should -BeNullOrEmpty
        $result.Status | Should -Be Succeeded
        $result.ExitCode | Should -Be Succeeded
        $result.Stage2.Status | Should -Be Skipped
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
    }
}

Describe '-WhatIf' {
    It 'of <Command> touches nothing' -ForEach @(
        @{ Command = 'Invoke-RsyncToS3Backup' }
        @{ Command = 'Invoke-RsyncStage' }
        @{ Command = 'Invoke-S3SyncStage' }
    ) {
        $job = New-TestJob $TestDrive
        & $Command -ConfigPath $job.Path -WhatIf | Should -BeNullOrEmpty
        $job.Mirror | Should -Not -Exist
        Get-BucketContent $job.Prefix | Should -BeNullOrEmpty
        Get-ChildItem $env:RSYNCS3BACKUP_STATE -Filter "$($job.Name)*" -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}

Describe 'Several jobs' -Tag Slow {
    BeforeAll { $jobs = 1..3 | ForEach-Object { New-TestJob $TestDrive } }

    It 'run from files in a pipeline' {
        $results = Get-Item $jobs.Path | Invoke-RsyncToS3Backup
        $results.Name | Should -Be $jobs.Name
        $results.Status | Should -Be Succeeded, Succeeded, Succeeded
    }

    It 'run from configurations in a pipeline' {
        $results = Import-BackupConfiguration $jobs.Path | Invoke-RsyncToS3Backup
        $results.Name | Should -Be $jobs.Name
    }

    It 'stop after the first when only one result is wanted' {
        $fresh = 1..2 | ForEach-Object { New-TestJob $TestDrive }
        (Get-Item $fresh.Path | Invoke-RsyncToS3Backup | Select-Object -First 1).Name | Should -Be $fresh[0].Name
        $fresh[1].Mirror | Should -Not -Exist
    }

    It 'go on after one that fails' {
        $broken = New-TestJob $TestDrive
        Remove-Item $broken.Source -Recurse
        $results = Get-Item $broken.Path, $jobs[0].Path | Invoke-RsyncToS3Backup -ErrorAction SilentlyContinue -ErrorVariable problem
        $results.Status | Should -Be Failed, Succeeded
        @($problem.FullyQualifiedErrorId) -like 'SourceMissing,*' | Should -HaveCount 1
    }

    It 'end at one that fails, with -ErrorAction Stop' {
        $broken = New-TestJob $TestDrive
        Remove-Item $broken.Source -Recurse
        $next = New-TestJob $TestDrive
        { Get-Item $broken.Path, $next.Path | Invoke-RsyncToS3Backup -ErrorAction Stop } | Should -Throw -ErrorId 'SourceMissing,*'
        $next.Mirror | Should -Not -Exist
    }
}
