# The package as a user meets it: published to a folder, installed, updated, unpacked from the zip; always in a home of its own and in
# shells that have never seen the repository.
BeforeDiscovery {
    $topics = @(
        'about_RsyncS3Backup'
        'about_RsyncS3Backup_ComingFrom'
        'about_RsyncS3Backup_Configuration'
        'about_RsyncS3Backup_Cost'
        'about_RsyncS3Backup_Drives'
        'about_RsyncS3Backup_Errors'
        'about_RsyncS3Backup_Fleet'
        'about_RsyncS3Backup_Monitoring'
        'about_RsyncS3Backup_Notifications'
        'about_RsyncS3Backup_Ransomware'
        'about_RsyncS3Backup_Restore'
        'about_RsyncS3Backup_Schedules'
        'about_RsyncS3Backup_Security'
        'about_RsyncS3Backup_Storage'
        'about_RsyncS3Backup_Stores'
        'about_RsyncS3Backup_Unattended'
        'about_RsyncS3Backup_Windows'
    )
}

BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $manifest = Get-StagedManifest
    $staged = Split-Path $manifest
    $version = [version] (Import-PowerShellDataFile $manifest).ModuleVersion
    $root = Split-Path (Split-Path $PSScriptRoot)

    # A pwsh with a home of its own. PSModulePath is left to the new process, as at a login: what this one has would be handed down.
    function Invoke-Elsewhere([string] $HomeFolder, [string] $Command) {
        $start = [Diagnostics.ProcessStartInfo]::new((Get-Command pwsh -CommandType Application)[0].Source)
        foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', $Command) { $start.ArgumentList.Add($argument) }
        $start.WorkingDirectory = $HomeFolder
        $start.Environment['HOME'] = $HomeFolder
        $start.Environment['RSYNCS3BACKUP_STATE'] = Join-Path $HomeFolder 'state'
        foreach ($name in 'PSModulePath', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'RSYNCS3BACKUP_JOBS') {
            $null = $start.Environment.Remove($name)
        }
        $start.Environment['NO_COLOR'] = '1'
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [Diagnostics.Process]::Start($start)
        $errors = $process.StandardError.ReadToEndAsync()
        $output = $process.StandardOutput.ReadToEnd()
        $process.WaitForExit()
        if ($process.ExitCode -ne 0 -or $errors.Result.Trim()) {
            throw "The shell ended with $($process.ExitCode): $output$($errors.Result)"
        }
        $output -split '\r?\n' | Where-Object { $_ -ne '' }
    }

    # Two files in a folder, and what a fresh shell types to mirror them: its first word of the module is a cmdlet's name.
    function New-Source([string] $HomeFolder) {
        $source = New-Item (Join-Path $HomeFolder 'source') -ItemType Directory -Force
        Set-Content (Join-Path $source 'a.txt') 'alpha' -NoNewline
        Set-Content (Join-Path $source 'b.txt') 'beta' -NoNewline
    }

    # The mirror's root counts as created too.
    $runStage = @'
$result = Invoke-RsyncStage -Source ./source -Destination ./mirror
"$($result.Status) $($result.Created)"
(Get-Command Invoke-RsyncStage).Version.ToString()
(Get-Command Invoke-RsyncStage).Module.ModuleBase
[RsyncS3Backup.RsyncStageResult].Name
'@
}

Describe 'The manifest' {
    It 'is one that Test-ModuleManifest has nothing against' {
        $module = Test-ModuleManifest $manifest -ErrorAction Stop -WarningVariable warnings
        $module.Version | Should -Be $version
        $module.ExportedCmdlets.Keys | Sort-Object | Should -Be ((Import-PowerShellDataFile $manifest).CmdletsToExport | Sort-Object)
        $warnings | Should -BeNullOrEmpty
    }

    It 'has the notes of its version' {
        (Test-ModuleManifest $manifest).ReleaseNotes | Should -BeLike '*Invoke-RsyncToS3Backup: a backup in two stages*'
    }
}

Describe 'The topic <_>' -ForEach $topics {
    It 'is found by Get-Help with a synopsis, and fits 80 columns' {
        # Once for all topics: nothing is done where it is.
        Import-Module $manifest
        $text = Get-Help $_
        $text | Should -BeOfType string
        $text | Should -BeLike "TOPIC*$_*LONG DESCRIPTION*"
        (Get-Help "$_*" | Where-Object Name -EQ $_).Synopsis | Should -Not -BeNullOrEmpty
        # The address of a page cannot be broken.
        $text -split '\r?\n' | Where-Object { $_.Length -gt 80 -and $_ -notmatch '^\s*\S*://\S*$' } | Should -BeNullOrEmpty
    }
}

Describe 'A message that refers to the guides' {
    It 'names a topic that is there' {
        Import-Module $manifest -Force
        Set-Content (Join-Path $TestDrive 'wrong.json') '{ "sorces": [] }'
        $failure = { Import-BackupConfiguration (Join-Path $TestDrive 'wrong.json') -ErrorAction Stop } | Should -Throw -PassThru
        $advice = $failure.ErrorDetails.RecommendedAction
        $advice | Should -Match 'Get-Help (about_\w+)'
        $null = $advice -match 'Get-Help (about_\w+)'
        Get-Help $Matches[1] | Should -BeLike "TOPIC*$($Matches[1])*"
    }
}

# Where modules of a user lie follows from HOME on Unix; on Windows it is the documents folder, which no variable moves.
Describe 'On Unix, a folder as a repository' -Tag Slow -Skip:$IsWindows {
    BeforeAll {
        $place = (New-Item (Join-Path $TestDrive 'home') -ItemType Directory).FullName
        $repository = (New-Item (Join-Path $TestDrive 'repository') -ItemType Directory).FullName
        $modules = Join-Path $place '.local/share/powershell/Modules/RsyncS3Backup'
        New-Source $place
        $next = [version]::new($version.Major, $version.Minor + 1, 0)
        # The next version is the same module with another number, in a folder that is named as the staged one is.
        $nextFolder = Join-Path $TestDrive "next/RsyncS3Backup/$next"
        $null = New-Item (Split-Path $nextFolder) -ItemType Directory
        Copy-Item $staged $nextFolder -Recurse
        $nextManifest = Join-Path $nextFolder 'RsyncS3Backup.psd1'
        (Get-Content $nextManifest -Raw).Replace("ModuleVersion        = '$version'", "ModuleVersion        = '$next'") |
            Set-Content $nextManifest -NoNewline
    }

    It 'takes the module with Publish-PSResource' {
        Invoke-Elsewhere $place @"
Register-PSResourceRepository Folder -Uri '$repository' -Trusted
Publish-PSResource '$staged' -Repository Folder
(Find-PSResource RsyncS3Backup -Repository Folder).Version.ToString()
"@ | Should -Be "$version"
        Join-Path $repository "RsyncS3Backup.$version.nupkg" | Should -Exist
    }

    It 'gives it back to Install-PSResource, file for file' {
        Invoke-Elsewhere $place 'Install-PSResource RsyncS3Backup -Repository Folder'
        $installed = Get-FolderContent (Join-Path $modules $version) | Where-Object { $_ -notlike 'PSGetModuleInfo.xml = *' }
        $installed | Should -Be (Get-FolderContent $staged)
    }

    It 'lets a new shell load the module by the name of a cmdlet and run a stage' {
        Invoke-Elsewhere $place $runStage |
            Should -Be 'Succeeded 3', "$version", (Join-Path $modules $version), RsyncStageResult
        Get-FolderContent (Join-Path $place 'mirror') | Should -Be (Get-FolderContent (Join-Path $place 'source'))
    }

    It 'brings the next version with Update-PSResource' {
        Invoke-Elsewhere $place @"
Publish-PSResource '$nextFolder' -Repository Folder
Update-PSResource RsyncS3Backup
"@
        Invoke-Elsewhere $place $runStage |
            Should -Be 'Succeeded 0', "$next", (Join-Path $modules $next), RsyncStageResult
        Join-Path $modules $version | Should -Exist -Because 'schedules may still name it'
    }

    It 'has topics that are shown, and not listed, when two versions are there' {
        Invoke-Elsewhere $place @'
(Get-Command Invoke-RsyncStage).Version.ToString()
Import-Module RsyncS3Backup
@(Get-Help about_RsyncS3Backup_Errors).Count
'@ | Should -Be "$next", '1'
    }
}

Describe 'The zip' -Tag Slow {
    BeforeAll {
        $session = Start-TestSession (New-Item (Join-Path $TestDrive 'session') -ItemType Directory).FullName
        $place = (New-Item (Join-Path $TestDrive 'unpacked') -ItemType Directory).FullName
        New-Source $place
        $PSNativeCommandUseErrorActionPreference = $true
        $null = dotnet msbuild (Join-Path $root 'src/RsyncS3Backup') -t:PackageModule -nologo -v:minimal -p:Configuration=Release
        Expand-Archive (Join-Path $root "out/RsyncS3Backup.$version.zip") (Join-Path $place 'Modules')
        $addFolder = "`$env:PSModulePath = '$(Join-Path $place 'Modules')' + [IO.Path]::PathSeparator + `$env:PSModulePath`n"
    }

    AfterAll { Stop-TestSession }

    It 'holds the staged module' {
        Get-FolderContent (Join-Path $place "Modules/RsyncS3Backup/$version") | Should -Be (Get-FolderContent $staged)
    }

    It 'is a module that a new shell loads by the name of a cmdlet, and runs both stages with' {
        Invoke-Elsewhere $place ($addFolder + @"
`$null = New-BackupConfiguration ./photos.json -Source ./source -Destination ./mirror -BucketName $($session.Bucket) ``
    -Region $($session.Region) -EndpointUrl $($session.Endpoint) -KeyPrefix zip/
`$result = Invoke-RsyncToS3Backup ./photos.json
"`$(`$result.Status) `$(`$result.Stage1.Created) `$(`$result.Stage2.Created)"
(Get-Module RsyncS3Backup).ModuleBase
"@) | Should -Be 'Succeeded 3 2', (Join-Path $place "Modules/RsyncS3Backup/$version")
        Get-FolderContent (Join-Path $place 'mirror') | Should -Be (Get-FolderContent (Join-Path $place 'source'))
        Get-BucketContent zip/ | Where-Object { $_ -notlike '.rsyncs3backup*' } | Sort-Object |
            Should -Be (Get-FolderContent (Join-Path $place 'source'))
    }

    It 'has help that a new shell finds before the module is loaded' {
        Invoke-Elsewhere $place ($addFolder + @'
(Get-Help Invoke-RsyncStage).Synopsis
(Get-Help about_RsyncS3Backup_Restore).Substring(0, 5)
'@) | Should -Be 'Invokes stage 1 alone: copies sources into a local mirror with rsync.', TOPIC
    }
}
