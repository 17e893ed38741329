#!/usr/bin/env pwsh
#requires -Version 7.4
<#
.SYNOPSIS
    Backs up a few hundred files to an S3 server on this machine, breaks each stage once, restores, and compares byte by byte.
.DESCRIPTION
    What stands behind "PS>" is what a user would type, and what follows is the module's answer. The exit code is 0 when
    everything was as promised; else what differed stands at the end.
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$root = Split-Path (Split-Path $PSScriptRoot)
Import-Module (Join-Path $root 'tests/S3Server/LoopbackS3.psm1') -Force
Import-Module (Join-Path $PSScriptRoot 'SampleFiles.psm1') -Force
$isWatched = -not [Console]::IsOutputRedirected
$broken = [Collections.Generic.List[string]]::new()

function Write-Chapter([string] $Title) {
    Write-Host "`n$($PSStyle.Bold)$($PSStyle.Foreground.BrightCyan)== $Title$($PSStyle.Reset)`n"
}

# Shows a command as at a prompt, runs it, and shows its answer as a terminal does. Dot-sourced, so that the command's variables
# stay; from its text, because PowerShell would show the line of this file beside each error. Leaves the answer in $answer.
function Show([scriptblock] $Command, [int] $ExpectedErrors = 0) {
    $typed = ($Command.ToString() -split '\r?\n').ForEach{ $_ -replace '^ {8}' }.Where{ $_.Trim() } -join "`n"
    $typed = $typed.Trim()
    $prompt = 'PS>'
    foreach ($line in $typed -split "`n") {
        Write-Host "$prompt $($PSStyle.Foreground.BrightYellow)$line$($PSStyle.Reset)"
        $prompt = '>>'
    }
    $answer = $null
    $ErrorActionPreference = 'Continue'
    if ($isWatched) {
        . ([scriptblock]::Create($typed)) 2>&1 | Tee-Object -Variable answer | Out-Default
    }
    else {
        # A file has no width: PowerShell would take 80 columns, and leave out what does not fit.
        $text = . ([scriptblock]::Create($typed)) 2>&1 | Tee-Object -Variable answer | Out-String -Width 100
        if ($text) { Write-Host $text -NoNewline }
    }
    $ErrorActionPreference = 'Stop'
    $errors = @($answer | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
    $answer = @($answer | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] })
    Assert-Promise "'$typed' writes $ExpectedErrors errors; it wrote $($errors.Count)" ($errors.Count -eq $ExpectedErrors)
}

function Assert-Promise([string] $Promise, $IsKept) {
    if ($IsKept) { return }
    $broken.Add($Promise)
    Write-Host "$($PSStyle.Foreground.BrightRed)NOT AS PROMISED: $Promise$($PSStyle.Reset)"
}

$version = (Import-PowerShellDataFile (Join-Path $root 'RsyncS3Backup.psd1')).ModuleVersion
$manifest = Join-Path $root "out/RsyncS3Backup/$version/RsyncS3Backup.psd1"
if (-not (Test-Path $manifest)) { throw "The module is not built yet: run ./build.ps1 build first ($manifest is missing)." }

$isWholeSession = @(Get-PSCallStack).Count -eq 1
$folder = [IO.Directory]::CreateTempSubdirectory('rsyncs3backup-demo-').FullName
$rendering = $PSStyle.OutputRendering
$environment = @{}
$server = $null
$isComplete = $false
try {
    if (-not $isWatched) {
        $PSStyle.OutputRendering = 'PlainText'
        $ProgressPreference = 'SilentlyContinue'
    }
    Push-Location $folder
    $server = Start-LoopbackS3 my-backups
    $settings = @{
        PSModulePath          = (Join-Path $root out) + [IO.Path]::PathSeparator + $env:PSModulePath
        RSYNCS3BACKUP_STATE   = Join-Path $folder state
        AWS_ACCESS_KEY_ID     = $server.AccessKey
        AWS_SECRET_ACCESS_KEY = $server.SecretKey
    }
    foreach ($name in 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3') {
        $settings[$name] = $null
    }
    foreach ($name in $settings.Keys) {
        $environment[$name] = [Environment]::GetEnvironmentVariable($name)
        Set-Item "env:$name" $settings[$name]
    }

    Write-Chapter 'Two copies of what matters'
    Write-Host "In $folder"
    Write-Host "  data/photos  $(New-SampleFile data/photos)"
    Write-Host '  drive        an empty folder, in the place of a drive'
    Write-Host "On this machine, $($server.Endpoint)"
    Write-Host '  my-backups   an empty bucket of an S3 server'
    $null = New-Item drive -ItemType Directory

    Write-Chapter 'A job: what is copied, to which drive, and to which bucket'
    . Show { Import-Module RsyncS3Backup }
    Assert-Promise 'The module is the one that was built' ((Get-Module RsyncS3Backup).Path -eq $manifest)
    . Show ([scriptblock]::Create("`$endpoint = '$($server.Endpoint)'"))
    . Show {
        $job = @{
            Source           = 'data/photos'
            Destination      = 'drive/photos'
            DeleteExtraneous = $true
            HardLinks        = $true
            ExcludePattern   = '.DS_Store', 'Thumbs.db'
            BucketName       = 'my-backups'
            Region           = 'us-east-1'
            EndpointUrl      = $endpoint
            StorageClass     = 'STANDARD_IA'
            DeleteFromS3     = $true
        }
    }
    . Show { New-BackupConfiguration photos.json @job }
    . Show { Test-BackupConfiguration photos.json -Quiet }
    Assert-Promise 'The configuration is valid' ($answer -eq $true)

    Write-Chapter 'The first backup: everything is new'
    . Show { Invoke-RsyncToS3Backup photos.json }
    Assert-Promise 'The first backup succeeds' ($answer.Status -eq 'Succeeded')
    $null = Get-LoopbackS3RequestCount $server

    Write-Chapter 'The second backup: a run costs what changed'
    Write-Host "A new file, an edit of equal size and with an older date, a rename, 2 deletions:`n"
    . Show { Copy-Item data/photos/2024/06/IMG_0005.jpg data/photos/new.jpg }
    . Show { $edited = Get-Item 'data/photos/strange names/100% done.txt' }
    . Show { Set-Content $edited ('x' * $edited.Length) -NoNewline }
    . Show { $edited.LastWriteTime = '2020-02-02' }
    . Show { Rename-Item data/photos/videos/birthday.mp4 'birthday party.mp4' }
    . Show { Remove-Item data/photos/2019/01/IMG_0000.jpg, data/photos/*/-rf }
    . Show { Invoke-RsyncToS3Backup photos.json -OutVariable result }
    Assert-Promise 'The second backup succeeds' ($result.Status -eq 'Succeeded')
    . Show { $result.Stage2 }
    Assert-Promise 'S3 gets 2 new objects, 1 changed one and 3 deletions' (
        $result.Stage2.Created -eq 2 -and $result.Stage2.Updated -eq 1 -and $result.Stage2.Deleted -eq 3)
    . Show { $result.Stage2.Requests.ToString() }
    $requests = Get-LoopbackS3RequestCount $server
    Assert-Promise "The server counts as many requests; it counted $requests" ($requests -eq $result.Stage2.Requests.Total)

    Write-Chapter 'Stage 1 fails: the source is gone, as after a lost mount'
    $before = Get-FileCount drive/photos
    . Show { Rename-Item data/photos 'photos (not mounted)' }
    . Show { Invoke-RsyncToS3Backup photos.json } -ExpectedErrors 1
    Assert-Promise 'Stage 1 says that the source is missing' ($answer.Stage1.Error.Id -eq 'SourceMissing')
    Assert-Promise 'Stage 2 is skipped' ($answer.Stage2.Status -eq 'Skipped')
    $requests = Get-LoopbackS3RequestCount $server
    $after = Get-FileCount drive/photos
    Write-Host "Nothing is deleted: the mirror had $before files, and has $after. Requests to S3: $requests.`n"
    Assert-Promise 'No file leaves the mirror' ($after -eq $before)
    Assert-Promise 'S3 sees no request' ($requests -eq 0)
    . Show { Rename-Item 'data/photos (not mounted)' photos }

    Write-Chapter 'Stage 2 fails: S3 denies uploads. The mirror is good all the same'
    Send-LoopbackS3 $server 'fault PutObject AccessDenied'
    . Show { Add-Content data/photos/new.jpg 'and a change' }
    # One error for the file, and one for the stage.
    . Show { Invoke-RsyncToS3Backup photos.json } -ExpectedErrors 2
    Assert-Promise 'Stage 1 succeeds' ($answer.Stage1.Status -eq 'Succeeded')
    Assert-Promise 'Stage 2 says that access is denied' ($answer.Stage2.Error.Id -eq 'S3AccessDenied')

    Write-Chapter 'S3 allows uploads again: stage 2 alone is enough'
    Send-LoopbackS3 $server 'no-faults'
    . Show { Invoke-S3SyncStage -ConfigPath photos.json }
    Assert-Promise 'Stage 2 sends what it could not' ($answer.Status -eq 'Succeeded' -and $answer.Updated -eq 1)

    Write-Chapter 'The drive is lost: everything comes back from S3'
    . Show { Rename-Item drive 'drive (lost)' }
    . Show { Restore-Backup -ConfigPath photos.json -Destination restored }
    Assert-Promise 'The restore succeeds' ($answer.Status -eq 'Succeeded')
    . Show { Rename-Item 'drive (lost)' drive }

    Write-Chapter 'What was done, and whether both copies are intact'
    . Show { Get-BackupHistory }
    . Show { Test-Backup -ConfigPath photos.json -Level Checksums }
    Assert-Promise 'Both copies are intact' ($answer.Status -eq 'Succeeded')

    Write-Chapter 'The proof'
    Write-Host 'Source, mirror, bucket and restored folder, read without any code of the module:'
    $comparison = Compare-Copy data/photos drive/photos, restored $server rsync/photos/
    foreach ($difference in $comparison.Differences) { Assert-Promise "the copies are equal; different: $difference" $false }
    Assert-Promise 'There is something to compare' ($comparison.Files -gt 0)
    $verdict = $comparison.Differences ? 'they DIFFER' : 'all equal, byte by byte'
    Write-Host ("{0} files ({1:N0} bytes), {2} link, {3} empty folder: $verdict." -f
        $comparison.Files, $comparison.Bytes, $comparison.Links, $comparison.EmptyFolders)
    $isComplete = $true
}
catch {
    Assert-Promise "The demo comes to its end; it broke off: $_`n$($_.ScriptStackTrace)" $false
}
finally {
    # After Ctrl+C a shell that only runs this would end with 0. One that somebody works in stays.
    if ($isWholeSession -and -not $isComplete) { $Host.SetShouldExit(130) }
    if ($server) { Stop-LoopbackS3 $server }
    foreach ($name in $environment.Keys) { Set-Item "env:$name" $environment[$name] }
    $PSStyle.OutputRendering = $rendering
    Pop-Location
    Remove-Item $folder -Recurse -Force
}

if ($broken) {
    Write-Host "`nNot everything was as promised:"
    $broken | ForEach-Object { Write-Host "  $_" }
    exit 1
}
Write-Host 'Everything was as promised.'
exit 0
