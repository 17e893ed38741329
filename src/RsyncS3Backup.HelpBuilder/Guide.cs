namespace RsyncS3Backup.HelpBuilder;

/// <summary>A guide of docs/ that travels with the module as an about topic, because the package holds no docs/.</summary>
/// <param name="Topic">What <c>Get-Help</c> finds it by.</param>
/// <param name="Synopsis">What <c>Get-Help about_*</c> lists it with.</param>
/// <param name="Files">Its pages, in the order of the topic.</param>
internal sealed record Guide(string Topic, string Synopsis, IReadOnlyList<string> Files)
{
    public static IReadOnlyList<Guide> All { get; } =
    [
        new(
            "about_RsyncS3Backup_ComingFrom", "For those who use aws s3 sync, rclone, rsnapshot, Duplicati or restic.",
            ["coming-from.md"]),
        new("about_RsyncS3Backup_Configuration", "Every key of a configuration file.", ["configuration.md"]),
        new("about_RsyncS3Backup_Cost", "What a backup in S3 costs, and how that is worked out.", ["cost.md"]),
        new("about_RsyncS3Backup_Drives", "What drives keep, and what becomes of the rest.", ["drives.md"]),
        new(
            "about_RsyncS3Backup_Errors", "Every error, what it means and the way out; exit codes.",
            ["errors.md", "rsync-exit-codes.md"]),
        new("about_RsyncS3Backup_Fleet", "The backups of many machines, seen from one.", ["fleet.md"]),
        new("about_RsyncS3Backup_Monitoring", "Reports, and figures and alerts with Prometheus.", ["monitoring.md"]),
        new("about_RsyncS3Backup_Notifications", "Hooks, webhooks, mail and pings.", ["notifications.md"]),
        new("about_RsyncS3Backup_Ransomware", "What a backup is worth when somebody has taken over the machine.", ["ransomware.md"]),
        new("about_RsyncS3Backup_Restore", "Getting files back, from either copy, of any time.", ["restore.md"]),
        new(
            "about_RsyncS3Backup_Schedules", "What a schedule means, and what the system's scheduler starts.",
            ["scheduling.md", "schedulers.md"]),
        new("about_RsyncS3Backup_Security", "Who is trusted with what, what holds and what does not.", ["security.md"]),
        new("about_RsyncS3Backup_Storage", "Storage classes, and what S3 does with objects as they grow old.", ["storage.md"]),
        new("about_RsyncS3Backup_Stores", "Stores that speak S3's language, and what to set for each.", ["stores.md"]),
        new("about_RsyncS3Backup_Unattended", "Backups that nobody watches.", ["unattended.md"]),
        new("about_RsyncS3Backup_Windows", "Which rsync, what Windows keeps, and what is different there.", ["windows.md"]),
    ];

    /// <summary>The topic that holds what a page links to; null when the address is none of a guide.</summary>
    public static string? TopicOf(string url)
    {
        string file = url.Split('#')[0].Split('/')[^1];
        return All.FirstOrDefault(guide => guide.Files.Contains(file))?.Topic;
    }
}
