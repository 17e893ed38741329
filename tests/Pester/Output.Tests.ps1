# What a user sees of results, and what other commands get from them.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
    $job = New-TestJob $TestDrive
    $result = Invoke-RsyncToS3Backup $job.Path
    $broken = New-TestJob $TestDrive
    Remove-Item $broken.Source -Recurse
    $failed = Invoke-RsyncToS3Backup $broken.Path -ErrorAction SilentlyContinue
}

AfterAll { Stop-TestSession }

Describe 'A table' {
    It 'of <Name> is one line that fits 100 columns, and 79' -ForEach @(
        @{ Name = 'a backup'; Pick = { $result } }
        @{ Name = 'a failed backup'; Pick = { $failed } }
        @{ Name = 'stage 1'; Pick = { $result.Stage1 } }
        @{ Name = 'stage 2'; Pick = { $result.Stage2 } }
        @{ Name = 'a configuration'; Pick = { Import-BackupConfiguration $job.Path } }
    ) {
        $lines = @(Get-Screen (& $Pick) | Where-Object { $_.Trim() })
        $lines | Should -HaveCount 3 -Because "there is a header, its underline and a row:`n$($lines -join "`n")"
        $lines | ForEach-Object { $_.TrimEnd().Length } | Should -BeLessOrEqual 100
        $narrow = @(Get-Screen (& $Pick) -Width 79)
        $narrow | ForEach-Object { $_.TrimEnd().Length } | Should -BeLessOrEqual 79
        -split @($narrow | Where-Object { $_.Trim() })[0] | Should -Be (-split $lines[0])
    }

    It 'shows the status, both stages, bytes and time of a backup' {
        $header = @(Get-Screen $result | Where-Object { $_.Trim() })[0]
        -split $header | Should -Be Status, Name, Mirror, S3, Uploaded, Duration, Problem
    }

    It 'says why a backup failed, and counts one new file as one change on both sides' {
        $new = New-TestJob $TestDrive
        $null = Invoke-RsyncToS3Backup $new.Path
        Set-Content (Join-Path $new.Source 'sub folder/new') 'x'
        $one = Invoke-RsyncToS3Backup $new.Path
        $rows = Get-Screen @($one, $failed) -Width 79
        $rows -join "`n" | Should -Match '(?m)^Succeeded .* \+1 ~0 -0 +\+1 ~0 -0 '
        $rows -join "`n" | Should -Match '(?m)^Failed .* SourceMissing\s*$'
    }

    It 'of a skipped stage says why, in as many lines as that takes, in <Width> columns' -ForEach @(@{ Width = 79 }, @{ Width = 100 }) {
        $screen = Get-Screen $failed.Stage2 -Width $Width
        $screen | ForEach-Object { $_.TrimEnd().Length } | Should -BeLessOrEqual $Width
        -split @($screen | Where-Object { $_.Trim() })[0] | Should -Be Status, Name, Changes, Uploaded, Requests, Cost, Duration, Problem
        ($screen -join '') -replace '\s' | Should -BeLike '*SourceMissing*bucket*touched*'
    }

    It 'of changes shows what stage 1 did to which path' {
        $first = Invoke-RsyncToS3Backup (New-TestJob $TestDrive).Path
        $screen = Get-Screen @($first.Stage1.GetChanges())
        -split @($screen | Where-Object { $_.Trim() })[0] | Should -Be Kind, Type, Size, Path
        $screen -join "`n" | Should -Match '(?m)^Created +File +5 B a\.txt\s*$'
    }

    It 'of a configuration shows paths whole where there is room' {
        (Get-Screen (Import-BackupConfiguration $job.Path) -Width 400) -join ' ' | Should -BeLike "*$($job.Source) *$($job.Mirror) *"
    }

    It 'of problems wraps and keeps what is allowed' {
        $path = Join-Path $TestDrive 'bad.json'
        Set-Content $path '{ "optoins": {} }'
        $screen = Get-Screen (Test-BackupConfiguration $path)
        $screen | ForEach-Object { $_.TrimEnd().Length } | Should -BeLessOrEqual 100
        $screen -join ' ' | Should -BeLike '*Allowed*optoins*'
    }
}

Describe 'A list' {
    It 'tells of a failed backup what failed, what to do, and where the log is' {
        $screen = (Get-Screen $failed -List) -join ' ' -replace '\s+', ' '
        $screen | Should -BeLike '*SourceMissing: The source*'
        $screen | Should -BeLike '*Skipped: Stage 1 failed (SourceMissing)*'
        $screen | Should -BeLike '*Exit code : 3 (Refused)*'
        $screen | Should -BeLike '*Log : *'
    }
}

Describe 'Results of several types in one output' {
    It 'stay short lists, not every property' {
        $screen = Get-Screen @($result, $result.Stage1, $result.Stage2)
        $screen -join "`n" | Should -Not -BeLike '*BytesPerSecond*'
        $screen -join "`n" | Should -BeLike '*Destination *: *mirror*'
        $screen -join "`n" | Should -BeLike '*BucketName *: acceptance*'
    }
}

Describe 'ConvertTo-Json' {
    It 'keeps both stages' {
        $json = $result | ConvertTo-Json -Depth 3 -EnumsAsStrings -WarningAction SilentlyContinue | ConvertFrom-Json
        $json.Name | Should -Be $job.Name
        $json.Status | Should -Be Succeeded
        $json.Stage1.Source | Should -Be $job.Source
        $json.Stage2.Requests.Put | Should -Be $result.Stage2.Requests.Put
        $json.Stage2.TransferredBytes | Should -Be 14
    }

    It 'keeps why a run failed' {
        $json = $failed | ConvertTo-Json -Depth 3 -EnumsAsStrings -WarningAction SilentlyContinue | ConvertFrom-Json
        $json.Error.Id | Should -Be SourceMissing
        $json.Stage2.SkippedReason | Should -BeLike '*SourceMissing*'
    }
}

Describe 'Export-Csv' {
    It 'gives a row of readable values for each stage' {
        $path = Join-Path $TestDrive 'stages.csv'
        $result.Stage2, $failed.Stage2 | Export-Csv $path
        $rows = Import-Csv $path
        $rows.Status | Should -Be Succeeded, Skipped
        $rows[0].Requests | Should -BeLike '* PUT*'
        $rows[0].TransferredBytes | Should -Be 14
        [timespan] $rows[0].Duration | Should -Be $result.Stage2.Duration
    }

    It 'gives a row of readable values for a backup' {
        $row = $failed | ConvertTo-Csv | ConvertFrom-Csv
        $row.Name | Should -Be $broken.Name
        $row.ExitCode | Should -Be Refused
        $row.Error | Should -BeLike 'SourceMissing: *'
        $row.Stage1 | Should -Not -BeLike '*{*'
        $row.ErrorId | Should -Be SourceMissing
    }

    It 'gives columns that say where, how much and what it cost, of results, history and jobs' {
        $row = $result | ConvertTo-Csv | ConvertFrom-Csv
        $row.HostName | Should -Be ([Environment]::MachineName)
        $row.UploadedBytes | Should -Be 14
        $row.S3Created | Should -Be $result.Stage2.Created
        [decimal] $row.RequestCost | Should -Be $result.Stage2.EstimatedRequestCost
        $recorded = Get-BackupHistory $job.Name -Last 1 | ConvertTo-Csv | ConvertFrom-Csv
        $recorded.BucketName | Should -Be $row.BucketName
        $recorded.UploadedBytes | Should -Be 14
        ($result, $result.Stage1, $result.Stage2 | ForEach-Object { $_ | ConvertTo-Csv }) -join "`n" | Should -Not -Match 'System\.Collections|\[\]"'
    }
}

Describe 'ConvertTo-Json' {
    It 'has the names of enumerations and a duration in seconds' {
        $back = $result | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $back.Status | Should -Be Succeeded
        $back.Stage2.SyncMode | Should -BeOfType string
        $back.ExitCode | Should -Be 0
        $back.DurationSeconds | Should -BeGreaterThan 0
    }

    It 'is not needed for the document that webhooks get' {
        $document = $failed.ToJson() | ConvertFrom-Json
        $document.event | Should -Be failure
        $document.error.id | Should -Be SourceMissing
    }
}

Describe 'Results of several kinds in one script' {
    It 'are shown with sizes, durations and money that can be read' {
        $mixed = @($result.Stage1, $result.Stage2, (Test-Backup $job.Path))
        $screen = (Get-Screen $mixed) -join "`n"
        $screen | Should -Match 'Transferred *: 14 B'
        $screen | Should -Match 'Took *: [0-9.]+ m?s'
        $screen | Should -Match 'Cost *: <?\$0\.0'
        $screen | Should -Not -MatchExactly '[0-9]E-[0-9]|00:00:0'
    }
}

Describe 'Get-BackupLog' {
    It 'shows a log as a table of 79 columns, and of a failure what to do' {
        $screen = Get-Screen @(Get-BackupLog $broken.Name -ErrorAction SilentlyContinue; Get-BackupHistory $broken.Name | Get-BackupLog) -Width 79
        $screen | ForEach-Object { $_.TrimEnd().Length } | Should -BeLessOrEqual 79
        $lines = Get-BackupHistory $broken.Name | Get-BackupLog -Level Error
        $lines[0].ErrorId | Should -Be SourceMissing
        $lines[0].RecommendedAction | Should -Not -BeNullOrEmpty
    }
}

Describe 'Other commands' {
    It 'filter, sort and group results by their status' {
        ($result, $failed | Where-Object Status -EQ Failed).Name | Should -Be $broken.Name
        ($result, $failed | Group-Object Status).Name | Sort-Object | Should -Be Failed, Succeeded
        ($result.Stage2, $failed.Stage2 | Measure-Object TransferredBytes -Sum).Sum | Should -Be 14
    }

    It 'get a result back from Start-Job that looks the same' -Tag Slow {
        $script = { param($Manifest, $Path) Import-Module $Manifest; Invoke-RsyncToS3Backup $Path }
        $returned = Start-Job $script -ArgumentList (Get-StagedManifest), $job.Path | Receive-Job -Wait -AutoRemoveJob
        $returned.Stage2.Status | Should -Be Succeeded
        $returned.Stage2.SyncMode.ToString() | Should -Be Journal
        $returned.Stage2 | Format-List | Out-String | Should -BeLike '*Compared by*: Journal: *Listing saved*'
        $returned.Stage2.Requests.Total | Should -Be 0
        $header, $null, $row = Get-Screen $returned | Where-Object { $_.Trim() }
        -split $header | Should -Be Status, Name, Mirror, S3, Uploaded, Duration, Problem
        $row | Should -Match "Succeeded\s+$([regex]::Escape($job.Name))\s+\+0 ~0 -0\s+\+0 ~0 -0"
    }
}

Describe '-Verbose' {
    It 'tells the story of a run from its start to its end' {
        $story = Invoke-RsyncToS3Backup $job.Path -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] }
        $story.Message -join "`n" | Should -BeLike "*starts*rsync*Stage 1 Succeeded*Stage 2*By Journal*requests: none*ended: Succeeded*"
    }
}

Describe 'An error' {
    It 'names what is wrong and what to do, in the view that PowerShell shows' {
        $problem = $null
        Invoke-RsyncToS3Backup $broken.Path -ErrorAction SilentlyContinue -ErrorVariable problem | Out-Null
        $text = ($problem[0] | Out-String) -replace '\x1b\[[0-9;]*m' -replace '\s*\|?\s+', ' '
        $text | Should -BeLike '*does not exist*'
    }

    It 'is caught with its id' {
        try { Invoke-RsyncToS3Backup $broken.Path -ErrorAction Stop; $id = 'none' } catch { $id = $_.FullyQualifiedErrorId }
        $id | Should -BeLike 'SourceMissing,*'
    }
}
