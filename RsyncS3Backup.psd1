@{
    ModuleVersion        = '0.1.0'
    GUID                 = '7d0f9a3e-6c41-4b7e-9f0e-2a9f4d1f6b52'
    Author               = 'RsyncS3Backup contributors'
    CompanyName          = 'RsyncS3Backup contributors'
    Copyright            = '(c) RsyncS3Backup contributors. MIT licence.'
    Description          = @'
Keeps two copies of what matters: a local mirror made by rsync, then a cloud copy of that mirror in S3. For those who back up from
PowerShell, in place of a script around rsync and aws s3 sync.
A run without changes sends no request to S3, a touch or a chmod sends no file, and what an unmounted disk or an empty folder would
delete is refused. Plans with their price; schedules for systemd, cron, launchd and the Task Scheduler; tests and repairs of both
copies; restores with owners and links. Invoke-S3SyncStage alone is the s3 sync that AWS Tools for PowerShell lack.
Needs PowerShell 7.4 and rsync 3.1.3 or later.
'@
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')

    # The loader comes first: it makes the assemblies of the second one load from bin/ in the module's own load context.
    NestedModules        = @(
        'RsyncS3Backup.Loader.dll'
        'nested/RsyncS3Backup.Assemblies.psd1'
    )
    FormatsToProcess     = @('RsyncS3Backup.format.ps1xml')
    TypesToProcess       = @('RsyncS3Backup.types.ps1xml')

    CmdletsToExport      = @(
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
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()

    PrivateData          = @{
        PSData = @{
            Tags       = @(
                'backup', 'rsync', 's3', 's3-sync', 'sync', 'aws', 'mirror', 'restore', 'snapshot', 'archive', 'schedule',
                'Linux', 'MacOS', 'Windows'
            )
            LicenseUri = 'https://opensource.org/license/mit'
        }
    }
}
