using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Schedulers;

/// <summary>Reads jobs that are registered, as the launcher will; the folders of named jobs once.</summary>
internal sealed class JobReader
{
    private JobList? list;

    /// <summary>A job.</summary>
    /// <param name="jobName">Its name.</param>
    /// <param name="configPath">Its file; null when it is found by its name.</param>
    /// <exception cref="BackupException">It is not there, or not good.</exception>
    public BackupConfiguration Read(string jobName, string? configPath)
    {
        if (configPath is not null)
            return ConfigurationReader.Load(configPath);
        list ??= JobList.Read();
        return (list.Jobs.FirstOrDefault(job => job.Name == jobName) ?? throw new BackupException(list.NotFound(jobName))).Required();
    }
}
