using System.Globalization;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Where a notification goes, with its secrets. No record, because those tell all they hold when they are printed.</summary>
internal sealed class NotificationTarget
{
    private NotificationTarget(NotificationOptions options, string display)
    {
        Options = options;
        Display = display;
    }

    public NotificationOptions Options { get; }

    /// <summary>The server, which is no secret.</summary>
    public string Display { get; }

    /// <summary>The address of a webhook or ping.</summary>
    public Uri? Address { get; private init; }

    /// <summary>The password of <see cref="NotificationOptions.UserName"/>.</summary>
    public string? Password { get; private init; }

    /// <summary>The port of the mail server.</summary>
    public int SmtpPort => PortOf(Options);

    /// <summary>A webhook or ping; its address is added to the known secrets.</summary>
    /// <param name="options">The notification.</param>
    /// <param name="address">Its address.</param>
    /// <param name="where">Where that was found, for an error.</param>
    /// <param name="secrets">What must not be shown.</param>
    /// <exception cref="BackupException">It is no address, or goes unencrypted to another machine.</exception>
    public static NotificationTarget OfAddress(NotificationOptions options, string address, string where, KnownSecrets secrets)
    {
        string trimmed = address.Trim();
        if (NotificationAddresses.Url(trimmed) is { } problem)
        {
            secrets.Add(trimmed);
            throw new BackupException(NotificationErrors.AddressInvalid(where, problem));
        }

        Uri uri = new(trimmed);
        secrets.AddAddress(uri);
        string display = uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
        return options.AllowInsecure || NotificationAddresses.IsEncryptedOrLocal(uri)
            ? new NotificationTarget(options, display) { Address = uri }
            : throw new BackupException(NotificationErrors.Insecure(display));
    }

    /// <summary>A mail; its password is added to the known secrets.</summary>
    /// <exception cref="BackupException">It would go unencrypted to another machine.</exception>
    public static NotificationTarget OfMail(NotificationOptions options, string? password, KnownSecrets secrets)
    {
        secrets.Add(password);
        string display = string.Create(CultureInfo.InvariantCulture, $"{options.SmtpServer}:{PortOf(options)}");
        bool isSafe = options.SmtpSecurity != SmtpSecurity.None || options.AllowInsecure || NotificationAddresses.IsThisMachine(options.SmtpServer!);
        return isSafe
            ? new NotificationTarget(options, display) { Password = password }
            : throw new BackupException(NotificationErrors.Insecure(display));
    }

    /// <summary>Finds the secrets of a notification of a job.</summary>
    /// <exception cref="BackupException">One is missing, or it is not allowed to send so.</exception>
    public static async Task<NotificationTarget> FindAsync(
        NotificationOptions options, ISecretReader? reader, KnownSecrets secrets, CancellationToken cancellationToken)
    {
        if (options.Type == NotificationKind.Email)
        {
            string? password = options.UserName is null
                ? null
                : (await SecretAsync(options.PasswordVariable, options.PasswordSecret, options.SecretVault, reader, cancellationToken).ConfigureAwait(false)).Value;
            return OfMail(options, password, secrets);
        }

        (string address, string where) = options.Url is { } url
            ? (url, "'url'")
            : await SecretAsync(options.UrlVariable, options.UrlSecret, options.SecretVault, reader, cancellationToken).ConfigureAwait(false);
        return OfAddress(options, address, where, secrets);
    }

    private static async Task<(string Value, string Where)> SecretAsync(
        string? variable, string? name, string? vault, ISecretReader? reader, CancellationToken cancellationToken)
    {
        string where = variable is not null ? $"the environment variable '{variable}'" : $"the secret '{name}'";
        FoundSecret found = variable is not null ? OfEnvironment(variable)
            : reader is null ? FoundSecret.Missing("SecretManagement can be asked in PowerShell only.")
            : await reader.ReadSecretAsync(name!, vault, cancellationToken).ConfigureAwait(false);
        return found.Value is { } value ? (value, where) : throw new BackupException(NotificationErrors.SecretMissing(where, found.Problem!));
    }

    private static FoundSecret OfEnvironment(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
        ? FoundSecret.Of(value)
        : FoundSecret.Missing("it is not set.");

    private static int PortOf(NotificationOptions options) => options.SmtpPort ?? options.SmtpSecurity switch
    {
        SmtpSecurity.Tls => 465,
        SmtpSecurity.None => 25,
        _ => 587,
    };
}
