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
