<#
.SYNOPSIS
    Runs the Pester suite against the staged module and writes what it came to, as JSON.
#>
[CmdletBinding()]
param(
    # The file that gets Passed, Failed, Skipped, the Reasons of what was skipped, and the Failures: Name, Message and Place of each.
    [Parameter(Mandatory)] [string] $Result,

    # The folder of a pwsh to be the first on the PATH: PowerShell itself puts its own folder there, where a .NET tool has none
    # that is fit.
    [string] $ShellFolder,

    # Names of files, without .Tests.ps1 and with commas between: only these.
    [string] $Only,

    # All but these.
    [string] $Except,

    # The folder of the files, below this one.
    [string] $Folder = 'Pester',

    # Without the tests that wait.
    [switch] $Quick
)

$ErrorActionPreference = 'Stop'
# The one that the build brings, whatever else is installed; without a build, a user's own.
$pinned = Join-Path $PSScriptRoot '../out/modules'
if (Test-Path $pinned) { $env:PSModulePath = (Resolve-Path $pinned).Path + [IO.Path]::PathSeparator + $env:PSModulePath }
if ($ShellFolder) { $env:PATH = $ShellFolder + [IO.Path]::PathSeparator + $env:PATH }
Import-Module Pester -MinimumVersion 5.0 -MaximumVersion 5.99.99
$configuration = New-PesterConfiguration
$names = ($Only ? $Only : $Except) -split ','
$configuration.Run.Path = @(Get-ChildItem (Join-Path $PSScriptRoot "$Folder/*.Tests.ps1") | Where-Object {
        ($_.Name -replace '\.Tests\.ps1$' -in $names) -eq [bool] $Only
    } | ForEach-Object FullName)
$configuration.Run.PassThru = $true
if ($Quick) { $configuration.Filter.ExcludeTag = 'Slow' }
$configuration.Output.Verbosity = 'Detailed'
# Of the machine that it names CIM is asked, which is not there under Wine.
$configuration.TestResult.Enabled = $Folder -ne 'Windows'
$configuration.TestResult.OutputPath = [IO.Path]::ChangeExtension($Result, '.xml')
$run = Invoke-Pester -Configuration $configuration
# A block or a container that fails outside its tests fails none of them.
$failed = $run.FailedCount + $run.FailedBlocksCount + $run.FailedContainersCount
# What -Quick leaves out was not run; without it, all was to be run.
$skipped = $run.SkippedCount + $run.InconclusiveCount + ($Quick ? 0 : $run.NotRunCount)
$reasons = @($run.Skipped | ForEach-Object {
        $_.ErrorRecord ? ("$($_.ErrorRecord[0])" -replace '^is skipped, because ') : $_.ExpandedPath
    })
$failures = @($run.Failed + $run.FailedBlocks + $run.FailedContainers | ForEach-Object {
        @{ Name    = "$(($_.PSObject.Properties['ExpandedPath']) ? $_.ExpandedPath : $_.Item)"
            Message = "$($_.ErrorRecord)"
            Place   = "$($_.ErrorRecord | ForEach-Object ScriptStackTrace)"
        }
    })
@{ Passed = $run.PassedCount; Failed = $failed; Skipped = $skipped; Reasons = $reasons; Failures = $failures } |
    ConvertTo-Json -Depth 3 | Set-Content $Result
exit ($failed -gt 0 ? 1 : 0)
