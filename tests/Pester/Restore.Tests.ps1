# Getting files back, from both copies.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $session = Start-TestSession $TestDrive
    $job = New-TestJob $TestDrive
    $null = Invoke-RsyncToS3Backup $job.Path

    function Get-Tree([string] $Folder) {
        Get-ChildItem $Folder -Recurse -File | Sort-Object FullName |
            ForEach-Object { '{0} {1} {2:o}' -f [IO.Path]::GetRelativePath($Folder, $_.FullName), (Get-Content $_ -Raw), $_.LastWriteTimeUtc }
    }
}

AfterAll { Stop-TestSession }

Describe 'Restore-Backup' {
    It 'restores from <_> what was backed up' -ForEach 'Local', 'S3' {
        $target = Join-Path $TestDrive "from-$_"
        $result = Restore-Backup -ConfigPath $job.Path $target -From $_
        $result.Status | Should -Be Succeeded
        $result.From | Should -Be $_
        Get-Tree $target | Should -Be (Get-Tree $job.Source)
        (Restore-Backup -ConfigPath $job.Path $target -From $_).Restored | Should -Be 0
    }

    It 'takes the mirror and says why' {
        $result = Restore-Backup -ConfigPath $job.Path (Join-Path $TestDrive 'chosen')
        $result.From | Should -Be Local
        $result.FromReason | Should -Not -BeNullOrEmpty
    }

    It 'needs no more than bucket and prefix' {
        $target = Join-Path $TestDrive 'without-job'
        $result = Restore-Backup -BucketName $session.Bucket -KeyPrefix "$($job.Name)/" -EndpointUrl $session.Endpoint -Region $session.Region -Destination $target
        $result.Status | Should -Be Succeeded
        Get-Tree $target | Should -Be (Get-Tree $job.Source)
    }

    It 'restores only what -Path names' {
        $target = Join-Path $TestDrive 'part'
        $null = Restore-Backup -ConfigPath $job.Path $target -Path 'sub folder'
        (Get-ChildItem $target -Recurse -File).Name | Should -Be 'c 🙂.txt'
    }

    It 'restores in place' {
        Remove-Item (Join-Path $job.Source 'a.txt')
        (Restore-Backup -ConfigPath $job.Path -InPlace -Confirm:$false).Restored | Should -BeGreaterOrEqual 1
        Get-Content (Join-Path $job.Source 'a.txt') -Raw | Should -Be alpha
    }

    It 'does nothing with -WhatIf' {
        Restore-Backup -ConfigPath $job.Path (Join-Path $TestDrive 'not-made') -WhatIf | Should -BeNullOrEmpty
        Join-Path $TestDrive 'not-made' | Should -Not -Exist
    }

    It 'replaces newer work with -Force only, and -WhatIf names it' {
        $file = Join-Path $job.Source 'a.txt'
        Set-Content $file 'newer work'
        $command = "Import-Module '$(Get-StagedManifest)'; Restore-Backup -ConfigPath '$($job.Path)' -InPlace"
        $said = & (Get-Command pwsh).Source -NoProfile -NonInteractive -Command "$command -WhatIf"
        @($said -match 'newer than the copy').Count | Should -Be 1
        $said -match 'newer than the copy' | Should -BeLike "*$file*"
        & (Get-Command pwsh).Source -NoProfile -NonInteractive -Command "$command -Confirm:`$false -WarningAction Ignore | ForEach-Object SkippedNewer" |
            Should -Be 1
        Get-Content $file | Should -Be 'newer work'
        (Restore-Backup -ConfigPath $job.Path -InPlace -Force -LiteralPath 'a.txt').Restored | Should -Be 1
        Get-Content $file -Raw | Should -Be alpha
    }

    It 'says what is wrong' {
        $null = Restore-Backup -ConfigPath $job.Path -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'RestoreDestinationMissing,*'
    }

    It 'fits 100 columns' {
        $result = Restore-Backup -ConfigPath $job.Path (Join-Path $TestDrive 'shown')
        Get-Screen $result | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        Get-Screen $result -List | Out-Null
    }
}
