using System.Globalization;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A real rsync daemon on loopback. Every module but one shows the folder of <see cref="Data"/>.</summary>
public sealed class RsyncDaemon : IDisposable
{
    public const string User = "keeper";

    private readonly TemporaryFolder files = new();
    private readonly ServerProcess process;

    public RsyncDaemon()
    {
        Data = files.Folder("data");
        Port = ServerProcess.FreePort();
        PasswordFile = Secret("password", "open sesame\n");
        WrongPasswordFile = Secret("wrong password", "open barley\n");
        string secrets = Secret("secrets", User + ":open sesame\n");
        string owner = Environment.IsPrivilegedProcess ? "uid = 0\ngid = 0" : "";
        files.File("rsyncd.conf", $"""
            {owner}
            use chroot = no
            read only = yes
            [data]
            path = {Data}
            [secret]
            path = {Data}
            auth users = {User}
            secrets file = {secrets}
            [gone]
            path = {files["gone"]}
            [shut]
            path = {Data}
            hosts allow = 192.0.2.1
            [single]
            path = {Data}
            max connections = 1
            lock file = {files["lock"]}

            """);
        process = ServerProcess.Start(
            RsyncProbe.Locate(null)!,
            ["--daemon", "--no-detach", "--address=127.0.0.1", "--port=" + Text(Port), "--config=" + files["rsyncd.conf"], "--log-file=/dev/stdout"],
            "listening on port");
    }

    public string Data { get; }

    public int Port { get; }

    public string PasswordFile { get; }

    public string WrongPasswordFile { get; }

    internal ServerProcess Process => process;

    /// <summary>A module, with or without a path in it.</summary>
    public BackupSource Source(string module, string user = "") => new() { Path = $"rsync://{user}127.0.0.1:{Text(Port)}/{module}" };

    public void Dispose()
    {
        process.Dispose();
        files.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string Secret(string name, string content)
    {
        string path = files.File(name, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
