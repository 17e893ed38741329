namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Why a notification was not sent. None of it makes a backup fail.</summary>
internal static class NotificationErrors
{
    /// <summary>The address or the password is not where the configuration says.</summary>
    public static BackupError SecretMissing(string where, string problem) => Make(
        ErrorIds.NotificationSecretMissing,
        BackupErrorCategory.ObjectNotFound,
        $"A notification was not sent, because {where} cannot be read: {problem}",
        "Set the environment variable for the user and the scheduler that run the job, or store the secret with Set-Secret.",
        where);

    /// <summary>What was found is no address.</summary>
    public static BackupError AddressInvalid(string where, string problem) => Make(
        ErrorIds.NotificationAddressInvalid,
        BackupErrorCategory.InvalidArgument,
        $"A notification was not sent, because what is in {where} is not an address: {problem}",
        "Put the whole address there, beginning with 'https://'.",
        where);

    /// <summary>It would go unencrypted to another machine.</summary>
    public static BackupError Insecure(string target) => Make(
        ErrorIds.NotificationInsecure,
        BackupErrorCategory.InvalidArgument,
        $"A notification to {target} was not sent, because it would go unencrypted.",
        "Use 'https://', or 'startTls' or 'tls' for mail; 'allowInsecure' (-AllowInsecure) in a network you trust.",
        target);

    /// <summary>Nobody answered, or not in time.</summary>
    public static BackupError Unreachable(string target, string reason) => Make(
        ErrorIds.NotificationUnreachable,
        BackupErrorCategory.ConnectionError,
        $"A notification to {target} was not sent: {reason}",
        "Check the address, the network and the service.",
        target);

    /// <summary>The server answered, and did not take it.</summary>
    public static BackupError Rejected(string target, string answer) => Make(
        ErrorIds.NotificationRejected,
        BackupErrorCategory.InvalidOperation,
        $"A notification to {target} was refused: {answer}",
        "Check the address, which the service may have revoked, the format, and the service.",
        target);

    /// <summary>The mail server does not take the user and the password.</summary>
    public static BackupError LoginFailed(string target, string answer) => Make(
        ErrorIds.NotificationLoginFailed,
        BackupErrorCategory.AuthenticationError,
        $"The login at {target} failed: {answer}",
        "Check 'userName' and the password; many providers want a password made for programs.",
        target);

    /// <summary>There is nobody to tell.</summary>
    public static BackupError NotConfigured(string jobName, string why) => Make(
        ErrorIds.NotificationNotConfigured,
        BackupErrorCategory.ObjectNotFound,
        $"No notification of the run of job '{jobName}' was sent: {why}",
        "Add 'notifications' to the configuration, or give -WebhookUrl, -PingUrl or -SmtpServer.",
        jobName);

    /// <summary>A digest is of many jobs, and nobody said whose receivers it has.</summary>
    public static BackupError DigestNotConfigured() => Make(
        ErrorIds.NotificationNotConfigured,
        BackupErrorCategory.ObjectNotFound,
        "No digest was sent, because nothing says who is told.",
        "Give -ConfigPath with a job whose 'notifications' are to be used, or -WebhookUrl, -PingUrl or -SmtpServer.",
        "Digest");

    public static BackupError DigestEmpty() => Make(
        ErrorIds.NotificationNotConfigured,
        BackupErrorCategory.ObjectNotFound,
        "No digest was sent, because nothing came that it could be about.",
        "Check that the machines can be reached and have jobs. With -ExpectedHost, a machine that is silent is in the digest.",
        "Digest");

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Succeeded);
}
