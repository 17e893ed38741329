namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of each of <c>notifications</c>.</summary>
internal sealed class NotificationKeys() : ConfigurationSection<NotificationOptions>(
    new NotificationOptions { Type = NotificationKind.Webhook })
{
    protected override IEnumerable<ConfigurationKey<NotificationOptions>> MakeTable() =>
    [
        OneOf<NotificationKind>("type", "kind of notification", item => item.Type, (item, value) => item with { Type = value },
            "`webhook`: an HTTP POST with JSON. `email`: a mail by SMTP. `ping`: a ping of a service that misses runs which do "
            + "not come, such as healthchecks.io.") with
        { Required = true },

        SomeOf<NotificationEvent>("on", "event", item => item.On, (item, value) => item with { On = value },
            "What is told: `start` (ping only), `success`, `warning` (succeeded with warnings), `failure` (failed, refused by a "
            + "guard, cancelled), `overdue` (the last good run is older than `maxAge`).") with
        {
            Default = "everything for a ping, else `[\"warning\", \"failure\", \"overdue\"]`",
            WhenEmpty = ListIsEmpty,
            Examples = """[["failure"], ["success", "warning", "failure"]]""",
        },

        OneOf<NotificationFormat>("format", "format", item => item.Format, (item, value) => item with { Format = value },
            "What a webhook receives: `json` the whole result, `slack` a message, `teams` an adaptive card."),

        Text("url", KeyRule.Url, item => item.Url, (item, value) => item with { Url = value },
            "The address of a webhook or ping when it is not a secret. Addresses that are secrets are refused: those of Slack, "
            + "Teams, Discord and their like, and any with a user, a password, a signature or a token in them.") with
        { Default = "none", Examples = """["https://example.com/backups"]""" },

        Text("urlVariable", KeyRule.Variable, item => item.UrlVariable, (item, value) => item with { UrlVariable = value },
            "The environment variable that holds the address.") with { Default = "none", Examples = """["BACKUP_WEBHOOK"]""" },

        Text("urlSecret", KeyRule.Secret, item => item.UrlSecret, (item, value) => item with { UrlSecret = value },
            "The name of the address in SecretManagement. A webhook or ping has exactly one of the three.") with
        { Default = "none", Examples = """["backup-webhook"]""" },

        Text("smtpServer", KeyRule.MailServer, item => item.SmtpServer, (item, value) => item with { SmtpServer = value },
            "The mail server.") with { Default = "required for `email`", Examples = """["smtp.example.com"]""" },

        Number("smtpPort", KeyRule.Port, item => item.SmtpPort, (item, value) => item with { SmtpPort = value },
            "Its port.") with { Default = "587; 465 with `tls`; 25 with `none`" },

        OneOf<SmtpSecurity>("smtpSecurity", "encryption",
            item => item.SmtpSecurity, (item, value) => item with { SmtpSecurity = value },
            "`startTls` begins plain and changes to TLS before anything is said, `tls` is encrypted from the first byte, `none` "
            + "is not encrypted."),

        Text("from", KeyRule.MailAddress, item => item.From, (item, value) => item with { From = value },
            "The sender's address.") with { Default = "required for `email`", Examples = """["backup@example.com"]""" },

        Texts("to", KeyRule.MailAddress, item => item.To, (item, value) => item with { To = value },
            "The receivers' addresses.") with
        {
            Allowed = "a list of at least one mail address",
            Default = "required for `email`",
            WhenEmpty = ListIsEmpty,
            Examples = """[["me@example.com"]]""",
        },

        Text("userName", KeyRule.MailUser, item => item.UserName, (item, value) => item with { UserName = value },
            "The user that logs in to the mail server.") with { Default = "nobody logs in" },

        Text("passwordVariable", KeyRule.Variable,
            item => item.PasswordVariable, (item, value) => item with { PasswordVariable = value },
            "The environment variable that holds the user's password.") with
        { Default = "none", Examples = """["SMTP_PASSWORD"]""" },

        Text("passwordSecret", KeyRule.Secret, item => item.PasswordSecret, (item, value) => item with { PasswordSecret = value },
            "The name of the user's password in SecretManagement.") with { Default = "none" },

        Text("secretVault", KeyRule.Vault, item => item.SecretVault, (item, value) => item with { SecretVault = value },
            "The vault of `urlSecret` and `passwordSecret`.") with { Default = "all vaults, the default one first" },

        Flag("allowInsecure", item => item.AllowInsecure, (item, value) => item with { AllowInsecure = value },
            "Allow `http://` or `none` to a machine that is not this one."),

        Duration("timeout", item => item.Timeout, (item, value) => item with { Timeout = value },
            "How long one attempt may take; there are three.") with { Examples = """["30s"]""" },
    ];
}
