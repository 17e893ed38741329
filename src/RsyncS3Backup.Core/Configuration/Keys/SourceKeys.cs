namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of each of <c>sources</c>.</summary>
internal sealed class SourceKeys() : ConfigurationSection<BackupSource>(new BackupSource { Path = "" })
{
    protected override IEnumerable<ConfigurationKey<BackupSource>> MakeTable() =>
    [
        Path("path", KeyRule.SourcePath, source => source.Path, (source, value) => source with { Path = value },
            "The folder: absolute, or starting with `~/` for the home folder of the user who runs the job. Or a folder on "
            + "another machine; see [Remote sources](#remote-sources).") with
        {
            Required = true,
            Examples = """["/data/photos", "~/Documents", "me@nas:/volume1/photos", "rsync://me@nas/photos"]""",
        },

        Text("name", KeyRule.SourceName, source => source.Name, (source, value) => source with { Name = value },
            "The source's folder in the mirror when the job has several sources.") with
        { Default = "the last part of `path`", Examples = """["photos"]""" },

        Texts("excludePatterns", KeyRule.Pattern,
            source => source.ExcludePatterns, (source, value) => source with { ExcludePatterns = value },
            "What is left out of this source alone; comes before the job's own `excludePatterns`."),

        Object("ssh", new SshKeys(), "an object: how ssh reaches the source's machine",
            source => source.Ssh, (source, value) => source with { Ssh = value },
            "How ssh reaches the source's machine.") with { Default = "ssh's own configuration" },

        Path("passwordFile", KeyRule.Path, source => source.PasswordFile, (source, value) => source with { PasswordFile = value },
            "The file whose first line is the password for an rsync daemon (`rsync --password-file`). Absolute, or starting with "
            + "`~/`. Others must not be able to read it.") with
        { Default = "none", Examples = """["/etc/rsyncs3backup/nas.password"]""" },
    ];
}

/// <summary>The keys of a source's <c>ssh</c>.</summary>
internal sealed class SshKeys() : ConfigurationSection<SshOptions>(new SshOptions())
{
    protected override IEnumerable<ConfigurationKey<SshOptions>> MakeTable() =>
    [
        Number("port", KeyRule.Port, ssh => ssh.Port, (ssh, value) => ssh with { Port = value },
            "The port, 1 to 65535.") with { Default = "ssh's own", Examples = "[2222]" },

        Path("identityFile", KeyRule.SshFile, ssh => ssh.IdentityFile, (ssh, value) => ssh with { IdentityFile = value },
            "The private key to log in with, and no other. Absolute, or starting with `~/`.") with
        { Default = "ssh's own", Examples = """["~/.ssh/backup_ed25519"]""" },

        Path("knownHostsFile", KeyRule.SshFile, ssh => ssh.KnownHostsFile, (ssh, value) => ssh with { KnownHostsFile = value },
            "The file with the host's key. Absolute, or starting with `~/`.") with
        { Default = "ssh's own", Examples = """["~/.ssh/known_hosts_backup"]""" },

        Duration("connectTimeout", ssh => ssh.ConnectTimeout, (ssh, value) => ssh with { ConnectTimeout = value },
            "How long to wait for the connection.") with { Default = "`30s`", Examples = """["10s", "1m"]""" },
    ];
}
