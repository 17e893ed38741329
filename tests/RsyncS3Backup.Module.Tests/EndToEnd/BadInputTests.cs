using System.Diagnostics;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// What users get wrong: each ends in one clear error with a way out and the right exit code, after a good run whose mirror and bucket
/// stay as they are.
/// </summary>
public sealed class BadInputTests : EndToEndTest
{
    private const string Run = "param($Path) Invoke-RsyncToS3Backup $Path @keys -ExitCode";
    private const string RunWithoutKeys = "param($Path) Invoke-RsyncToS3Backup $Path -ExitCode";

    [Fact]
    public void A_missing_source()
    {
        GoodRun();
        string missing = Folder.File("missing");

        AssertBad(WriteJob(("sources", Sources(missing))), "SourceMissing", 3, missing, ErrorCategory.ObjectNotFound);
    }

    [Fact]
    public void A_source_that_is_a_file()
    {
        GoodRun();
        string file = Path.Combine(Source, "a.txt");

        AssertBad(WriteJob(("sources", Sources(file))), "SourceNotDirectory", 3, file, ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void An_empty_source_with_a_filled_mirror()
    {
        GoodRun();
        string empty = Folder.Folder("empty");

        AssertBad(WriteJob(("sources", Sources(empty))), "SourceEmpty", 3, empty, ErrorCategory.InvalidOperation);
    }

    [Fact]
    public void Excluding_everything_deletes_nothing()
    {
        GoodRun();
        SortedDictionary<string, string> mirror = Tree(Mirror);
        SortedDictionary<string, string> objects = Objects();

        BackupWell(WriteJob(("options.rsync.excludePatterns", new JsonArray("*"))));

        // rsync protects what is excluded from deletion.
        Assert.Equal(mirror, Tree(Mirror));
        Assert.Equal(objects, Objects());
    }

    [Fact]
    public void An_empty_source_that_is_meant_to_be_empty_empties_mirror_and_bucket()
    {
        GoodRun();

        Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -AllowEmptySource",
            WriteJob(("sources", Sources(Folder.Folder("empty"))))).ThrowOnError();

        Assert.Empty(Tree(Mirror));
        Assert.Empty(Objects());
    }

    [Theory]
    [InlineData("")]
    [InlineData("My_Bucket")]
    [InlineData("ab")]
    public void A_bucket_name_that_cannot_be(string name)
    {
        GoodRun();
        string job = WriteJob(("destination.bucket", name));

        ErrorRecord error = AssertNothingRan(Run, job, "ConfigurationInvalid", job);

        Assert.Contains("$.destination.bucket", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("-BucketName My_Bucket", "BucketName")]
    [InlineData("-BucketName my-backups -StorageClass COLD", "StorageClass")]
    [InlineData("-BucketName my-backups -MaxDelete many", "MaxDelete")]
    [InlineData("-BucketName my-backups -EndpointUrl nowhere", "EndpointUrl")]
    public void A_parameter_that_cannot_be(string parameters, string target)
    {
        GoodRun();

        AssertNothingRan(
            $"param($Path) Invoke-S3SyncStage -Path $Path -KeyPrefix a/ @keys {parameters}", Mirror, "InvalidParameter", target, exitCode: null);
    }

    [Fact]
    public void An_empty_bucket_parameter_does_not_bind()
    {
        SessionResult result = Session.Run("param($Path) Invoke-S3SyncStage -Path $Path -BucketName '' -KeyPrefix a/ @keys", Source);

        Assert.StartsWith("ParameterArgumentValidationError", Assert.Single(result.Errors).Id(), StringComparison.Ordinal);
        Assert.Equal(0, Server.Requests.Total);
    }

    [Fact]
    public void A_bucket_that_does_not_exist()
    {
        GoodRun();

        ErrorRecord error = AssertBad(
            WriteJob(("destination.bucket", "no-such-bucket")), "S3BucketNotFound", 2, "no-such-bucket", ErrorCategory.ObjectNotFound);

        Assert.Equal("NoSuchBucket", PSObject.AsPSObject(error.Exception).Text("Error.S3ErrorCode"));
        Assert.NotEmpty(PSObject.AsPSObject(error.Exception).Text("Error.RequestId"));
    }

    [Fact]
    public void An_unknown_storage_class()
    {
        GoodRun();
        string job = WriteJob(("options.rsync.syncToS3.storageClass", "STANDARD_IE"));

        ErrorRecord error = AssertNothingRan(Run, job, "ConfigurationInvalid", job);

        Assert.Contains("Did you mean 'STANDARD_IA'?", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Malformed_JSON()
    {
        GoodRun();
        string job = WriteFile("jobs/bad.json", "{\n  \"sources\": [\n  }\n");

        ErrorRecord error = AssertNothingRan(Run, job, "ConfigurationMalformed", job);

        Assert.Contains("line 3, column ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key()
    {
        GoodRun();
        string job = WriteJob(("options.rsync.deleteExtranous", true));

        ErrorRecord error = AssertNothingRan(Run, job, "ConfigurationInvalid", job);

        Assert.Contains("Did you mean 'deleteExtraneous'?", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.json")]
    [InlineData("missing-*.json")]
    public void A_configuration_that_is_not_there(string name)
    {
        GoodRun();
        string path = Folder.File(name);

        AssertNothingRan(Run, path, "ConfigurationNotFound", path);
    }

    [Fact]
    public void No_credentials()
    {
        GoodRun();

        // Where the SDK would ask for a role's keys, were that not switched off.
        SetEnvironment("AWS_EC2_METADATA_SERVICE_ENDPOINT", Server.Endpoint.GetLeftPart(UriPartial.Authority));
        Server.Requests.Reset();

        AssertBad(WriteJob(), "S3NoCredentials", 2, BucketName, ErrorCategory.AuthenticationError, RunWithoutKeys);

        Assert.Equal(0, Server.Requests.Total);
    }

    [Fact]
    public void An_unknown_profile()
    {
        GoodRun();

        AssertBad(
            WriteJob(("destination.profile", "nobody")), "S3ProfileNotFound", 5, "nobody", ErrorCategory.InvalidArgument, RunWithoutKeys);
    }

    [Fact]
    public void A_wrong_secret()
    {
        GoodRun();

        AssertBad(
            WriteJob(), "S3SignatureMismatch", 2, BucketName, ErrorCategory.AuthenticationError,
            $"param($Path) Invoke-RsyncToS3Backup $Path -AccessKey {Server.AccessKey} -SecretKey wrong -ExitCode");
    }

    [Fact]
    public void An_unknown_access_key()
    {
        GoodRun();

        AssertBad(
            WriteJob(), "S3InvalidAccessKey", 2, BucketName, ErrorCategory.AuthenticationError,
            "param($Path) Invoke-RsyncToS3Backup $Path -AccessKey NOBODY -SecretKey wrong -ExitCode");
    }

    [Fact]
    public void A_wrong_region()
    {
        GoodRun();

        AssertBad(WriteJob(("destination.region", "eu-west-1")), "S3WrongRegion", 2, "eu-west-1", ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void Access_denied()
    {
        GoodRun();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        AssertBad(WriteJob(), "S3AccessDenied", 2, BucketName, ErrorCategory.PermissionDenied);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void An_endpoint_where_nothing_listens()
    {
        GoodRun();
        string endpoint = $"http://127.0.0.1:{FreePort()}";

        AssertBad(WriteJob(("destination.endpointUrl", endpoint), ("retry.attempts", 1)), "S3EndpointUnreachable", 2, endpoint, ErrorCategory.ConnectionError);
    }

    [Fact]
    public void A_plain_endpoint_on_another_machine()
    {
        GoodRun();
        // 192.0.2.0/24 is for documentation (RFC 5737): were a request sent, nobody would get it.
        const string endpoint = "http://192.0.2.1:9000";

        AssertBad(WriteJob(("destination.endpointUrl", endpoint)), "S3InsecureEndpoint", 5, endpoint, ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void No_rsync()
    {
        GoodRun();
        string missing = Folder.File("no-rsync");

        AssertBad(WriteJob(("options.rsync.rsyncPath", missing)), "RsyncNotFound", 1, missing, ErrorCategory.NotInstalled);
    }

    [Theory]
    [InlineData("rsync  version 2.6.9  protocol version 29", "RsyncTooOld")]
    [InlineData("openrsync: protocol version 29\\nrsync version 2.6.9 compatible", "RsyncNotSupported")]
    public void An_rsync_that_will_not_do(string version, string id)
    {
        GoodRun();
        string program = WriteScript("old-rsync", $"echo -e '{version}'");

        AssertBad(WriteJob(("options.rsync.rsyncPath", program)), id, 1, program, ErrorCategory.NotInstalled);
    }

    [Fact]
    public void No_rsync_by_parameter()
    {
        SessionResult result = Session.Run(
            "param($Source, $Mirror) Invoke-RsyncStage $Source $Mirror -RsyncPath ./no-rsync", Source, Mirror);

        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("RsyncNotFound", error.Id());
        Assert.Contains("nstall", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Mirror));
    }

    [Fact]
    public void A_destination_that_is_a_file()
    {
        GoodRun();
        string file = WriteFile("in-the-way", "a file");

        AssertBad(WriteJob(("options.rsync.localDestination", file)), "DestinationNotWritable", 3, file, ErrorCategory.PermissionDenied);
        Assert.Equal("a file", File.ReadAllText(file));
    }

    [SkippableFact]
    public void A_destination_that_nobody_may_write()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has a file system like /proc, where even root makes no folder.");
        GoodRun();

        SessionResult result = Session.Run(Run, WriteJob(("options.rsync.localDestination", "/proc/rsyncs3backup-test")));

        // The superuser has the right to write there and still cannot, which only rsync finds out.
        ErrorRecord error = Environment.IsPrivilegedProcess
            ? AssertFailed(result, "RsyncFileError", 1, Source, ErrorCategory.WriteError)
            : AssertFailed(result, "DestinationNotWritable", 3, "/proc/rsyncs3backup-test", ErrorCategory.PermissionDenied);
        Assert.Contains("/proc/rsyncs3backup-test", error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_destination_on_a_read_only_drive()
    {
        string drive = Folder.Folder("drive");
        Skip.IfNot(Shell($"mount -t tmpfs -o ro,size=1m none '{drive}' 2>/dev/null"), "Drives cannot be mounted here.");
        try
        {
            GoodRun();
            string mirror = Path.Combine(drive, "mirror");

            AssertBad(WriteJob(("options.rsync.localDestination", mirror)), "DestinationNotWritable", 3, mirror, ErrorCategory.PermissionDenied);
        }
        finally
        {
            Shell($"umount '{drive}'");
        }
    }

    [Fact]
    public void A_destination_whose_drive_is_not_mounted()
    {
        GoodRun();
        string unmounted = Folder.File("drive/backup");

        AssertBad(WriteJob(("options.rsync.localDestination", unmounted)), "DestinationNotMounted", 3, unmounted, ErrorCategory.ObjectNotFound);
        Assert.False(Directory.Exists(Folder.File("drive")));
    }

    [Fact]
    public void A_mirror_inside_the_source()
    {
        GoodRun();
        string inside = Path.Combine(Source, "mirror");
        string job = WriteJob(("options.rsync.localDestination", inside));

        AssertNothingRan(Run, job, "ConfigurationInvalid", job);
        Assert.False(Directory.Exists(inside));
    }

    [Fact]
    public void A_mirror_that_a_link_puts_inside_the_source()
    {
        GoodRun();
        string link = Folder.File("link");
        Directory.CreateSymbolicLink(link, Source);

        AssertBad(
            WriteJob(("options.rsync.localDestination", Path.Combine(link, "mirror"))), "PathsOverlap", 3, Path.Combine(link, "mirror"),
            ErrorCategory.InvalidArgument);
    }

    [Fact]
    public void More_deletions_than_allowed()
    {
        GoodRun();
        File.Delete(Path.Combine(Source, "a.txt"));

        AssertBad(WriteJob(("options.rsync.maxDelete", 0)), "DeleteLimitExceeded", 3, Mirror, ErrorCategory.LimitsExceeded);
    }

    [SkippableFact]
    public void A_full_drive()
    {
        string drive = Folder.Folder("drive");
        Skip.IfNot(Shell($"mount -t tmpfs -o size=1m none '{drive}' 2>/dev/null"), "Drives cannot be mounted here.");
        try
        {
            string mirror = Path.Combine(drive, "mirror");
            string job = WriteJob(("options.rsync.localDestination", mirror));
            BackupWell(job);
            SortedDictionary<string, string> objects = Objects();
            File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[2_000_000]);
            Server.Requests.Reset();

            SessionResult result = Session.Run(Run, job);

            AssertFailed(result, "DestinationFull", 1, mirror, ErrorCategory.LimitsExceeded);
            Assert.Equal("first", File.ReadAllText(Path.Combine(mirror, "a.txt")));
            Assert.Equal(objects, Objects());
            Assert.Equal(0, Server.Requests.Total);
        }
        finally
        {
            Shell($"umount '{drive}'");
        }
    }

    [Fact]
    public void A_mirror_that_is_gone_when_stage_2_runs_alone()
    {
        GoodRun();
        Directory.Move(Mirror, Folder.File("unmounted"));
        SortedDictionary<string, string> objects = Objects();

        SessionResult result = Session.Run("param($Path) Invoke-S3SyncStage -ConfigPath $Path @keys", WriteJob());

        AssertRecord(result.Errors[^1], "MirrorMissing", Mirror, ErrorCategory.ObjectNotFound);
        Assert.Equal(objects, Objects());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("param($Paths) Invoke-RsyncToS3Backup $Paths @keys -ExitCode")]
    [InlineData("param($Paths) $Paths | Invoke-RsyncToS3Backup @keys -ExitCode")]
    public void One_bad_job_among_several_does_not_hold_up_the_others(string script)
    {
        string[] jobs =
        [
            WriteJob(), WriteFile("jobs/bad.json", "{"), WriteJobNamed("no-source", ("sources", Sources(Folder.File("missing")))),
            Folder.File("jobs/missing.json"), WriteJobNamed("last"),
        ];

        SessionResult result = Session.Run(script, (object)jobs);

        Assert.Equal(["ConfigurationMalformed", "SourceMissing", "ConfigurationNotFound"], result.ErrorIds());
        Assert.Equal(["photos Succeeded", "bad Failed", "no-source Failed", "last Succeeded"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}"));
        Assert.Equal(Files(Source), Objects());
        Assert.Equal(Files(Source), Objects("rsync/last/"));
        Assert.Equal(5, Session.Host.ExitCode);
    }

    [Fact]
    public void Keys_that_were_wrong_in_the_environment_are_read_again_by_the_next_run()
    {
        string job = WriteJob();
        SetEnvironment("AWS_ACCESS_KEY_ID", "NOBODY");
        SetEnvironment("AWS_SECRET_ACCESS_KEY", "wrong");
        Assert.Equal(["S3InvalidAccessKey"], Session.Run(RunWithoutKeys, job).ErrorIds());

        SetEnvironment("AWS_ACCESS_KEY_ID", Server.AccessKey);
        SetEnvironment("AWS_SECRET_ACCESS_KEY", Server.SecretKey);

        Assert.Equal("Succeeded", Assert.Single(Session.Run(RunWithoutKeys, job).ThrowOnError().Objects).Text("Status"));
    }

    [Fact]
    public void Keys_that_were_missing_are_found_by_the_next_run()
    {
        string job = WriteJob();
        Assert.Equal(["S3NoCredentials"], Session.Run(RunWithoutKeys, job).ErrorIds());

        File.WriteAllText(CredentialsFile, $"[default]\naws_access_key_id = {Server.AccessKey}\naws_secret_access_key = {Server.SecretKey}\n");

        Assert.Equal("Succeeded", Assert.Single(Session.Run(RunWithoutKeys, job).ThrowOnError().Objects).Text("Status"));
    }

    /// <summary>A run that fills mirror and bucket.</summary>
    private void GoodRun()
    {
        BackupWell(WriteJob());
        // What a bad run could send or delete wrongly.
        WriteFile("source/new.txt", "new");
    }

    /// <summary>Runs a job that is good to read and cannot succeed.</summary>
    private ErrorRecord AssertBad(
        string job, string? id, int? exitCode, string? target, ErrorCategory? category, string script = Run)
    {
        SortedDictionary<string, string> mirror = Files(Mirror);
        SortedDictionary<string, string> objects = Objects();

        SessionResult result = Session.Run(script, job);

        ErrorRecord error = AssertFailed(result, id, exitCode, target, category);
        Assert.Equal(mirror, new(Files(Mirror).Where(pair => pair.Key != "new.txt").ToDictionary(), StringComparer.Ordinal));
        Assert.Equal(objects, Objects());
        return error;
    }

    private ErrorRecord AssertFailed(SessionResult result, string? id, int? exitCode, string? target, ErrorCategory? category)
    {
        PSObject backup = Assert.Single(result.Objects);
        Assert.Equal("Failed", backup.Text("Status"));
        ErrorRecord error = result.Errors[^1];
        AssertRecord(error, id, target, category);
        Assert.Equal(error.Id(), backup.Text("Error.Id"));
        Assert.Equal((exitCode ?? backup.ExitCode(), Session.Host.ExitCode), (backup.ExitCode(), backup.ExitCode()));
        Assert.Contains($"\"id\":\"{error.Id()}\"", File.ReadAllText(backup.Text("LogPath")), StringComparison.Ordinal);
        return error;
    }

    /// <summary>Runs what cannot even start: one error, no request, and of a job that is there a failed result.</summary>
    private ErrorRecord AssertNothingRan(string script, string argument, string id, string target, int? exitCode = 5)
    {
        SortedDictionary<string, string> mirror = Tree(Mirror);
        SortedDictionary<string, string> objects = Objects();
        Server.Requests.Reset();

        SessionResult result = Session.Run(script, argument);

        Assert.All(result.Objects, item => Assert.Equal(("Failed", id), (item.Text("Status"), item.Text("Error.Id"))));
        ErrorRecord error = Assert.Single(result.Errors);
        AssertRecord(error, id, target, null);
        if (exitCode is not null)
            Assert.Equal(exitCode, Session.Host.ExitCode);
        Assert.Equal(0, Server.Requests.Total);
        Assert.Equal(mirror, Tree(Mirror));
        Assert.Equal(objects, Objects());
        return error;
    }

    private static void AssertRecord(ErrorRecord error, string? id, string? target, ErrorCategory? category)
    {
        if (id is not null)
            Assert.Equal((id, target), (error.Id(), error.TargetObject));
        if (category is not null)
            Assert.Equal(category, error.CategoryInfo.Category);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        return shell.ExitCode == 0;
    }
}
