# What the suites share: the staged module, a loopback S3 server, real folders, and a look into the bucket that does not use the module.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path (Split-Path $PSScriptRoot) 'S3Server/LoopbackS3.psm1')

$root = Split-Path (Split-Path $PSScriptRoot)
$bucket = 'acceptance'
$server = $null
$before = @{}

function Get-StagedManifest {
    $version = (Import-PowerShellDataFile (Join-Path $root 'RsyncS3Backup.psd1')).ModuleVersion
    $manifest = Join-Path $root "out/RsyncS3Backup/$version/RsyncS3Backup.psd1"
    if (-not (Test-Path $manifest)) { throw "The module is not staged: run ./build.ps1 build first ($manifest is missing)." }
    $manifest
}

# Imports the staged module, starts a server of its own, and points the state folder and the AWS SDK's environment to the test.
function Start-TestSession([string] $Folder) {
    Import-Module (Get-StagedManifest) -Force -Global
    $script:server = Start-LoopbackS3 $bucket
    Set-TestEnvironment RSYNCS3BACKUP_STATE (Join-Path $Folder 'state')
    Set-TestEnvironment AWS_ACCESS_KEY_ID $server.AccessKey
    Set-TestEnvironment AWS_SECRET_ACCESS_KEY $server.SecretKey
    foreach ($name in 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3') {
        Set-TestEnvironment $name $null
    }
    $server
}

function Stop-TestSession {
    if ($server) {
        Stop-LoopbackS3 $server
        $script:server = $null
    }
    foreach ($name in @($before.Keys)) { [Environment]::SetEnvironmentVariable($name, $before[$name]) }
    $before.Clear()
}

function Set-TestEnvironment([string] $Name, $Value) {
    if (-not $before.ContainsKey($Name)) { $before[$Name] = [Environment]::GetEnvironmentVariable($Name) }
    # An empty string would be bound for $null, and stand for a variable that is there.
    [Environment]::SetEnvironmentVariable($Name, $Value ? [string] $Value : [NullString]::Value)
}

# A job of its own: a source of three files and a folder, a place for the mirror, and the configuration file as a user writes it.
function New-TestJob {
    param(
        [string] $Folder,
        [hashtable] $Rsync = @{},
        [hashtable] $S3 = @{},
        [hashtable] $Destination = @{}
    )
    $name = 'job-' + [guid]::NewGuid().ToString('N').Substring(0, 8)
    $place = New-Item (Join-Path $Folder $name) -ItemType Directory
    $source = New-Item (Join-Path $place 'source/sub folder') -ItemType Directory -Force
    $source = $source.Parent.FullName
    Set-Content (Join-Path $source 'a.txt') 'alpha' -NoNewline
    Set-Content (Join-Path $source 'b + 100%.txt') 'beta' -NoNewline
    Set-Content (Join-Path $source 'sub folder/c 🙂.txt') 'gamma' -NoNewline
    $sync = @{ s3Prefix = "$name/" } + $S3
    $options = @{ localDestination = (Join-Path $place 'mirror'); syncToS3 = $sync } + $Rsync
    $target = @{ bucket = $bucket; region = $server.Region; endpointUrl = $server.Endpoint }
    foreach ($key in $Destination.Keys) { $target[$key] = $Destination[$key] }
    $path = Join-Path $place "$name.json"
    @{ backupType = 'rsync-to-s3'; sources = @(@{ path = $source }); options = @{ rsync = $options }; destination = $target } |
        ConvertTo-Json -Depth 6 | Set-Content $path
    [pscustomobject]@{
        Name = $name; Path = $path; Folder = $place.FullName; Source = $source; Mirror = $options.localDestination; Prefix = "$name/"
    }
}

# What lies in a folder, as "relative path = MD5", in one order.
function Get-FolderContent([string] $Path) {
    if (-not (Test-Path $Path)) { return }
    # The marker at a mirror's root is the module's own.
    Get-ChildItem $Path -Recurse -File -Force | Where-Object FullName -NE (Join-Path $Path '.rsyncs3backup.json') | ForEach-Object {
        $relative = [IO.Path]::GetRelativePath($Path, $_.FullName).Replace('\', '/')
        "$relative = $((Get-FileHash $_.FullName -Algorithm MD5).Hash.ToLowerInvariant())"
    } | Sort-Object
}

# What lies under a prefix, in the same form and without the marker: a single PUT's ETag is the MD5 of what was sent.
function Get-BucketContent([string] $Prefix) {
    foreach ($entry in Get-S3Listing $server $Prefix) {
        if ($entry.Key -eq "$Prefix.rsyncs3backup.json") { continue }
        if (-not $entry.Key.EndsWith('/')) { "$($entry.Key.Substring($Prefix.Length)) = $($entry.ETag)" }
    }
}

# Runs a command in a pwsh of its own, as a scheduler does, and returns its exit code.
function Invoke-ChildShell([string] $Command) {
    $PSNativeCommandUseErrorActionPreference = $false
    # Not the path of this process, which is dotnet where PowerShell is a .NET tool.
    $null = & (Get-Command pwsh).Source -NoProfile -NonInteractive -Command "Import-Module '$(Get-StagedManifest)'; $Command" 2>&1
    $LASTEXITCODE
}

# The text that a user sees on a screen of a given width, without colours.
function Get-Screen([object[]] $Object, [int] $Width = 100, [switch] $List) {
    $text = $List ? ($Object | Format-List | Out-String -Width $Width) : ($Object | Out-String -Width $Width)
    [Management.Automation.Host.PSHostUserInterface]::GetOutputString($text, $false) -split '\r?\n'
}

Export-ModuleMember -Function Get-StagedManifest, Start-TestSession, Stop-TestSession, Set-TestEnvironment, New-TestJob, Get-FolderContent,
    Get-BucketContent, Invoke-ChildShell, Get-Screen
