using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Schedulers;

/// <summary>Names that every scheduler takes.</summary>
internal static class NativeNames
{
    /// <summary>What the names of all units, blocks, agents and tasks of this module begin with.</summary>
    public const string Prefix = "rsyncs3backup-";

    /// <summary>The entry's name for a job: the one of its state folder, which differs for every job.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="task">What is started; no folder's name begins with a dot.</param>
    public static string EntryName(string jobName, BackupScheduleTask task = BackupScheduleTask.Backup) =>
        Prefix + (task == BackupScheduleTask.Test ? ".tests-" : "") + StateFolder.FolderName(jobName);

    /// <summary>The name of a file in /etc/cron.d, where Debian's cron reads letters, digits, <c>_</c> and <c>-</c> only (cron(8)).</summary>
    public static string CronFile(string entryName)
    {
        if (!entryName.Contains('.', StringComparison.Ordinal))
            return entryName;
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(entryName)))[..8].ToLowerInvariant();
        return $"{entryName.Replace('.', '_')}-{hash}";
    }

    /// <summary>A text in one line, for descriptions.</summary>
    public static string OneLine(string text) => ShownText.OneLine(text);
}
