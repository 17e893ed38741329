# The module as PowerShell shows it: commands, help, completion.
BeforeDiscovery {
    $commands = @(
        'Disable-BackupSchedule'
        'Enable-BackupSchedule'
        'Export-BackupMetric'
        'Export-BackupReport'
        'Get-BackupCost'
        'Get-BackupHistory'
        'Get-BackupItem'
        'Get-BackupJob'
        'Get-BackupLifecycle'
        'Get-BackupLog'
        'Get-BackupReport'
        'Get-BackupSchedule'
        'Get-BackupScheduleOccurrence'
        'Get-BackupSnapshot'
        'Import-BackupConfiguration'
        'Initialize-BackupBucket'
        'Invoke-RsyncStage'
        'Invoke-RsyncToS3Backup'
        'Invoke-S3SyncStage'
        'New-BackupConfiguration'
        'New-BackupPolicy'
        'Register-BackupSchedule'
        'Remove-BackupHistory'
        'Remove-BackupJob'
        'Remove-BackupLifecycle'
        'Rename-BackupJob'
        'Repair-Backup'
        'Restore-Backup'
        'Send-BackupNotification'
        'Set-BackupConfiguration'
        'Set-BackupLifecycle'
        'Start-BackupSchedule'
        'Test-Backup'
        'Test-BackupConfiguration'
        'Test-BackupDue'
        'Test-BackupReadiness'
        'Unregister-BackupSchedule'
    )
}

BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force

    function Complete([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}

Describe 'The module' {
    It 'exports its cmdlets and nothing else' -ForEach @{ Commands = $commands } {
        $module = Get-Module RsyncS3Backup
        $module.ExportedCommands.Keys | Sort-Object | Should -Be $Commands
        (Get-Command -Module RsyncS3Backup).CommandType | Sort-Object -Unique | Should -Be Cmdlet
    }

    It 'is found by name in a folder of PSModulePath, and loaded by its first command' -Tag Slow {
        $folder = Split-Path (Split-Path (Split-Path (Get-StagedManifest)))
        $output = pwsh -NoProfile -NonInteractive -Command (
            "`$env:PSModulePath += [IO.Path]::PathSeparator + '$folder'; Test-BackupConfiguration ./nosuch.json -Quiet; (Get-Module RsyncS3Backup).Name")
        $output | Should -Be False, RsyncS3Backup
    }

    It 'can be removed and imported again' {
        Remove-Module RsyncS3Backup
        Import-Module (Get-StagedManifest)
        Get-Command Invoke-RsyncToS3Backup | Should -Not -BeNullOrEmpty
    }

    It 'has results whose types are found by name' {
        [RsyncS3Backup.BackupResult].GetProperty('Stage1').PropertyType | Should -Be ([RsyncS3Backup.RsyncStageResult])
    }
}

Describe 'Help of <_>' -ForEach $commands {
    BeforeAll { $help = Get-Help $_ -Full }

    It 'says what the cmdlet does' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -BeLike "*$($help.Name) [[]*"
        $help.Description | Should -Not -BeNullOrEmpty
    }

    It 'shows examples with what they do' {
        @($help.Examples.Example).Count | Should -BeGreaterThan 0
        foreach ($example in $help.Examples.Example) {
            $example.Code | Should -Not -BeNullOrEmpty
            ($example.Remarks | Out-String).Trim() | Should -Not -BeNullOrEmpty
        }
    }

    It 'has examples that PowerShell can parse' {
        foreach ($example in $help.Examples.Example) {
            $mistakes = $null
            $null = [Management.Automation.Language.Parser]::ParseInput($example.Code, [ref] $null, [ref] $mistakes)
            $mistakes | Should -BeNullOrEmpty -Because $example.Code
        }
    }

    It 'describes every parameter' {
        $common = [Management.Automation.PSCmdlet]::CommonParameters
        foreach ($parameter in (Get-Command $_).Parameters.Keys | Where-Object { $_ -notin $common }) {
            $described = $help.Parameters.Parameter | Where-Object Name -EQ $parameter
            ($described.Description | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because $parameter
        }
    }
}

Describe 'The about topic' {
    It 'is found by its name' {
        Get-Help about_RsyncS3Backup | Out-String | Should -BeLike '*RsyncS3Backup*'
    }
}

Describe 'Tab completion' {
    It 'offers the storage classes' {
        Complete 'Invoke-S3SyncStage -StorageClass ' | Should -Contain STANDARD_IA
        Complete 'Invoke-S3SyncStage -StorageClass DEEP' | Should -Be DEEP_ARCHIVE
    }

    It 'offers regions' {
        Complete 'New-BackupConfiguration -Region eu-north' | Should -Be eu-north-1
    }

    It 'offers time zones' {
        Complete 'New-BackupConfiguration -TimeZone America/New_Y' | Should -Be America/New_York
    }

    It 'offers the configuration files of the folder' {
        Set-Content (Join-Path $TestDrive 'photos.json') '{}'
        Set-Content (Join-Path $TestDrive 'photos.txt') ''
        Push-Location $TestDrive
        try { Complete 'Invoke-RsyncToS3Backup ./pho' | Should -Be ./photos.json } finally { Pop-Location }
    }

    It 'offers the tasks of build.ps1' {
        $script = Join-Path (Split-Path (Split-Path $PSScriptRoot)) 'build.ps1'
        Complete "& '$script' " | Sort-Object | Should -Be bench, build, demo, help, mutate, package, publish, test
    }
}
