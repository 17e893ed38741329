<#
.SYNOPSIS
    Runs the Pester suite against the staged module and writes "passed failed skipped" to pester.counts. Exit code 3: Pester is missing.
#>
[CmdletBinding()]
param([Parameter(Mandatory)] [string] $ResultFolder)

$ErrorActionPreference = 'Stop'
if (-not (Get-Module Pester -ListAvailable | Where-Object { $_.Version.Major -eq 5 })) { exit 3 }
Import-Module Pester -MinimumVersion 5.0 -MaximumVersion 5.99.99
$configuration = New-PesterConfiguration
$configuration.Run.Path = Join-Path $PSScriptRoot 'Pester'
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.TestResult.Enabled = $true
$configuration.TestResult.OutputPath = Join-Path $ResultFolder 'pester.xml'
$result = Invoke-Pester -Configuration $configuration
# A block or a container that fails outside its tests fails none of them.
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
$skipped = $result.SkippedCount + $result.NotRunCount + $result.InconclusiveCount
Set-Content (Join-Path $ResultFolder 'pester.counts') "$($result.PassedCount) $failed $skipped" -NoNewline
exit ($failed -gt 0 ? 1 : 0)
