# What the operating system's scheduler starts: asks whether a job is due and, if it is, runs it. Register-BackupSchedule writes its command.
# It uses the language and .NET only: the other modules of PowerShell are none of its business, and may not be there.
[CmdletBinding(PositionalBinding = $false)]
param(
    # The job, by name or by file.
    [string] $Name,
    [string] $ConfigPath,

    # What is started: the job's backup, or those tests of its copies that are due.
    [string] $Task = 'Backup',

    # Read the job as a run would, say that it is ready, and do nothing else. Register-BackupSchedule asks for it before it
    # registers.
    [switch] $Check,

    # With -Check: say also what the job finds when it is started like this, each thing in a line. Test-BackupReadiness asks for it.
    [switch] $Readiness,

    # When it is due, where that was said at registration and overrides the configuration.
    [string] $CronExpression,
    [string] $TimeZone,

    # Let times go that were missed.
    [switch] $NoCatchUp,

    # Also make good a run that did not find the mirror's drive, when the drive is there now.
    [switch] $OnDrive,

    # Put the run off by a random time of up to so many seconds.
    [int] $RandomDelay,

    # So many seconds are not too late for a time that is not to be caught up.
    [int] $Tolerance,

    # Whose scheduler starts it. For the whole machine, what somebody else could have written is not run.
    [string] $Scope = 'User',

    # Variables of the environment, each as NAME=value.
    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Variable
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Who may have put a folder there: its owner, and which others may write in it.
function Get-Writer([string] $Folder) {
    if ([OperatingSystem]::IsWindows()) {
        $owner = [IO.FileSystemAclExtensions]::GetAccessControl([IO.DirectoryInfo]::new($Folder)).GetOwner([Security.Principal.SecurityIdentifier])
        return @{ Owner = $owner.Value; Others = 0 }
    }
    $stat = $ExecutionContext.InvokeProvider.Item.Get([WildcardPattern]::Escape($Folder))[0].UnixStat
    # S_IWGRP and S_IWOTH.
    @{ Owner = [string] $stat.UserId; Others = $stat.Mode -band 0x12 }
}

# Beside this module, everybody who may add a folder there can put a "newer version". Only whoever could have changed this one is believed.
function Test-SameWriter([string] $Folder, [string] $This) {
    $other, $own = (Get-Writer $Folder), (Get-Writer $This)
    # root; SYSTEM; the administrators
    $other.Owner -in $own.Owner, '0', 'S-1-5-18', 'S-1-5-32-544' -and -not ($other.Others -band -bnot $own.Others) -and
        -not ([IO.File]::GetAttributes($Folder) -band [IO.FileAttributes]::ReparsePoint)
}

try {
    foreach ($pair in $Variable) {
        $key, $value = $pair -split '=', 2
        [Environment]::SetEnvironmentVariable($key, $value)
    }

    # An update puts the new version beside the one that was registered (Update-PSResource keeps the old one), and the newest is to run.
    $registered = $module = [IO.Path]::GetDirectoryName($PSScriptRoot)
    [version] $newest = $null
    if ([version]::TryParse([IO.Path]::GetFileName($module), [ref] $newest)) {
        foreach ($folder in [IO.Directory]::GetDirectories([IO.Path]::GetDirectoryName($module))) {
            [version] $found = $null
            if (-not [version]::TryParse([IO.Path]::GetFileName($folder), [ref] $found) -or $found -le $newest -or
                -not [IO.File]::Exists([IO.Path]::Combine($folder, 'RsyncS3Backup.psd1'))) { continue }
            if (Test-SameWriter $folder $registered) { $module, $newest = $folder, $found }
            else { [Console]::Error.WriteLine("The module in '$folder' is not used: somebody else could have put it there.") }
        }
    }
    Import-Module ([WildcardPattern]::Escape([IO.Path]::Combine($module, 'RsyncS3Backup.psd1')))

    # This job, and never others, whatever its name looks like.
    $job = if ($ConfigPath) { @{ ConfigPath = [WildcardPattern]::Escape($ConfigPath) } } else { @{ Name = [WildcardPattern]::Escape($Name) } }
    $when = @{ NoCatchUp = $NoCatchUp; Scope = $Scope; OnDrive = $OnDrive }
    if ($CronExpression) { $when.CronExpression = $CronExpression }
    if ($TimeZone) { $when.TimeZone = $TimeZone }
    if ($Tolerance) { $when.Tolerance = [timespan]::FromSeconds($Tolerance) }
    if ($Task -ne 'Backup') { $when = @{ Task = $Task; Scope = $Scope } }
    if ($Check) {
        $null = Test-BackupDue @job @when -Quiet
        if ($Readiness) {
            foreach ($made in Test-BackupReadiness @job -Check Credentials, Notification) {
                [Console]::Out.WriteLine('RsyncS3Backup: check ' + [Text.Json.JsonSerializer]::Serialize($made, $made.GetType()))
            }
        }
        [Console]::Out.WriteLine('RsyncS3Backup: ready')
        exit 0
    }
    if ($Task -eq 'Test') {
        [int] $code = 0
        foreach ($due in Test-BackupDue @job @when -Claim) {
            if (-not $due.IsDue) { continue }
            $how = @{ Level = $due.Level }
            if ($null -ne $due.SamplePercent) { $how.SamplePercent = $due.SamplePercent }
            # While the job runs, or is being tested, the test stays due, and the next check makes it.
            $results = Test-Backup @job @how -ErrorAction SilentlyContinue -ErrorVariable wrong
            foreach ($record in $wrong) {
                if ($record.FullyQualifiedErrorId -notlike 'JobAlreadyRunning*') { [Console]::Error.WriteLine("$record") }
            }
            foreach ($result in $results) {
                if ($result -isnot [RsyncS3Backup.BackupTestResult]) { continue }
                if ($null -ne $result.Error -and $result.Error.Id -eq 'JobAlreadyRunning') { continue }
                if ($result.ExitCode) { $code = $result.ExitCode }
                # A job need not tell anybody.
                $null = Send-BackupNotification $result -ErrorAction SilentlyContinue -ErrorVariable untold
                foreach ($record in $untold) {
                    if ($record.FullyQualifiedErrorId -notlike 'NotificationNotConfigured*') { [Console]::Error.WriteLine("$record") }
                }
            }
        }
        exit $code
    }
    # Whoever claims an occurrence is the only one who gets it: a trigger that fires twice starts one run.
    $due = Test-BackupDue @job @when -Claim
    if (-not $due.IsDue) { exit 0 }

    if ($RandomDelay -gt 0) { [Threading.Thread]::Sleep([Random]::Shared.Next($RandomDelay * 1000)) }
    # The result is in the history and the log; errors go to the error stream, which cron mails and systemd writes to its journal.
    $ErrorActionPreference = 'Continue'
    # A backup that is under way does what this one would. A test does not, and can take hours.
    $wait = @{}
    foreach ($test in Get-BackupHistory -Name ([WildcardPattern]::Escape($due.Name)) -Kind Test -Last 100 -ErrorAction Ignore) {
        if ($null -eq $test.Status -and -not $test.IsInterrupted) { $wait.WaitForLock = [timespan]::FromHours(12) }
    }
    $null = Invoke-RsyncToS3Backup @job @wait -ExitCode
}
catch {
    $code = 5
    if ($_.Exception.PSObject.Properties['Error']) { $code = [int] $_.Exception.Error.ExitCode }
    [Console]::Error.WriteLine("$(($_.FullyQualifiedErrorId -split ',')[0]): $_")
    if ($_.ErrorDetails -and $_.ErrorDetails.RecommendedAction) { [Console]::Error.WriteLine($_.ErrorDetails.RecommendedAction) }
    exit $code
}
