namespace RsyncS3Backup.Configuration;

/// <summary>What an address of a notification must be. Whoever knows a webhook's address can post there, so most of them are secrets.</summary>
internal static class NotificationAddresses
{
    internal const string UrlAllowed =
        "an address that is not a secret, such as 'https://example.com/backups'; else name an environment variable as 'urlVariable', or a "
        + "secret of SecretManagement as 'urlSecret'";

    // Their webhooks are what their documentation calls a secret: the address alone lets one post.
    private static readonly string[] SecretHosts =
    [
        "hooks.slack.com", "webhook.office.com", "logic.azure.com", "powerplatform.com", "powerautomate.com", "discord.com", "discordapp.com",
        "api.telegram.org", "chat.googleapis.com", "hooks.zapier.com", "maker.ifttt.com",
    ];

    private static readonly string[] SecretParameters = ["sig", "signature", "key", "apikey", "token", "accesstoken", "code", "secret", "password"];

    /// <summary>What is wrong with an address that stands in a configuration file; the address is not repeated, because it may hold a secret.</summary>
    internal static string? LiteralUrl(string value)
    {
        if (Url(value) is { } problem)
            return problem;
        Uri uri = new(value);
        if (HoldsSecret(uri))
            return "This address holds a secret, and this file must hold none.";
        return null;
    }

    /// <summary>What is wrong with an address, wherever it comes from.</summary>
    internal static string? Url(string value)
    {
        bool isAddress = Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0 && !value.Any(char.IsWhiteSpace)
            && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);
        return isAddress ? null : "This is not an address that begins with 'https://' or 'http://'.";
    }

    /// <summary>False for plain HTTP to a machine that is not this one.</summary>
    internal static bool IsEncryptedOrLocal(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;

    /// <summary>True for this machine itself.</summary>
    internal static bool IsThisMachine(string host) =>
        Uri.TryCreate($"smtp://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host.Trim('[', ']')}]" : host)}", UriKind.Absolute, out Uri? uri) && uri.IsLoopback;

    /// <summary>What is wrong with a mail address.</summary>
    internal static string? MailAddress(string value) =>
        System.Net.Mail.MailAddress.TryCreate(value, out _) && !value.Any(char.IsControl)
            ? null
            : $"{ConfigurationText.Quote(value)} is not a valid mail address.";

    /// <summary>What is wrong with a mail server's name.</summary>
    internal static string? Host(string value) =>
        Uri.CheckHostName(value) == UriHostNameType.Unknown ? $"{ConfigurationText.Quote(value)} is not a valid name of a machine." : null;

    private static bool HoldsSecret(Uri uri)
    {
        if (uri.UserInfo.Length > 0)
            return true;
        if (Array.Exists(SecretHosts, host => uri.Host.Equals(host, StringComparison.OrdinalIgnoreCase)
            || uri.Host.EndsWith("." + host, StringComparison.OrdinalIgnoreCase)))
            return true;
        return uri.Query.TrimStart('?').Split('&')
            .Any(parameter => SecretParameters.Contains(ConfigurationText.Fold(parameter.Split('=')[0]), StringComparer.OrdinalIgnoreCase));
    }
}
