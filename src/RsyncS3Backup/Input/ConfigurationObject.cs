using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Input;

/// <summary>What an object that is a configuration or a job holds.</summary>
internal static class ConfigurationObject
{
    /// <summary>The configuration that an object is.</summary>
    /// <exception cref="BackupException">It is not good.</exception>
    internal static BackupConfiguration Read(object item)
    {
        object plain = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (plain is BackupConfiguration configuration)
            return configuration;
        if (plain is BackupJob job)
            return JobFile.Again(job).Required();
        return ConfigurationReader.ReadObject(JsonFromObject.Convert(plain is PSCustomObject ? item : plain)).Required();
    }
}
