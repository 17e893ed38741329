using System.Diagnostics;
using System.Management.Automation;
using System.Reflection;
using System.Text.Json.Nodes;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// A user's machine: a source folder with a few files, a mirror, a bucket on an S3 server, and a session of the real engine with the staged
/// module. <c>@keys</c> holds the server's keys; the environment holds none.
/// </summary>
public abstract class EndToEndTest : IAsyncLifetime
{
    private protected const string BucketName = "my-backups";
    private protected const string Prefix = "rsync/photos/";

    private readonly Dictionary<string, string?> environment = [];
    private Process? cron;

    // One path for all tests: the AWS SDK reads the variable once in the life of a process.
    private protected static string CredentialsFile { get; } = Path.Combine(ProcessFolder.Make("aws"), "credentials");

    private protected TemporaryFolder Folder { get; } = new();

    private protected PowerShellSession Session { get; private set; } = null!;

    private protected LoopbackS3Server Server { get; private set; } = null!;

    private protected string Source => Folder.File("source");

    private protected string Mirror => Folder.File("mirror");

    private protected string StateRoot => Folder.File("state");

    private protected virtual S3ServerOptions ServerOptions => new() { KeepRequestLog = true };

    public async Task InitializeAsync()
    {
        SetEnvironment("RSYNCS3BACKUP_STATE", StateRoot);
        SetEnvironment("RSYNCS3BACKUP_JOBS", Folder.File("jobs"));
        // The credentials of whoever runs the tests, and the network's metadata address, are none of the tests' business.
        SetEnvironment("AWS_EC2_METADATA_DISABLED", "true");
        File.WriteAllText(CredentialsFile, "");
        SetEnvironment("AWS_SHARED_CREDENTIALS_FILE", CredentialsFile);
        SetEnvironment("AWS_CONFIG_FILE", WriteFile("config", ""));
        string[] foreign =
        [
            "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION", "DEFAULT_REGION", "ROLE_ARN",
            "WEB_IDENTITY_TOKEN_FILE",
        ];
        foreach (string name in foreign)
            SetEnvironment("AWS_" + name, null);

        Server = await LoopbackS3Server.StartAsync(ServerOptions);
        Server.Store.CreateBucket(BucketName);
        WriteFile("source/a.txt", "first");
        WriteFile("source/sub/b.txt", "second");
        WriteFile("source/sub/100% + é.txt", "third");
        Session = PowerShellSession.Borrow();
        Session.Run("param($Access, $Secret) $keys = @{ AccessKey = $Access; SecretKey = $Secret }", Server.AccessKey, Server.SecretKey)
            .ThrowOnError();
    }

    public async Task DisposeAsync()
    {
        Session.Dispose();
        cron?.Kill();
        cron?.Dispose();
        await Server.DisposeAsync();
        foreach ((string name, string? value) in environment)
            Environment.SetEnvironmentVariable(name, value);
        Folder.Dispose();
    }

    /// <summary>Sets a variable until the test ends.</summary>
    private protected void SetEnvironment(string name, string? value)
    {
        environment.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>Writes a file below the test's folder; gives its path.</summary>
    private protected string WriteFile(string relative, string content)
    {
        string path = Folder.File(relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a program; gives its path.</summary>
    private protected string WriteScript(string relative, string body)
    {
        string path = WriteFile(relative, "#!/bin/bash\n" + body + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>Writes a pwsh for schedulers, which is the real engine in a process of its own.</summary>
    /// <param name="relative">Its path.</param>
    /// <param name="before">What the script does before.</param>
    private protected void WritePowerShell(string relative, string before = "")
    {
        string probe = typeof(EndToEndTest).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "PowerShellProbe").Value!;
        string dotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? Environment.ProcessPath!
            : Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "dotnet"))
                .First(File.Exists);
        WriteScript(relative, $"{before}\nexec '{dotnet}' exec '{probe}' \"$@\"");
    }

    /// <summary>
    /// Schedulers that are the test's own: a crontab that is a file, and no manager of systemd; and a pwsh that can be
    /// registered, answers the check and starts nothing.
    /// </summary>
    private protected void UseOwnSchedulers()
    {
        WriteScript("bin/crontab", $"""
            table='{Folder.File("crontab")}'
            case "$1" in
            -l) [ -f "$table" ] && exec cat "$table"; echo "no crontab for me" >&2; exit 1 ;;
            -r) exec rm "$table" ;;
            -) exec cat > "$table" ;;
            esac
            """);
        // Nothing is started by it; but what no cron starts is not called active.
        WriteScript("bin/cron", "read -r _");
        cron ??= Process.Start(new ProcessStartInfo(Folder.File("bin/cron")) { RedirectStandardInput = true });
        WriteScript("bin/systemctl", "exit 1");
        WriteScript("bin/pwsh", """case " $* " in *" -Check "*) echo "RsyncS3Backup: ready" ;; *) exit 1 ;; esac""");
        SetEnvironment("PATH", $"{Folder.File("bin")}:{Environment.GetEnvironmentVariable("PATH")}");
        foreach (string name in (string[])["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"])
            SetEnvironment(name, Directory.CreateDirectory(Folder.File("home")).FullName);
    }

    /// <summary>Writes the job 'photos'; gives its path.</summary>
    /// <param name="changes">Values by path (<c>destination.bucket</c>); null takes a key away.</param>
    private protected string WriteJob(params (string Key, JsonNode? Value)[] changes) => WriteJobNamed("photos", changes);

    /// <summary>Writes a job under another name, with a mirror and a prefix of its own.</summary>
    private protected string WriteJobNamed(string name, params (string Key, JsonNode? Value)[] changes)
    {
        JsonObject job = new()
        {
            ["sources"] = new JsonArray(new JsonObject { ["path"] = Source }),
            ["options"] = new JsonObject
            {
                ["rsync"] = new JsonObject
                {
                    ["localDestination"] = name == "photos" ? Mirror : Folder.File("mirror-" + name),
                    ["deleteExtraneous"] = true,
                    ["syncToS3"] = new JsonObject { ["s3Prefix"] = $"rsync/{name}/", ["deleteFromS3"] = true },
                },
            },
            ["destination"] = new JsonObject
            {
                ["bucket"] = BucketName,
                ["region"] = Server.Region,
                ["endpointUrl"] = Server.Endpoint.GetLeftPart(UriPartial.Authority),
            },
        };
        foreach ((string key, JsonNode? value) in changes)
        {
            string[] path = key.Split('.');
            JsonObject parent = job;
            foreach (string step in path[..^1])
                parent = (JsonObject)(parent[step] ??= new JsonObject());
            if (value is null)
                parent.Remove(path[^1]);
            else
                parent[path[^1]] = value.DeepClone();
        }

        return WriteFile($"jobs/{name}.json", job.ToJsonString());
    }

    /// <summary>The <c>sources</c> of a job.</summary>
    private protected static JsonArray Sources(params string[] paths) =>
        [.. paths.Select(path => (JsonNode)new JsonObject { ["path"] = path })];

    /// <summary>Runs both stages of a job with the server's keys.</summary>
    private protected SessionResult Backup(string path) => Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -ExitCode", path);

    /// <summary>Runs both stages of a job, and nothing may go wrong.</summary>
    private protected PSObject BackupWell(string path) => Assert.Single(Backup(path).ThrowOnError().Objects);

    /// <summary>What a folder holds: relative paths with contents, without the marker; folders end in <c>/</c>.</summary>
    private protected static SortedDictionary<string, string> Tree(string folder)
    {
        SortedDictionary<string, string> tree = new(StringComparer.Ordinal);
        if (!Directory.Exists(folder))
            return tree;
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, entry.FullName);
            // The mirror's marker, which is in neither source nor bucket.
            if (name == ".rsyncs3backup.json")
                continue;
            if (entry is DirectoryInfo)
                tree.Add(name + "/", "");
            else
                tree.Add(name, File.ReadAllText(entry.FullName));
        }

        return tree;
    }

    /// <summary>The files of a folder, without its folders.</summary>
    private protected static SortedDictionary<string, string> Files(string folder) => WithoutFolders(Tree(folder));

    /// <summary>
    /// The objects below a prefix that are files, but for the marker that says whose the prefix is: relative keys with contents.
    /// </summary>
    private protected SortedDictionary<string, string> Objects(string prefix = Prefix, string bucket = BucketName)
    {
        SortedDictionary<string, string> objects = new(StringComparer.Ordinal);
        foreach (string key in Server.Store.Keys(bucket, prefix))
            objects.Add(key[prefix.Length..], System.Text.Encoding.UTF8.GetString(Server.Store.GetBytes(bucket, key)));
        objects.Remove(".rsyncs3backup.json");
        return WithoutFolders(objects);
    }

    /// <summary>All objects but the markers that say whose a prefix is, which are always STANDARD.</summary>
    private protected IEnumerable<StoredObjectInfo> Sent(string prefix = "") =>
        Server.Store.Objects(BucketName, prefix).Where(item => !item.Key.EndsWith("/.rsyncs3backup.json", StringComparison.Ordinal));

    private static SortedDictionary<string, string> WithoutFolders(SortedDictionary<string, string> tree) =>
        new(tree.Where(pair => !pair.Key.EndsWith('/')).ToDictionary(), StringComparer.Ordinal);
}
