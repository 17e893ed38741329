#!/usr/bin/env pwsh
#requires -Version 7.4
<#
.SYNOPSIS
    Builds, tests and packs RsyncS3Backup. On a machine without PowerShell, build.sh installs one and calls this.
.EXAMPLE
    ./build.ps1 test
.EXAMPLE
    ./build.ps1 test -Quick
    The loop that one develops with: without the tests that wait.
.EXAMPLE
    ./build.ps1 bench -Case import,small
.EXAMPLE
    ./build.ps1 publish -Repository PSGallery
    The key of the repository is in the variable PUBLISH_API_KEY.
#>
[CmdletBinding()]
param(
    # build: build the module and stage it in out/RsyncS3Backup/<version>/. test: build, then run every suite; the last line sums
    # them up. demo: build, then back up real files to a loopback S3 server and compare. package: build, then pack the staged
    # module into out/RsyncS3Backup.<version>.zip. publish: build, then publish the staged module. bench: build, then measure it
    # beside its peers. mutate: write small mistakes into the code that decides, and see which of them the tests notice.
    [Parameter(Position = 0)]
    [ValidateSet('build', 'test', 'demo', 'package', 'publish', 'bench', 'mutate', 'help')]
    [string] $Task = 'help',

    # For test: leaves out what waits (for the minute of a schedule, for a store that does not answer) and what takes long.
    [switch] $Quick,

    # For test: also what is different on Windows, in Windows' own PowerShell under Wine 10. On Debian, as root, with debootstrap; the
    # first time it makes a Debian 13 in out/windows.
    [switch] $Windows,

    # For bench: what is measured, of import, history, small, many, large, list, ramp, stage1, restore and test. Without it, all.
    [string[]] $Case,

    # For mutate: the files, by their names without .cs. Without it, all that tests/Mutations/decisions.txt lists.
    [string[]] $File,

    # For mutate: how much of each file the tests have to notice, in percent.
    [double] $Threshold = 95,

    # For publish: the name of a registered repository (Get-PSResourceRepository).
    [string] $Repository,

    # For publish: the repository's key. A command line can be read by other users of a machine: better the variable
    # PUBLISH_API_KEY.
    [string] $ApiKey = $env:PUBLISH_API_KEY,

    [Alias('h', '-help')] [switch] $Help
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'

$root = $PSScriptRoot
$isTool = [IO.Path]::GetFileNameWithoutExtension([Environment]::ProcessPath) -ne 'pwsh'
$results = Join-Path $root 'out/test-results'
$cephFolder = Join-Path $root 'out/ceph-rgw'
$cephScript = Join-Path $root 'tests/S3Server/start-ceph-rgw.sh'

# For the hundreds of processes of a test run, most of which live for a second or two: what the runtime does for long lives costs
# more than it gives. No learning from instrumented code, no second mapping of each page of code, no thread of the collector's
# own; and what is called often is not compiled anew, but for loops: of the whole command's processor time that takes a tenth.
$runtime = @{
    DOTNET_TieredPGO             = '0'
    DOTNET_EnableWriteXorExecute = '0'
    DOTNET_gcConcurrent          = '0'
    DOTNET_TC_CallCounting       = '0'
    # A seventh of a start of PowerShell, and it would tell its makers of each.
    POWERSHELL_TELEMETRY_OPTOUT  = '1'
}

# What the user can do something about: no position in this file.
function Stop-Build([string] $Message) {
    $Host.UI.WriteErrorLine($Message)
    exit 1
}

function Write-Heading([string] $Text) { Write-Host "`n== $Text" }

function Show-Usage {
    Write-Host @'
Usage: ./build.sh TASK    with bash, git and the .NET SDK 10
       ./build.ps1 TASK   with PowerShell 7.4 or later, and the .NET SDK 10
  build                     build the module and stage it in out/RsyncS3Backup/<version>/
  test [-Quick] [-Windows]  build, then run every suite, or all but the slow tests; the last line sums them up. -Windows: also
                            those for Windows, under Wine
  demo                      build, then back up real files to a loopback S3 server and compare
  package                   build, then pack the staged module into out/RsyncS3Backup.<version>.zip
  publish -Repository NAME  build, then publish the staged module; a key is taken from PUBLISH_API_KEY
  bench [-Case NAME,...]    build, then measure the module beside its peers
  mutate [-File NAME,...]   write small mistakes into the code that decides; lists those that no test notices
Set RSYNCS3_TEST_CEPH=skip to leave out the run against Ceph.
'@
}

# macOS ships openrsync under the name rsync; the module needs the real one.
function Assert-Rsync {
    $PSNativeCommandUseErrorActionPreference = $false
    $version = (Get-Command rsync -CommandType Application -ErrorAction Ignore) ? "$(rsync --version 2>$null)" : ''
    if ($version -notmatch '^rsync +version +v?[3-9]') {
        $ways = $IsWindows ? 'cwRsync, or MSYS2 (pacman -S rsync), with the folder of rsync.exe on the PATH'
            : $IsMacOS ? 'brew install rsync'
            : 'apt-get install rsync, dnf install rsync, apk add rsync, zypper install rsync, pacman -S rsync'
        Stop-Build "rsync 3 is missing. Install it and run this again, for example: $ways"
    }
}

function Invoke-Build([string[]] $Option) {
    Write-Heading 'Building and staging the module'
    dotnet publish src/RsyncS3Backup -c Release @Option
}

function Get-StagedFolder {
    Join-Path $root "out/RsyncS3Backup/$((Import-PowerShellDataFile RsyncS3Backup.psd1).ModuleVersion)"
}

# The folder of a program named pwsh that is the PowerShell we run in. A .NET tool has none that works on every system: its
# process is dotnet, and the pwsh beside its assemblies was made for Linux on x64. -Assemblies is where those lie.
function Get-ShellFolder([string] $Assemblies = $PSHOME) {
    $running = [Environment]::ProcessPath
    if (-not $isTool) { return Split-Path $running }
    $folder = (New-Item out/bin -ItemType Directory -Force).FullName
    $assembly = Join-Path $Assemblies pwsh.dll
    if ($IsWindows) { Set-Content (Join-Path $folder pwsh.cmd) "@`"$running`" `"$assembly`" %*" }
    else {
        $words = foreach ($word in $running, $assembly) { "'" + $word.Replace("'", "'\''") + "'" }
        $program = Join-Path $folder pwsh
        Set-Content $program "#!/bin/sh`nexec $words `"`$@`""
        chmod 755 $program
    }
    $folder
}

function Get-ShellProgram([string] $Folder) {
    foreach ($name in $IsWindows ? @('pwsh.exe', 'pwsh.cmd') : @('pwsh')) {
        if (Test-Path ($program = Join-Path $Folder $name)) { return $program }
    }
}

# A suite of one assembly's tests. The assembly, not the project: that spares a look at everything that it was built from.
function New-DotnetSuite {
    param(
        [string] $Name, [string] $Project, [string] $Filter, [string[]] $Through = @(), [string] $Obstacle, [switch] $Waits,
        # How many tests run at once; without it as many as there are processors.
        [int] $AtOnce
    )
    if ($Quick) { $Filter += '&Category!=Slow' }
    $arguments = @(
        'test', "tests/$Project/bin/Release/net10.0/$Project.dll"
        '--results-directory', $results, '--logger', "trx;LogFileName=$Name.trx"
        '--filter', $Filter
        if ($AtOnce) { '--', "xUnit.MaxParallelThreads=$AtOnce" }
    )
    $trx = Join-Path $results "$Name.trx"
    $count = { param($code) Get-TrxCount $Name $trx $code }.GetNewClosure()
    New-Suite $Name ($Through + 'dotnet' + $arguments) $count $Obstacle -Waits:$Waits
}

# A suite of what users type, in the shell that they type it in: the files of those names, or all but them.
function New-PesterSuite([string] $Name, [string] $Shells, [string[]] $Only = @(), [string[]] $Except = @()) {
    $counts = Join-Path $results "$Name.json"
    $arguments = @('-NoProfile', '-NonInteractive', '-File', 'tests/run-pester.ps1', '-Result', $counts, '-ShellFolder', $Shells)
    $arguments += $Only ? ('-Only', ($Only -join ',')) : ('-Except', ($Except -join ','))
    if ($Quick) { $arguments += '-Quick' }
    New-Suite $Name (@(Get-ShellProgram $Shells) + $arguments) (New-PesterCounter $Name $counts)
}

# Counts what run-pester.ps1 wrote.
function New-PesterCounter([string] $Name, [string] $Counts) {
    {
        if (-not (Test-Path $Counts)) { return Get-NoTestCount $Name }
        $sum = Get-Content $Counts -Raw | ConvertFrom-Json
        if ($sum.Passed + $sum.Failed + $sum.Skipped -eq 0) { return Get-NoTestCount $Name }
        $failures = @($sum.Failures | ForEach-Object { Format-Failure $_.Name $_.Message $_.Place })
        New-Count $sum.Passed $sum.Failed $sum.Skipped $sum.Reasons $failures
    }.GetNewClosure()
}

# The suite that runs in Windows' own PowerShell, under Wine.
function New-WindowsSuite {
    $counts = Join-Path $results 'Windows.json'
    $shell = Join-Path (Split-Path $PSHOME) win
    # The one that the build brings, or a user's own.
    $pester = @(Get-ChildItem out/modules/Pester -Filter Pester.psd1 -Recurse -ErrorAction Ignore | ForEach-Object DirectoryName) +
        @(Get-Module Pester -ListAvailable | Where-Object { $_.Version.Major -eq 5 } | ForEach-Object ModuleBase) | Select-Object -First 1
    $obstacle = if (-not ($IsLinux -and [Environment]::IsPrivilegedProcess)) { 'Wine is set up on Linux, as root.' }
        elseif (-not (Get-Command debootstrap -CommandType Application -ErrorAction Ignore)) { 'debootstrap is missing (apt-get install debootstrap).' }
        elseif (-not (Test-Path (Join-Path $shell pwsh.exe))) { 'Only the PowerShell that is a .NET tool brings the one for Windows.' }
        elseif (-not $pester) { 'Pester 5 is missing.' }
    $command = 'bash', 'tests/Windows/windows.sh', (Join-Path $root out/windows), (Get-StagedFolder), $shell, "$pester", $counts
    New-Suite Windows $command (New-PesterCounter Windows $counts) "$obstacle"
}

# A suite that is one program, and passes when that ends with 0.
function New-CommandSuite([string] $Name, [string[]] $Command) {
    New-Suite $Name $Command {
        param($code)
        ($code -eq 0) ? (New-Count 1 0 0) : (New-Count 0 1 0 -Failures "It ended with code $code; its lines are above.")
    }
}

# Why the S3 suite cannot run against Ceph here; nothing when it can.
function Get-CephObstacle {
    if ($env:RSYNCS3_TEST_CEPH -eq 'skip') { 'RSYNCS3_TEST_CEPH is skip.' }
    elseif (-not ($IsLinux -and (Get-Command apt-get -ErrorAction Ignore))) { 'Ceph comes from the packages of Debian only.' }
    elseif (-not [Environment]::IsPrivilegedProcess) { 'Ceph needs root.' }
}

# Every suite, in the order in which they start: those that take longest first.
function Get-Suite([string] $Shells) {
    if ($Windows) { New-WindowsSuite }
    $core = 'RsyncS3Backup.Core.Tests'
    $module = 'RsyncS3Backup.Module.Tests'
    $rsync = '.Core.Tests.Rsync.'
    $sync = '.Core.Tests.Sync.'
    $store = '.Core.Tests.ObjectStore.'
    # They wait for the minutes at which real schedulers start a job.
    if (-not $Quick) { New-DotnetSuite Schedules $module 'FullyQualifiedName~.NativeScheduleTests.' -Waits }
    # Server=Ceph: what only a store does that others wrote, such as act by lifecycle rules.
    New-DotnetSuite Core $core "FullyQualifiedName!~$rsync&FullyQualifiedName!~$sync&FullyQualifiedName!~$store&Server!=Ceph"
    New-DotnetSuite Module-Runs $module `
        'FullyQualifiedName~.EndToEnd.&FullyQualifiedName!~WalkTests.&FullyQualifiedName!~.ExitCodeTests.&FullyQualifiedName!~.NativeScheduleTests.'
    $ofTheBuild = 'Build', 'Demo', 'Package'
    New-PesterSuite Pester $Shells -Except $ofTheBuild
    # Most of these wait: until a request that failed is sent again.
    New-DotnetSuite Core-S3 $core "(FullyQualifiedName~$sync|FullyQualifiedName~$store)" -AtOnce 4
    if (-not $Quick) {
        # What our own S3 server allows proves nothing about S3; this one was written by others. To start it takes long, and little of
        # a processor.
        $through = 'bash', $cephScript, 'run', $cephFolder
        New-DotnetSuite S3-Ceph $core 'Suite=S3' -Through $through -Obstacle (Get-CephObstacle)
    }
    New-DotnetSuite Core-Rsync $core "FullyQualifiedName~$rsync"
    New-DotnetSuite Module-Walks $module '(FullyQualifiedName~WalkTests.|FullyQualifiedName~.ExitCodeTests.)'
    New-PesterSuite Pester-Build $Shells -Only $ofTheBuild
    New-DotnetSuite Module $module 'FullyQualifiedName!~.EndToEnd.'
    # Folders, not projects: that spares loading them. Rules of style are the compiler's, and errors there. Each folder alone: it looks
    # for .editorconfig in all that is below, and `out` has what tests make, links to /proc among it.
    New-CommandSuite Format dotnet, format, whitespace, src, --folder, --verify-no-changes
    New-CommandSuite Format-Tests dotnet, format, whitespace, tests, --folder, --verify-no-changes
}

# PowerShell in a folder of its own, where it is the .NET tool: it is to be compiled ahead. Gives the folder of its assemblies.
function Copy-Shell {
    if (-not $isTool) { return $PSHOME }
    $shell = Join-Path $root "out/shell/$($PSVersionTable.PSVersion)"
    Remove-Item $shell -Recurse -Force -ErrorAction Ignore
    Copy-Item $PSHOME $shell -Recurse -Force -Container
    $shell
}

# Compiles the shell ahead, as a job, beside what else is done. Nothing of what is staged: that is tested as it ships.
function Start-Conversion([string] $Folder) {
    Start-ThreadJob {
        param($Root, $Folder)
        $ErrorActionPreference = 'Stop'
        Set-Location $Root
        Import-Module ./tests/Ahead.psm1
        Convert-Shell tests/RsyncS3Backup.Module.Tests -Images out/ahead -Folder $Folder
    } -ArgumentList $root, $Folder
}

# build.sh installs the programs that tests need, rsync among them, while all is built.
function Wait-Program {
    if (-not $env:RSYNCS3_TEST_PROGRAMS) { return }
    flock "$env:RSYNCS3_TEST_PROGRAMS.lock" true
    Get-Content "$env:RSYNCS3_TEST_PROGRAMS.log" | Write-Host
}

function Invoke-Test {
    if (-not $env:RSYNCS3_TEST_PROGRAMS) { Assert-Rsync }
    # All at once, and then the module from what was built: one chain of projects after the other would leave processors idle. So
    # would a build without PowerShell's compilation beside it.
    Write-Heading 'Building the module and its tests'
    dotnet restore RsyncS3.sln
    $shell = Copy-Shell
    $conversion = $isTool ? (Start-Conversion $shell) : $null
    dotnet build RsyncS3.sln -c Release --no-restore
    Invoke-Build --no-build
    Write-Heading 'Compiling PowerShell and the tests ahead'
    if ($conversion) { $conversion | Receive-Job -Wait -AutoRemoveJob }
    Import-Module ./tests/Ahead.psm1 -Force
    Convert-Test tests/RsyncS3Backup.Module.Tests -Images out/ahead
    Wait-Program
    Assert-Rsync
    Import-Module ./tests/Suites.psm1 -Force
    Remove-Item $results, out/state -Recurse -Force -ErrorAction Ignore
    $null = New-Item $results -ItemType Directory -Force
    $before = @{}
    foreach ($name in @('PATH', 'RSYNCS3BACKUP_STATE') + $runtime.Keys) {
        $before[$name] = [Environment]::GetEnvironmentVariable($name)
    }
    try {
        foreach ($setting in $runtime.GetEnumerator()) { [Environment]::SetEnvironmentVariable($setting.Key, $setting.Value) }
        $shells = Get-ShellFolder $shell
        $env:PATH = $shells + [IO.Path]::PathSeparator + $env:PATH
        # The state of jobs that tests run belongs into the repository's out folder, not to the user's own jobs.
        $env:RSYNCS3BACKUP_STATE = Join-Path $root 'out/state'
        Stop-Ceph
        $isInterrupted = $true
        $sum = Invoke-Suite @(Get-Suite $shells) -AtOnce 5
        $isInterrupted = $false
    }
    catch {
        $isInterrupted = $false
        throw
    }
    finally {
        Stop-Ceph
        foreach ($variable in $before.GetEnumerator()) { [Environment]::SetEnvironmentVariable($variable.Key, $variable.Value) }
        # After Ctrl+C, `pwsh -File` would end with 0.
        if ($isInterrupted -and [Environment]::GetCommandLineArgs() -contains '-File') { [Environment]::Exit(130) }
    }
    # As a shell says it of a program that SIGTERM ended.
    if (-not $sum) { exit 143 }
    "$($sum.Passed) passed, $($sum.Failed) failed, $($sum.Skipped) skipped"
    if ($sum.Failed -gt 0) { exit 1 }
}

# Its own `run` stops it, unless that was killed.
function Stop-Ceph {
    if (-not (Test-Path $cephFolder)) { return }
    # Not as a command: when this is being stopped, it starts none.
    [Diagnostics.Process]::Start('bash', [string[]] ($cephScript, 'stop', $cephFolder)).WaitForExit()
    Remove-Item $cephFolder -Recurse -Force -ErrorAction Ignore
}

function Invoke-Demo {
    Assert-Rsync
    Invoke-Build
    dotnet build tests/S3Server -c Release
    Write-Heading 'Demo'
    & (Get-ShellProgram (Get-ShellFolder)) -NoProfile -File tests/Demo/demo.ps1
}

function Invoke-Publish {
    if (-not $Repository) {
        Stop-Build 'No repository was given. Name a registered one (Get-PSResourceRepository): publish -Repository NAME'
    }
    Invoke-Build
    $key = $ApiKey ? @{ ApiKey = $ApiKey } : @{}
    Publish-PSResource -Path (Get-StagedFolder) -Repository $Repository @key
}

function Invoke-Benchmark {
    Assert-Rsync
    Invoke-Build
    $only = $Case ? @('--', '--only', ($Case -join ',')) : @()
    dotnet run --project tests/Benchmarks -c Release @only
}

function Invoke-Mutation {
    dotnet build tests/RsyncS3Backup.Core.Tests -c Release
    $options = @(
        '--threshold', $Threshold.ToString([cultureinfo]::InvariantCulture)
        if ($File) { '--file', ($File -join ',') }
    )
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet tests/Mutations/bin/Release/net10.0/Mutations.dll @options
    if ($LASTEXITCODE -ne 0) { exit 1 }
}

Push-Location $root
try {
    switch ($Help ? 'help' : $Task) {
        'build' { Invoke-Build }
        'test' { Invoke-Test }
        'demo' { Invoke-Demo }
        'package' {
            Invoke-Build
            dotnet msbuild src/RsyncS3Backup -t:PackageModule -nologo -v:minimal
        }
        'publish' { Invoke-Publish }
        'bench' { Invoke-Benchmark }
        'mutate' { Invoke-Mutation }
        'help' { Show-Usage }
    }
}
finally { Pop-Location }
