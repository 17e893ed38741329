using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>SIGKILL of a run of both stages at any request to S3; and what a run does that may not read everything.</summary>
[Trait("Category", "Slow")]
public sealed class SyncCrashTests : SyncHarness
{
    private static readonly int Rounds = TestEffort.Times(3);
    private const int LargeFile = 9 * 1024 * 1024;

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task After_any_kill_a_rerun_converges_and_leaves_no_upload_behind(int seed)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Random random = new(seed);
        ModelTree tree = new(random, Files.Folder("source/tree"));
        int kills = 0;
        for (int round = 0; round < Rounds; round++)
        {
            tree.Change();
            string path = Files[$"source/large {random.Next(2)}"];
            byte[] large = new byte[LargeFile];
            // Of what is not new the second part stays what it is, and is copied.
            if (File.Exists(path))
                File.ReadAllBytes(path).CopyTo(large, 0);
            random.NextBytes(large.AsSpan(0, File.Exists(path) ? 100 : LargeFile));
            await File.WriteAllBytesAsync(path, large);
            Rename(random, round);
            for (int attempt = random.Next(1, 4); attempt > 0; attempt--)
            {
                string configuration = Configure((S3SyncMode)random.Next(4));
                using StageProcess process = StageProcess.Start(configuration, "both", new S3Credentials(Server.AccessKey, Server.SecretKey));
                bool isKilled = false;
                string? operation = random.Next(3) switch
                {
                    0 => "CreateMultipartUpload",
                    1 => "CompleteMultipartUpload",
                    _ => null,
                };
                // The request that is killed at is carried out all the same: S3 then has what nobody wrote down.
                Server.Faults.Add(new FaultRule
                {
                    Kind = FaultKind.Custom,
                    Operation = operation,
                    Skip = operation is null ? random.Next(12) : 0,
                    Handler = _ =>
                    {
                        process.Kill();
                        isKilled = true;
                        return Task.FromResult(false);
                    },
                });
                await process.WaitAsync();
                Server.Faults.Clear();
                kills += isKilled ? 1 : 0;
            }

            string where = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {round}");
            S3SyncStageResult result = await RunAsync();
            where += $", ran by {result.SyncMode}: {result.SyncModeReason}";
            Assert.True(result.Status == BackupStatus.Succeeded, $"{where}: {result.Error?.Message}");
            AssertMirrored(where);
            AssertCatalog(where);
        }

        Assert.True(kills >= Rounds / 2, $"only {kills} kills");
    }

    /// <summary>
    /// Files that are worth a copy, in a folder that has another name in each round; and the large ones swap theirs now and then.
    /// </summary>
    private void Rename(Random random, int round)
    {
        if (round == 0)
        {
            for (int i = 0; i < 6; i++)
                Write($"renamed 0/{i}", new string((char)('a' + i), 20_000 + (i / 2)));
            return;
        }

        Directory.Move(Files[$"source/renamed {round - 1}"], Files[$"source/renamed {round}"]);
        if (random.Next(2) == 0 || !File.Exists(Files["source/large 0"]) || !File.Exists(Files["source/large 1"]))
            return;
        File.Move(Files["source/large 0"], Files["source/aside"]);
        File.Move(Files["source/large 1"], Files["source/large 0"]);
        File.Move(Files["source/aside"], Files["source/large 1"]);
    }

    [SkippableFact]
    public async Task A_folder_that_cannot_be_read_protects_what_is_beneath_it_and_nothing_else()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/setpriv"), "takes root's right to read everything away with setpriv");
        Write("locked/inner/a", "a");
        Write("locked.txt", "b");
        Write("locked/b", "b");
        Write("gone", "c");
        Write("kept", "d");
        await RunAsync();
        File.Delete(Files["source/gone"]);
        Write("new", "e");
        await MirrorAsync();
        File.SetUnixFileMode(Files["mirror/locked"], UnixFileMode.None);
        string configuration = Configure(S3SyncMode.Reconcile);

        using StageProcess process = StageProcess.Start(
            configuration, "2", new S3Credentials(Server.AccessKey, Server.SecretKey),
            Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []);
        int code = await process.WaitAsync();
        File.SetUnixFileMode(Files["mirror/locked"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        Assert.True(code == 1, process.Output);
        Assert.Equal(["kept", "locked.txt", "locked/b", "locked/inner/a", "new"], ReadBucket().Keys.Order(StringComparer.Ordinal));
        Assert.Contains("2 objects beneath folders of the mirror that could not be read stay in S3", process.Output, StringComparison.Ordinal);
        AssertCatalog("afterwards");
    }

    private string Configure(S3SyncMode mode) => Files.File("job.json", JsonSerializer.Serialize(new
    {
        name = JobName,
        backupType = "rsync-to-s3",
        sources = new[] { new { path = Source } },
        options = new
        {
            rsync = new
            {
                localDestination = Mirror,
                deleteExtraneous = true,
                hardLinks = true,
                maxDelete = "100%",
                syncToS3 = new { enabled = true, s3Prefix = Prefix, deleteFromS3 = true, syncMode = mode.ToString().ToLowerInvariant() },
            },
        },
        destination = new { bucket = BucketName, region = Server.Region, endpointUrl = Server.Endpoint.ToString() },
    }));
}
