# The demo, as it is run by whoever wants to see what the module does.
BeforeAll {
    $script:demo = Join-Path (Split-Path $PSScriptRoot) 'Demo'
}

Describe 'The demo' -Tag Slow {
    BeforeAll {
        $PSNativeCommandUseErrorActionPreference = $false
        $shell = (Get-Command pwsh -CommandType Application)[0].Source
        $script:lines = & $shell -NoProfile -NonInteractive -File (Join-Path $demo demo.ps1) 2>&1 | ForEach-Object { "$_" }
        $script:exitCode = $LASTEXITCODE
        $script:text = $lines -join "`n"
    }

    It 'ends with the proof and exit code 0' {
        $exitCode | Should -Be 0 -Because $text
        $text | Should -Match '29\d files \([\d.,\u00a0\u202f'' ]+ bytes\), 1 link, 1 empty folder: all equal, byte by byte\.'
        $lines[-1] | Should -Be 'Everything was as promised.'
    }

    It 'shows once: <_>' -ForEach @(
        "/data/photos' does not exist."
        'Recommendation: Check the path, and whether its drive is mounted.'
        "Access to bucket 'my-backups' is denied"
        'Recommendation: The credentials need s3:ListBucket'
        'Nothing was sent to S3'
    ) {
        [regex]::Matches($text, [regex]::Escape($_)) | Should -HaveCount 1
    }

    It 'writes no escape codes, no progress and no line of a script into a file' {
        $text | Should -Not -Match '\e'
        $text | Should -Not -Match 'Stage 1 of 2'
        $text | Should -Not -Match 'demo\.ps1'
    }

    It 'shows every column of its tables' {
        ($lines -match '^Status +Name +Mirror +S3 +Uploaded +Duration +Problem *$').Count | Should -Be 4
    }
}

Describe 'The comparison of the demo' {
    BeforeAll {
        Import-Module (Join-Path (Split-Path $PSScriptRoot) 'S3Server/LoopbackS3.psm1')
        Import-Module (Join-Path $demo 'SampleFiles.psm1')
        $script:server = Start-LoopbackS3 compared
        $script:source, $script:copy = 'source', 'copy' | ForEach-Object {
            $folder = New-Item (Join-Path $TestDrive $_) -ItemType Directory
            Set-Content (Join-Path $folder 'same.txt') 'same' -NoNewline
            Set-Content (Join-Path $folder 'other.txt') $_.PadRight(6) -NoNewline
            $folder.FullName
        }
        Set-Content (Join-Path $copy 'added.txt') 'added'
    }

    AfterAll { Stop-LoopbackS3 $server }

    It 'finds what differs, what was added and what the bucket lacks' {
        $comparison = Compare-Copy $source $copy $server photos/
        $comparison.Files | Should -Be 2
        $comparison.Differences | Sort-Object | Should -Be @(
            'in the bucket: photos/other.txt', 'in the bucket: photos/same.txt'
            "on the disk: $copy/other.txt", "only on the disk: $copy/added.txt")
    }
}
