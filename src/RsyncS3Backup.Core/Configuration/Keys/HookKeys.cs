namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>hooks</c>.</summary>
internal sealed class HooksKeys() : ConfigurationSection<HookOptions>(new HookOptions())
{
    private readonly HookKeys hook = new();

    protected override IEnumerable<ConfigurationKey<HookOptions>> MakeTable() =>
    [
        Hook("before", "BeforeHook", hooks => hooks.Before, (hooks, value) => hooks with { Before = value },
            "Run before the first stage. When it fails, nothing runs (`HookFailed`, exit code 3).") with
        {
            Examples = """[["/usr/bin/pg_dump", "--file=/data/db.sql", "shop"], { "script": "before.ps1", "timeout": "5m" }]""",
        },

        Hook("afterSuccess", "AfterSuccessHook",
            hooks => hooks.AfterSuccess, (hooks, value) => hooks with { AfterSuccess = value },
            "Run after a run that succeeded, with or without warnings.") with { Examples = """[{ "script": "after.ps1" }]""" },

        Hook("afterFailure", "AfterFailureHook",
            hooks => hooks.AfterFailure, (hooks, value) => hooks with { AfterFailure = value },
            "Run after a run that failed, was refused by a guard, or was cancelled.") with
        { Examples = """[{ "command": ["/usr/local/bin/alarm"], "timeout": "30s" }]""" },

        Hook("finally", "FinallyHook", hooks => hooks.Finally, (hooks, value) => hooks with { Finally = value },
            "Run last, however the run ended, and after the notifications.") with
        { Examples = """[["systemctl", "start", "postgresql"]]""" },
    ];

    private ConfigurationKey<HookOptions> Hook(
        string name, string parameter, Func<HookOptions, HookCommand?> get, Func<HookOptions, HookCommand, HookOptions> set,
        string description) => Object(name, hook, HookKeys.Allowed, get, set, description) with
        {
            Kind = ConfigurationValueKind.TextsOrObject,
            Default = "none",
            Parameter = parameter,
        };
}

/// <summary>The keys of one hook.</summary>
internal sealed class HookKeys() : ConfigurationSection<HookCommand>(new HookCommand())
{
    /// <summary>What a hook must be.</summary>
    internal const string Allowed =
        "a list such as ['/usr/bin/program', 'argument'], an object with 'command', or an object with 'script'";

    protected override IEnumerable<ConfigurationKey<HookCommand>> MakeTable() =>
    [
        Texts("command", KeyRule.HookArgument, hook => hook.Command, (hook, value) => hook with { Command = value },
            "The program and its arguments; no shell sees them. The program is a path (absolute, starting with `~/`, or relative "
            + "to the configuration file's folder) or a name on the PATH.") with
        { Default = "none", WhenEmpty = "It names no program." },

        Text("script", KeyRule.HookScript, hook => hook.Script, (hook, value) => hook with { Script = value },
            "A script file: absolute, starting with `~/`, or relative to the configuration file's folder. A `.ps1` is run by "
            + "`pwsh -NoProfile -NonInteractive -File`, any other file is started itself.") with
        { Default = "none" },

        Duration("timeout", hook => hook.Timeout, (hook, value) => hook with { Timeout = value },
            "How long it may take; then it is killed with all that it started.") with { Examples = """["5m"]""" },
    ];
}
