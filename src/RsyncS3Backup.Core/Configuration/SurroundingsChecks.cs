using RsyncS3Backup.Configuration.Keys;

namespace RsyncS3Backup.Configuration;

/// <summary>What the keys of hooks and notifications must be to one another.</summary>
internal static class SurroundingsChecks
{
    private static readonly string[] OfAddresses = ["url", "urlVariable", "urlSecret"];

    private static readonly string[] OfMail =
        ["smtpServer", "smtpPort", "smtpSecurity", "from", "to", "userName", "passwordVariable", "passwordSecret"];

    /// <summary>The hooks; relative paths in them begin in the folder of the configuration file, where there is one.</summary>
    public static HookOptions OfHooks(HookOptions read, ConfigurationObject hooks, string? path, ConfigurationProblems problems)
    {
        string? folder = path is null ? null : Path.GetDirectoryName(path);
        return new HookOptions
        {
            Before = Of("before", read.Before),
            AfterSuccess = Of("afterSuccess", read.AfterSuccess),
            AfterFailure = Of("afterFailure", read.AfterFailure),
            Finally = Of("finally", read.Finally),
        };

        HookCommand? Of(string name, HookCommand? hook) =>
            hook is null ? null : OfHook(hook, hooks.Object(name)!, folder, problems);
    }

    /// <summary>Reports what does not fit together in each notification.</summary>
    public static void OfNotifications(
        IReadOnlyList<ConfigurationObject> items, IReadOnlyList<NotificationOptions> read, ConfigurationProblems problems)
    {
        foreach ((ConfigurationObject item, NotificationOptions notification) in items.Zip(read))
        {
            // A type that was refused says nothing about the other keys.
            if (item.NodeOf("type") is not null)
                Check(item, notification, problems);
        }
    }

    private static HookCommand OfHook(HookCommand read, ConfigurationObject hook, string? folder, ConfigurationProblems problems)
    {
        bool hasCommand = hook.Has("command");
        if (hasCommand == hook.Has("script"))
        {
            problems.Add(hook.Node, hasCommand ? "'command' and 'script' stand here both." : "Neither 'command' nor 'script' stands here.",
                HookKeys.Allowed);
        }

        if (hook.NodeOf("script") is { } file)
            return read with { Script = Absolute(read.Script!, folder, file, problems) };
        if (hook.NodeOf("command") is not { } list)
            return read;
        if (string.IsNullOrWhiteSpace(read.Command[0]))
            problems.Add(list, "It names no program.", KeyRule.HookArgument.Allowed);
        return IsPath(read.Command[0])
            ? read with { Command = [Absolute(read.Command[0], folder, list, problems), .. read.Command.Skip(1)] }
            : read;
    }

    // A bare name is looked up on the PATH when the hook runs.
    private static bool IsPath(string program) =>
        program.Contains('/', StringComparison.Ordinal) || program.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Absolute(string path, string? folder, ConfigurationNode node, ConfigurationProblems problems)
    {
        string expanded = path.StartsWith("~/", StringComparison.Ordinal) ? ConfigurationPaths.Expand(path) : path;
        if (Path.IsPathFullyQualified(expanded))
            return expanded;
        // One that comes from another file begins there.
        if ((node.Path is { } file ? Path.GetDirectoryName(Path.GetFullPath(file)) : folder) is { } start)
            return Path.GetFullPath(expanded, start);
        problems.Add(node, $"{ConfigurationText.Quote(path)} is relative, and this configuration comes from no file.", "an absolute path");
        return path;
    }

    private static void Check(ConfigurationObject item, NotificationOptions read, ConfigurationProblems problems)
    {
        string name = ConfigurationKeys.NameOf(read.Type);
        bool isMail = read.Type == NotificationKind.Email;
        foreach (string key in isMail ? OfAddresses : OfMail)
        {
            Refuse(
                key, $"A notification of type '{name}' has no '{key}'.",
                isMail ? "this key with type webhook or ping" : "this key with type email");
        }

        if (read.Type != NotificationKind.Webhook)
            Refuse("format", $"A notification of type '{name}' has one format.", "this key with type webhook");
        if (item.NodeOf("on") is { } on && read.Type != NotificationKind.Ping && read.On.Contains(NotificationEvent.Start))
            problems.Add(on, "Only a ping tells that a run starts.", "success, warning, failure");

        if (isMail)
            CheckMail(item, read, problems);
        else
            CheckAddress(item, read, problems);

        void Refuse(string key, string message, string allowed)
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
            problems.Add(
                item.NodeOf("url")!,
                "This address is plain HTTP to another machine, so everybody on the way can read it.",
                "'https://…', or 'allowInsecure': true in a network you trust");
        }
    }

    private static void CheckMail(ConfigurationObject item, NotificationOptions read, ConfigurationProblems problems)
    {
        foreach (string key in (string[])["smtpServer", "from", "to"])
        {
            if (!item.Has(key))
                item.Missing(key);
        }

        int passwords = (item.Has("passwordVariable") ? 1 : 0) + (item.Has("passwordSecret") ? 1 : 0);
        if (passwords != (item.Has("userName") ? 1 : 0))
        {
            problems.Add(item.Node, "A login needs a user and one password.",
                "'userName' with 'passwordVariable' or 'passwordSecret', or none of the three");
        }

        bool isInsecure = read.SmtpSecurity == SmtpSecurity.None && !read.AllowInsecure;
        if (isInsecure && read.SmtpServer is { } server && !NotificationAddresses.IsThisMachine(server))
        {
            problems.Add(item.NodeOf("smtpSecurity")!, "A mail to another machine would go unencrypted.",
                "startTls, tls, or 'allowInsecure': true in a network you trust");
        }
    }
}
