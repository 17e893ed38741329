namespace RsyncS3Backup;

/// <summary>One of the <c>notifications</c> of a job: who is told how a run ended. Secrets are never in it, only where they are found.</summary>
public sealed record NotificationOptions
{
    internal static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(15);

    /// <summary>The way it goes.</summary>
    public required NotificationKind Type { get; init; }

    /// <summary>What is told; empty: everything for a ping, all but starts and successes for the others.</summary>
    public IReadOnlyList<NotificationEvent> On { get; init; } = [];

    /// <summary>What a webhook receives. Default: json.</summary>
    public NotificationFormat Format { get; init; } = NotificationFormat.Json;

    /// <summary>The address of a webhook or ping, when it is no secret.</summary>
    public string? Url { get; init; }

    /// <summary>The environment variable that holds the address.</summary>
    public string? UrlVariable { get; init; }

    /// <summary>The name in SecretManagement of the address.</summary>
    public string? UrlSecret { get; init; }

    /// <summary>The mail server.</summary>
    public string? SmtpServer { get; init; }

    /// <summary>Its port; null: 587, or 465 with <see cref="RsyncS3Backup.SmtpSecurity.Tls"/>, or 25 with <see cref="RsyncS3Backup.SmtpSecurity.None"/>.</summary>
    public int? SmtpPort { get; init; }

    /// <summary>How the connection to the mail server is encrypted. Default: startTls.</summary>
    public SmtpSecurity SmtpSecurity { get; init; } = SmtpSecurity.StartTls;

    /// <summary>The sender's address.</summary>
    public string? From { get; init; }

    /// <summary>The receivers' addresses.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>The user that logs in to the mail server; null: nobody does.</summary>
    public string? UserName { get; init; }

    /// <summary>The environment variable that holds the user's password.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>The name in SecretManagement of the user's password.</summary>
    public string? PasswordSecret { get; init; }

    /// <summary>The SecretManagement vault of <see cref="UrlSecret"/> and <see cref="PasswordSecret"/>; null: all vaults, the default one first.</summary>
    public string? SecretVault { get; init; }

    /// <summary>Allow a connection without encryption to a machine that is not this one. Default: false.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>How long one attempt may take. Default: 15 seconds.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>True when it is told of this.</summary>
    internal bool Tells(NotificationEvent what) => On.Count > 0
        ? On.Contains(what)
        : Type == NotificationKind.Ping || what is NotificationEvent.Warning or NotificationEvent.Failure or NotificationEvent.Overdue;
}

/// <summary>The ways a notification can go.</summary>
public enum NotificationKind : long
{
    /// <summary>An HTTP POST with JSON.</summary>
    Webhook,

    /// <summary>A mail by SMTP.</summary>
    Email,

    /// <summary>A ping of a service that misses runs which do not come, such as healthchecks.io.</summary>
    Ping,
}

/// <summary>What a webhook receives.</summary>
public enum NotificationFormat : long
{
    /// <summary>The whole result.</summary>
    Json,

    /// <summary>A message for Slack's incoming webhooks.</summary>
    Slack,

    /// <summary>An adaptive card for the webhooks of Microsoft Teams' workflows.</summary>
    Teams,
}

/// <summary>What is told.</summary>
public enum NotificationEvent : long
{
    /// <summary>A run begins; for a ping only.</summary>
    Start,

    /// <summary>It succeeded.</summary>
    Success,

    /// <summary>It succeeded, with warnings.</summary>
    Warning,

    /// <summary>It failed, was refused by a guard or was cancelled.</summary>
    Failure,

    /// <summary>The last good run is older than the job's <c>maxAge</c>.</summary>
    Overdue,
}

/// <summary>How the connection to a mail server is encrypted.</summary>
public enum SmtpSecurity : long
{
    /// <summary>It begins plain and must change to TLS (STARTTLS, RFC 3207) before anything is said.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,

    /// <summary>Not at all: to this machine only, unless <see cref="NotificationOptions.AllowInsecure"/>.</summary>
    None,
}
