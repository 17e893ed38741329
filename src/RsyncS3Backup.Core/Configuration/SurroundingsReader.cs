namespace RsyncS3Backup.Configuration;

/// <summary>Reads what a job has around its stages: hooks and notifications.</summary>
internal static class SurroundingsReader
{
    private static readonly ConfigurationKey[] OfAddresses = [ConfigurationKeys.Url, ConfigurationKeys.UrlVariable, ConfigurationKeys.UrlSecret];

    private static readonly ConfigurationKey[] OfMail =
    [
        ConfigurationKeys.SmtpServer, ConfigurationKeys.SmtpPort, ConfigurationKeys.SmtpSecurity, ConfigurationKeys.MailFrom,
        ConfigurationKeys.MailTo, ConfigurationKeys.UserName, ConfigurationKeys.PasswordVariable, ConfigurationKeys.PasswordSecret,
    ];

    /// <summary>The hooks; relative paths in them begin in the folder of the configuration file, where there is one.</summary>
    public static HookOptions ReadHooks(ConfigurationObject hooks, string? path, ConfigurationProblems problems)
    {
        return new HookOptions
        {
            Before = Read(ConfigurationKeys.BeforeHook),
            AfterSuccess = Read(ConfigurationKeys.AfterSuccessHook),
            AfterFailure = Read(ConfigurationKeys.AfterFailureHook),
            Finally = Read(ConfigurationKeys.FinallyHook),
        };

        HookCommand? Read(ConfigurationKey key) =>
            hooks.Object(key) is { } hook ? ReadHook(hook, path is null ? null : Path.GetDirectoryName(path), problems) : null;
    }

    /// <summary>One notification.</summary>
    public static NotificationOptions ReadNotification(ConfigurationObject item, ConfigurationProblems problems)
    {
        NotificationOptions read = new()
        {
            Type = item.Value<NotificationKind>(ConfigurationKeys.NotificationType) ?? default,
            On = [.. item.Texts(ConfigurationKeys.NotificationOn).Select(name => Enum.Parse<NotificationEvent>(name, ignoreCase: true)).Distinct()],
            Format = item.Value<NotificationFormat>(ConfigurationKeys.NotificationFormat) ?? NotificationFormat.Json,
            Url = item.Text(ConfigurationKeys.Url),
            UrlVariable = item.Text(ConfigurationKeys.UrlVariable),
            UrlSecret = item.Text(ConfigurationKeys.UrlSecret),
            SmtpServer = item.Text(ConfigurationKeys.SmtpServer),
            SmtpPort = item.Number(ConfigurationKeys.SmtpPort),
            SmtpSecurity = item.Value<SmtpSecurity>(ConfigurationKeys.SmtpSecurity) ?? SmtpSecurity.StartTls,
            From = item.Text(ConfigurationKeys.MailFrom),
            To = item.Texts(ConfigurationKeys.MailTo),
            UserName = item.Text(ConfigurationKeys.UserName),
            PasswordVariable = item.Text(ConfigurationKeys.PasswordVariable),
            PasswordSecret = item.Text(ConfigurationKeys.PasswordSecret),
            SecretVault = item.Text(ConfigurationKeys.SecretVault),
            AllowInsecure = item.Flag(ConfigurationKeys.AllowInsecure) ?? false,
            Timeout = DurationText.TryParse(item.Text(ConfigurationKeys.Timeout) ?? "", out TimeSpan timeout)
                ? timeout
                : NotificationOptions.DefaultTimeout,
        };
        // A type that was refused says nothing about the other keys.
        if (item.NodeOf(ConfigurationKeys.NotificationType) is not null)
            Check(item, read, problems);
        return read;
    }

    private static HookCommand ReadHook(ConfigurationObject hook, string? folder, ConfigurationProblems problems)
    {
        bool hasCommand = hook.Has(ConfigurationKeys.HookProgram);
        if (hasCommand == hook.Has(ConfigurationKeys.HookScript))
        {
            problems.Add(hook.Node, hasCommand ? "'command' and 'script' stand here both." : "Neither 'command' nor 'script' stands here.",
                ConfigurationRules.HookAllowed);
        }

        IReadOnlyList<string> command = hook.Texts(ConfigurationKeys.HookProgram);
        if (hook.NodeOf(ConfigurationKeys.HookProgram) is { } list && (command.Count == 0 || string.IsNullOrWhiteSpace(command[0])))
            problems.Add(list, "It names no program.", ConfigurationRules.HookCommandAllowed);
        else if (command.Count > 0 && IsPath(command[0]))
            command = [Absolute(command[0], folder, hook.NodeOf(ConfigurationKeys.HookProgram)!, problems), .. command.Skip(1)];
        return new HookCommand
        {
            Command = command,
            Script = hook.Text(ConfigurationKeys.HookScript) is { } script
                ? Absolute(script, folder, hook.NodeOf(ConfigurationKeys.HookScript)!, problems)
                : null,
            Timeout = DurationText.TryParse(hook.Text(ConfigurationKeys.Timeout) ?? "", out TimeSpan timeout) ? timeout : HookCommand.DefaultTimeout,
        };
    }

    // A bare name is looked up on the PATH when the hook runs.
    private static bool IsPath(string program) =>
        program.Contains('/', StringComparison.Ordinal) || program.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Absolute(string path, string? folder, ConfigurationNode node, ConfigurationProblems problems)
    {
        string expanded = path.StartsWith("~/", StringComparison.Ordinal) ? ConfigurationPaths.Expand(path) : path;
        if (Path.IsPathFullyQualified(expanded))
            return expanded;
        if (folder is not null)
            return Path.GetFullPath(expanded, folder);
        problems.Add(node, $"{ConfigurationText.Quote(path)} is relative, and this configuration comes from no file.", "an absolute path");
        return path;
    }

    private static void Check(ConfigurationObject item, NotificationOptions read, ConfigurationProblems problems)
    {
        string name = ConfigurationKeys.NameOf(read.Type);
        bool isMail = read.Type == NotificationKind.Email;
        foreach (ConfigurationKey key in isMail ? OfAddresses : OfMail)
            Refuse(key, $"A notification of type '{name}' has no '{key.Name}'.", isMail ? "this key with type webhook or ping" : "this key with type email");
        if (read.Type != NotificationKind.Webhook)
            Refuse(ConfigurationKeys.NotificationFormat, $"A notification of type '{name}' has one format.", "this key with type webhook");
        if (item.NodeOf(ConfigurationKeys.NotificationOn) is { } on)
        {
            if (on.Items.Count == 0)
                problems.Add(on, "The list is empty.", ConfigurationKeys.NotificationOn.Allowed);
            if (read.Type != NotificationKind.Ping && read.On.Contains(NotificationEvent.Start))
                problems.Add(on, "Only a ping tells that a run starts.", "success, warning, failure");
        }

        if (isMail)
            CheckMail(item, read, problems);
        else
            CheckAddress(item, read, problems);

        void Refuse(ConfigurationKey key, string message, string allowed)
        {
            if (item.NodeOf(key) is { } node)
                problems.Add(node, message, allowed);
        }
    }

    private static void CheckAddress(ConfigurationObject item, NotificationOptions read, ConfigurationProblems problems)
    {
        if (OfAddresses.Count(item.Has) != 1)
            problems.Add(item.Node, "It needs one of 'url', 'urlVariable' and 'urlSecret'.", "exactly one of these keys");
        if (read.Url is not null && !read.AllowInsecure && !NotificationAddresses.IsEncryptedOrLocal(new Uri(read.Url)))
        {
            problems.Add(item.NodeOf(ConfigurationKeys.Url)!, "This address is plain HTTP to another machine, so everybody on the way can read it.",
                "'https://…', or 'allowInsecure': true in a network you trust");
        }
    }

    private static void CheckMail(ConfigurationObject item, NotificationOptions read, ConfigurationProblems problems)
    {
        foreach (ConfigurationKey key in (ConfigurationKey[])[ConfigurationKeys.SmtpServer, ConfigurationKeys.MailFrom, ConfigurationKeys.MailTo])
        {
            if (!item.Has(key))
                item.Missing(key);
        }

        if (item.NodeOf(ConfigurationKeys.MailTo) is { Items.Count: 0 } to)
            problems.Add(to, "The list is empty.", ConfigurationKeys.MailTo.Allowed);
        int passwords = (item.Has(ConfigurationKeys.PasswordVariable) ? 1 : 0) + (item.Has(ConfigurationKeys.PasswordSecret) ? 1 : 0);
        if (passwords != (item.Has(ConfigurationKeys.UserName) ? 1 : 0))
        {
            problems.Add(item.Node, "A login needs a user and one password.",
                "'userName' with 'passwordVariable' or 'passwordSecret', or none of the three");
        }

        bool isInsecure = read.SmtpSecurity == SmtpSecurity.None && !read.AllowInsecure;
        if (isInsecure && read.SmtpServer is { } server && !NotificationAddresses.IsThisMachine(server))
        {
            problems.Add(item.NodeOf(ConfigurationKeys.SmtpSecurity)!, "A mail to another machine would go unencrypted.",
                "startTls, tls, or 'allowInsecure': true in a network you trust");
        }
    }
}
