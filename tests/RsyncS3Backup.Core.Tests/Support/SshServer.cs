using System.Diagnostics;
using System.Globalization;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A real sshd on loopback with keys of its own, that lets the user who runs the tests in.</summary>
public sealed class SshServer : IDisposable
{
    private static readonly string[] Folders = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin"];

    private readonly TemporaryFolder files = new();
    private readonly ServerProcess? process;

    public SshServer()
    {
        string? sshd = Folders.Select(folder => Path.Combine(folder, "sshd")).FirstOrDefault(File.Exists);
        if (sshd is null)
        {
            WhyNot = "there is no sshd here (Debian: package openssh-server)";
            return;
        }

        // sshd as root wants this folder, which the system's own service would have made.
        if (Environment.IsPrivilegedProcess && OperatingSystem.IsLinux())
            Directory.CreateDirectory("/run/sshd");
        Keygen("host");
        Keygen("id");
        Keygen("stranger");
        Keygen("ordinary");
        Port = ServerProcess.FreePort();
        string[] hostKey = File.ReadAllText(files["host.pub"]).Split(' ');
        KnownHosts = files.File("known hosts", $"[127.0.0.1]:{Text(Port)} {hostKey[0]} {hostKey[1]}\n");
        OtherKnownHosts = files.File("other hosts", $"[127.0.0.1]:{Text(Port)} {string.Join(' ', File.ReadAllText(files["id.pub"]).Split(' ')[..2])}\n");
        NoKnownHosts = files.File("no hosts");
        string change = Environment.IsPrivilegedProcess ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
        files.File("authorized", $"""
            {File.ReadAllText(files["id.pub"]).TrimEnd()}
            command="exec {change}sh -c \"$SSH_ORIGINAL_COMMAND\"" {File.ReadAllText(files["ordinary.pub"]).TrimEnd()}

            """);
        // The cheapest exchange of keys, for hundreds of connections. A home of its own: bash reads .bashrc when sshd starts it, and what a user has there is no part of a test.
        files.File("sshd_config", $"""
            Port {Text(Port)}
            ListenAddress 127.0.0.1
            HostKey {files["host"]}
            AuthorizedKeysFile {files["authorized"]}
            PidFile none
            KexAlgorithms curve25519-sha256
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            MaxStartups 100
            SetEnv HOME={files.Folder("home")}

            """);
        process = ServerProcess.Start(sshd, ["-D", "-e", "-f", files["sshd_config"]], "Server listening on");
    }

    /// <summary>Why there is no server; null when there is one.</summary>
    public string? WhyNot { get; }

    public int Port { get; }

    /// <summary>A file with the server's key; its name has a space.</summary>
    public string KnownHosts { get; } = "";

    /// <summary>A file with another key for the server.</summary>
    public string OtherKnownHosts { get; } = "";

    /// <summary>A file without any key.</summary>
    public string NoKnownHosts { get; } = "";

    /// <summary>A key that the server does not let in.</summary>
    public string Stranger => files["stranger"];

    public string Identity => files["id"];

    /// <summary>A key that lets one in as a user without root's rights: nobody, where root runs the tests.</summary>
    public string OrdinaryIdentity => files["ordinary"];

    public SshOptions Options => new() { Port = Port, IdentityFile = Identity, KnownHostsFile = KnownHosts };

    internal ServerProcess Process => process!;

    /// <summary>A folder of this machine, by way of the server.</summary>
    public BackupSource Source(string folder) => new() { Path = $"{Environment.UserName}@127.0.0.1:{folder}", Ssh = Options };

    public void Dispose()
    {
        process?.Dispose();
        files.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Keygen(string name)
    {
        using Process keygen = System.Diagnostics.Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", files[name]]);
        keygen.WaitForExit();
    }
}
