# Browsing, testing and repairing the copies of a backup, without S3: what a local copy shows.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force

    $mirror = Join-Path $TestDrive 'mirror'
    New-Item -ItemType Directory (Join-Path $mirror 'sub') -Force | Out-Null
    Set-Content (Join-Path $mirror 'a.txt') 'first' -NoNewline
    Set-Content (Join-Path $mirror 'sub/b.txt') 'second' -NoNewline
    $job = @{
        name    = 'browsed'
        sources = @(@{ path = (Join-Path $TestDrive 'source') })
        options = @{ rsync = @{ localDestination = $mirror; syncToS3 = @{ enabled = $false } } }
    }
}

Describe 'Get-BackupItem' {
    It 'shows one level like Get-ChildItem' {
        ($job | Get-BackupItem).Path | Should -Be 'a.txt', 'sub'
    }

    It 'shows everything with -Recurse, and less with -Path' {
        ($job | Get-BackupItem -Recurse).Path | Should -Be 'a.txt', 'sub', 'sub/b.txt'
        ($job | Get-BackupItem -Path '**/*.txt').Path | Should -Be 'a.txt', 'sub/b.txt'
    }

    It 'streams, so that the first ones are enough' {
        @($job | Get-BackupItem -Recurse | Select-Object -First 1).Path | Should -Be 'a.txt'
    }

    It 'survives JSON and CSV' {
        ($job | Get-BackupItem -Path a.txt | ConvertTo-Json | ConvertFrom-Json).Length | Should -Be 5
        ($job | Get-BackupItem -Path a.txt | ConvertTo-Csv | ConvertFrom-Csv).Path | Should -Be 'a.txt'
    }

    It 'says that a local-only job has nothing in S3' {
        $job | Get-BackupItem -From S3 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'NoS3Copy*'
    }
}

Describe 'Test-Backup and Repair-Backup' -Tag Slow {
    BeforeAll {
        $null = Start-TestSession $TestDrive
        $tested = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $tested.Path
        $victim = Get-ChildItem $tested.Mirror -File | Where-Object Name -NotLike '.*' | Select-Object -First 1
        Remove-Item $victim
        $found = Test-Backup -ConfigPath $tested.Path -Level Checksums
    }

    AfterAll { Stop-TestSession }

    It 'finds what the mirror lost, and puts the result last' {
        $found | Select-Object -First 1 | ForEach-Object Kind | Should -Be MissingInMirror
        $found[-1].Status | Should -Be Failed
        $found[-1].DifferenceCounts.MissingInMirror | Should -Be 1
    }

    It 'restores a share as a drill, with the key that is kept for it' {
        $drilled = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $drilled.Path
        $drills = New-Item (Join-Path $TestDrive 'drills') -ItemType Directory
        $profiles = Join-Path $TestDrive 'profiles'
        Set-Content $profiles '[restore]', "aws_access_key_id = $env:AWS_ACCESS_KEY_ID", "aws_secret_access_key = $env:AWS_SECRET_ACCESS_KEY"
        Set-TestEnvironment AWS_SHARED_CREDENTIALS_FILE $profiles
        $drill = @{ ConfigPath = $drilled.Path; Level = 'Restore'; SamplePercent = 100; TemporaryPath = $drills.FullName }

        $result = Test-Backup @drill

        $result.Status | Should -Be Succeeded
        $result.Restored | Should -Be @(Get-FolderContent $drilled.Mirror).Count
        $result.RestoreDuration | Should -BeGreaterThan ([timespan]::Zero)
        Get-ChildItem $drills -Force | Should -BeNullOrEmpty
        (Get-Screen $result -List) -match '^Restored\s*:' | Should -HaveCount 1
        # A process of its own: the SDK looks for its files once.
        $command = "Test-Backup -ConfigPath '$($drilled.Path)' -Level Restore -ExitCode -ProfileName"
        Invoke-ChildShell "$command restore" | Should -Be 0
        Invoke-ChildShell "$command another" | Should -Be 5
        Set-TestEnvironment AWS_SHARED_CREDENTIALS_FILE $null
    }

    It 'shows what it found at the width of a terminal' {
        Get-Screen $found[0] | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        (Get-Screen $found[0] -List) -join "`n" | Should -Match 'The mirror has lost it'
    }

    It 'is on record, and no run of the job' {
        (Get-BackupHistory $tested.Name -Kind Test -Last 1).Test.Differences | Should -Be 1
        (Get-BackupHistory $tested.Name -Last 1).Kind | Should -Be Backup
    }

    It 'takes differences back from <_>' -ForEach 'JSON', 'CSV', 'XML', 'a job' {
        $file = Join-Path $TestDrive 'found'
        $back = switch ($_) {
            JSON { $found | ConvertTo-Json -Depth 4 | ConvertFrom-Json }
            CSV { $found | Export-Csv $file; Import-Csv $file }
            XML { $found | Export-Clixml $file; Import-Clixml $file }
            default { Start-Job { $using:found } | Receive-Job -Wait -AutoRemoveJob }
        }
        Remove-Item $victim -ErrorAction Ignore
        $repair = $back | Repair-Backup -Confirm:$false
        $repair.Status | Should -Be Succeeded
        $repair.RepairedCopy | Should -Be Local
        $victim.FullName | Should -Exist
        Test-Backup -ConfigPath $tested.Path -Quiet | Should -BeTrue
    }

    It 'asks for each entry with -WhatIf and changes none' {
        Remove-Item $victim
        $found | Repair-Backup -WhatIf | Should -BeNullOrEmpty
        $victim.FullName | Should -Not -Exist
    }

    It 'says what it does not take' {
        $false | Repair-Backup -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidParameter*'
    }

    It 'ends a process with <code> in a schedule' -ForEach @(@{ damaged = $true; code = 6 }, @{ damaged = $false; code = 0 }) {
        if (-not $damaged) { Test-Backup -ConfigPath $tested.Path | Repair-Backup -Confirm:$false }
        $command = "Import-Module '$(Get-StagedManifest)'; Test-Backup -ConfigPath '$($tested.Path)' -Level Checksums -ExitCode"
        $null = & (Get-Command pwsh).Source -NoProfile -NonInteractive -Command $command
        $LASTEXITCODE | Should -Be $code
    }
}

Describe 'A job with deleteAfter' -Tag Slow {
    BeforeAll {
        $null = Start-TestSession $TestDrive
        $keeps = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true; maxDelete = '100%' } -S3 @{ deleteFromS3 = $true; deleteAfter = '30d' }
        $null = Invoke-RsyncToS3Backup $keeps.Path
        Remove-Item (Join-Path $keeps.Source 'a.txt')
        $started = Get-Date
        $run = Invoke-RsyncToS3Backup $keeps.Path
    }

    AfterAll { Stop-TestSession }

    It 'says what it deletes later' {
        $run.Stage2.Postponed | Should -Be 1
        $run.Stage2.Deleted | Should -Be 0
        (Get-Screen $run.Stage2 -List) -join "`n" | Should -Match 'Deleted later *: 1'
    }

    It 'is listed with the time since when it is gone' {
        $gone = Get-BackupItem -ConfigPath $keeps.Path -Deleted
        $gone.Path | Should -Be 'a.txt'
        $gone.GoneTime | Should -BeGreaterThan $started.AddSeconds(-2)
        $gone.GoneTime | Should -BeLessOrEqual (Get-Date)
    }

    It 'is restored when it is asked for, and not else' {
        (Restore-Backup -ConfigPath $keeps.Path -From S3 -Destination (Join-Path $TestDrive 'now')).DeletedLeftOut | Should -Be 1
        Join-Path $TestDrive 'now/a.txt' | Should -Not -Exist
        $null = Restore-Backup -ConfigPath $keeps.Path -IncludeDeleted -Path a.txt -Destination (Join-Path $TestDrive 'back')
        Join-Path $TestDrive 'back/a.txt' | Should -FileContentMatchExactly '^alpha$'
    }

    It 'cannot be restored from the mirror, which no longer has it' {
        $null = Restore-Backup -ConfigPath $keeps.Path -From Local -IncludeDeleted -Destination (Join-Path $TestDrive 'none') `
            -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'RestorePastOfMirror*'
        Join-Path $TestDrive 'none' | Should -Not -Exist
    }

    It 'is not asked for of a bucket alone' {
        { Get-BackupItem -BucketName any -Deleted } | Should -Throw -ErrorId 'AmbiguousParameterSet*'
    }

    It 'is no difference of the copies' { Test-Backup -ConfigPath $keeps.Path -Quiet | Should -BeTrue }

    It 'is not listed of a time in the past, or from where nobody knows' {
        Get-BackupItem -ConfigPath $keeps.Path -Deleted -AsOf (Get-Date) -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'DeletedUnknown*'
        Get-BackupItem -ConfigPath $keeps.Path -Deleted -From Local -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'NoLocalCopy*'
    }
}
