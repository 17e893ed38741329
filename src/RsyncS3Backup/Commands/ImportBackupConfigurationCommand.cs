using System.Management.Automation;

namespace RsyncS3Backup.Commands;

/// <summary>Reads configuration files and emits a <see cref="BackupConfiguration"/> for each.</summary>
[Cmdlet(VerbsData.Import, "BackupConfiguration", DefaultParameterSetName = "Name")]
[OutputType(typeof(BackupConfiguration))]
public sealed class ImportBackupConfigurationCommand : ConfigurationFileCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Jobs.Read(this), enumerateCollection: true);
}
