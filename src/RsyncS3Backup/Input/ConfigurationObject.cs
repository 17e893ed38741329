using System.Collections;
using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Input;

/// <summary>What an object that is given as a configuration is.</summary>
internal static class ConfigurationObject
{
    /// <summary>The configuration that an object is or names.</summary>
    /// <exception cref="BackupException">It is none, or not good.</exception>
    internal static BackupConfiguration Read(object item)
    {
        object plain = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (plain is BackupConfiguration configuration)
            return configuration;
        if (plain is BackupJob job)
            return JobFile.Again(job).Required();
        if (plain is BackupSchedule schedule)
            return new JobReader().Read(schedule.Name, schedule.ConfigurationPath);
        // What came back from another process says of itself that it was an object of ours, and is none any more.
        string? cameBack = plain is PSCustomObject
            ? PSObject.AsPSObject(item).TypeNames.FirstOrDefault(name => name.StartsWith("Deserialized.", StringComparison.Ordinal))
            : null;
        if (cameBack is not null || plain is not (IDictionary or PSCustomObject))
            throw new BackupException(ParameterErrors.NotAConfiguration(cameBack ?? plain.GetType().FullName!));
        return ConfigurationReader.ReadObject(JsonFromObject.Convert(plain is PSCustomObject ? item : plain)).Required();
    }

    /// <summary>
    /// The path that an object is or holds; null for one that is no file. A pipeline parameter that takes any object takes what Get-ChildItem
    /// and Select-Object FullName emit.
    /// </summary>
    internal static string? FilePath(object item)
    {
        PSObject custom = PSObject.AsPSObject(item);
        return custom.BaseObject switch
        {
            string path => path,
            FileInfo file => WildcardPattern.Escape(file.FullName),
            PSCustomObject when custom.Properties["sources"] is null =>
                (custom.Properties["FullName"] ?? custom.Properties["ConfigPath"] ?? custom.Properties["Path"])?.Value as string,
            _ => null,
        };
    }
}
