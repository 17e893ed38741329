#!/usr/bin/env pwsh
#requires -Version 7.4
<#
.SYNOPSIS
    The project's tasks for PowerShell; build.sh has the same for a machine without it.
.EXAMPLE
    ./build.ps1 test
#>
[CmdletBinding()]
param(
    # build: stage the module in out/RsyncS3Backup/<version>/. test: build, then every suite. demo: build, then a backup to a loopback S3
    # server. package: build, then a zip in out/.
    [Parameter(Position = 0)]
    [ValidateSet('build', 'test', 'demo', 'package')]
    [string] $Task = 'build'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'

function Assert-Rsync {
    if (-not $IsWindows) {
        bash ./build.sh ensure-rsync
    }
    elseif (-not (Get-Command rsync -CommandType Application -ErrorAction Ignore)) {
        throw 'rsync is missing. Install cwRsync or MSYS2 (pacman -S rsync) and put rsync.exe on the PATH.'
    }
}

function Invoke-Build {
    dotnet publish src/RsyncS3Backup -c Release
}

function Invoke-Suite([string] $Name, [string] $Project) {
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet test $Project -c Release --no-build --results-directory $results --logger "trx;LogFileName=$Name.trx" | Out-Host
    $status = $LASTEXITCODE
    $trx = Join-Path $results "$Name.trx"
    $counters = (Test-Path $trx) ? ([xml](Get-Content -Raw $trx)).TestRun.ResultSummary.Counters : $null
    if (-not $counters -or [int]$counters.total -eq 0) {
        Write-Warning "Suite $Name ran no test: counted as 1 failed."
        return @{ Passed = 0; Failed = 1; Skipped = 0 }
    }
    # vstest leaves notExecuted at 0 and counts a skipped test as not executed.
    $failed = [int]$counters.executed - [int]$counters.passed
    if ($status -ne 0 -and $failed -eq 0) {
        Write-Warning "Suite $Name ended with code $status although no test failed: counted as 1 failed."
        $failed = 1
    }
    @{ Passed = [int]$counters.passed; Failed = $failed; Skipped = [int]$counters.total - [int]$counters.executed }
}

function Invoke-PesterSuite {
    $PSNativeCommandUseErrorActionPreference = $false
    pwsh -NoProfile -NonInteractive -File tests/run-pester.ps1 -ResultFolder $results | Out-Host
    if ($LASTEXITCODE -eq 3) {
        $blocks = @(Select-String -Path tests/Pester/*.Tests.ps1 -Pattern '^\s*It\s+[''"]').Count
        Write-Warning "Pester 5 is missing: Install-PSResource Pester -Version '[5.0,6.0)'"
        return @{ Passed = 0; Failed = 0; Skipped = $blocks }
    }
    $counts = Join-Path $results 'pester.counts'
    if (-not (Test-Path $counts)) { return @{ Passed = 0; Failed = 1; Skipped = 0 } }
    [int] $passed, [int] $failed, [int] $skipped = (Get-Content $counts) -split ' '
    @{ Passed = $passed; Failed = ($passed + $failed + $skipped -eq 0) ? 1 : $failed; Skipped = $skipped }
}

function Invoke-WindowsTest {
    Invoke-Build
    dotnet build tests/RsyncS3Backup.Core.Tests -c Release
    dotnet build tests/RsyncS3Backup.Module.Tests -c Release
    $results = Join-Path $PSScriptRoot 'out/test-results'
    Remove-Item $results -Recurse -Force -ErrorAction Ignore
    $null = New-Item $results -ItemType Directory -Force
    $env:RSYNCS3BACKUP_STATE = Join-Path $PSScriptRoot 'out/state'
    $suites = @(
        Invoke-Suite Core tests/RsyncS3Backup.Core.Tests
        Invoke-Suite Module tests/RsyncS3Backup.Module.Tests
        if (Test-Path tests/Pester/*.Tests.ps1) { Invoke-PesterSuite }
        # Ceph RGW comes from Debian's packages.
        @{ Passed = 0; Failed = 0; Skipped = 1 }
    )
    $sum = @{}
    foreach ($key in 'Passed', 'Failed', 'Skipped') { $sum[$key] = ($suites | ForEach-Object { $_[$key] } | Measure-Object -Sum).Sum }
    "$($sum.Passed) passed, $($sum.Failed) failed, $($sum.Skipped) skipped"
    if ($sum.Failed -gt 0) { exit 1 }
}

switch ($Task) {
    'build' { Invoke-Build }
    'test' {
        Assert-Rsync
        # build.sh runs every suite, Pester too; Windows has no bash to count on.
        if ($IsWindows) { Invoke-WindowsTest } else { bash ./build.sh test }
    }
    'demo' {
        Assert-Rsync
        Invoke-Build
        dotnet run --project tests/Demo -c Release
    }
    'package' {
        Invoke-Build
        dotnet msbuild src/RsyncS3Backup -t:PackageModule -nologo -v:minimal
    }
}
