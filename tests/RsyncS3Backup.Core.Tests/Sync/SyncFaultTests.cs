using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>
/// A run in which one kind of request goes wrong, each way it can: nothing is lost, the catalog says nothing wrong, and the next run converges,
/// also when files are again what they were before. A class for some of the requests, because most of the time a run waits before it sends a
/// request again, and classes run side by side.
/// </summary>
public abstract class SyncFaultHarness : SyncHarness
{
    private const int LargeFile = 9 * 1024 * 1024;
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private protected static TheoryData<string, FaultKind> FaultsOf(params string[] operations)
    {
        TheoryData<string, FaultKind> faults = [];
        foreach (string operation in operations)
        {
            faults.Add(operation, FaultKind.AccessDenied);
            faults.Add(operation, FaultKind.ResponseLost);
            faults.Add(operation, FaultKind.OkWithPage);
            if (operation is "CopyObject" or "CompleteMultipartUpload" or "DeleteObjects")
            {
                faults.Add(operation, FaultKind.OkEmpty);
                faults.Add(operation, FaultKind.OkWithOtherDocument);
                faults.Add(operation, FaultKind.AnswerReplaced);
            }

            if (operation is "PutObject" or "ListObjectsV2")
                faults.Add(operation, FaultKind.ConnectionReset);
            if (operation is "PutObject" or "ListObjectsV2" or "DeleteObjects" or "UploadPart")
                faults.Add(operation, FaultKind.Hold);
            if (operation is "CopyObject" or "CompleteMultipartUpload")
                faults.Add(operation, FaultKind.OkWithErrorBody);
        }

        return faults;
    }

    private protected async Task ConvergeAsync(string operation, FaultKind kind)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        // Nothing else looks at a file in parts, which takes most of the time.
        bool isAboutParts = operation.Contains("Multipart", StringComparison.Ordinal) || operation == "UploadPart";
        byte[] large = new byte[isAboutParts ? LargeFile : 9];
        WriteOld("edited", "first");
        WriteOld("touched", "same");
        WriteOld("gone", "gone");
        WriteOld("kept", "kept");
        await File.WriteAllBytesAsync(Files["source/large"], large);
        File.SetLastWriteTimeUtc(Files["source/large"], Old);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);

        Write("edited", "other");
        File.SetLastWriteTimeUtc(Files["source/touched"], DateTime.UnixEpoch);
        File.Delete(Files["source/gone"]);
        Write("new", "new");
        large[large.Length / 2]++;
        await File.WriteAllBytesAsync(Files["source/large"], large);
        bool needsListing = operation is "HeadObject" or "ListObjectsV2";
        if (needsListing)
        {
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
                File.Delete(file);
        }

        // An upload is aborted only when one of its parts fails.
        if (operation == "AbortMultipartUpload")
            Server.Faults.Add(new FaultRule { Operation = "UploadPart", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
        FaultRule fault = Server.Faults.Add(new FaultRule { Operation = operation, Kind = kind, Times = int.MaxValue });
        // What is held is given up soon; what is answered may take its time on a busy machine.
        Options = Options with { Timeout = TimeSpan.FromSeconds(kind == FaultKind.Hold ? 2 : 60) };
        S3SyncStageResult failed = await RunAsync();
        Server.Faults.Clear();
        string where = $"{operation} {kind}: {failed.Status} {failed.Error?.Id}";
        Assert.True(fault.Fired > 0, where);
        // An answer that is lost may have arrived before the connection was cut.
        // Without the right to read, what could be copied or looked at is uploaded.
        bool isUploaded = kind == FaultKind.AccessDenied && operation is ("HeadObject" or "CopyObject");
        BackupStatus expected = isUploaded ? BackupStatus.SucceededWithWarnings : BackupStatus.Failed;
        Assert.True(failed.Status == expected || kind is FaultKind.ResponseLost or FaultKind.AnswerReplaced, where);
        Assert.All(["edited", "touched", "kept", "large"], key => Assert.Contains(Prefix + key, Server.Store.Keys(BucketName)));
        // An answer to a later try did arrive: what the earlier ones began is nobody's, and is aborted when it is a day old.
        if (operation == "CreateMultipartUpload" && failed.Status != BackupStatus.Failed)
            return;
        if (operation != "DeleteObjects" && failed.Status == BackupStatus.Failed)
            Assert.Contains(Prefix + "gone", Server.Store.Keys(BucketName));
        AssertCatalog(where, isWhole: false);

        // As if nothing had been.
        WriteOld("edited", "first");
        File.SetLastWriteTimeUtc(Files["source/touched"], Old);
        WriteOld("gone", "gone");
        File.Delete(Files["source/new"]);
        large[large.Length / 2]--;
        await File.WriteAllBytesAsync(Files["source/large"], large);
        File.SetLastWriteTimeUtc(Files["source/large"], Old);
        Options = Options with { Timeout = TimeSpan.FromMinutes(1) };
        S3SyncStageResult result = await RunAsync();

        where += $", then by {result.SyncMode}: {result.SyncModeReason}";
        Assert.True(result.Status == BackupStatus.Succeeded, $"{where}: {result.Error?.Message}");
        AssertMirrored(where);
        AssertCatalog(where);
    }

    private void WriteOld(string path, string content) => File.SetLastWriteTimeUtc(Write(path, content), Old);
}

/// <summary>Requests that find, send and look at objects.</summary>
[Trait("Category", "Slow")]
public sealed class SyncFaultTests : SyncFaultHarness
{
    public static TheoryData<string, FaultKind> Faults => FaultsOf("PutObject", "HeadObject", "ListObjectsV2");

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public Task After_any_fault_the_next_run_converges(string operation, FaultKind kind) => ConvergeAsync(operation, kind);
}

/// <summary>Requests that copy and delete objects.</summary>
[Trait("Category", "Slow")]
public sealed class CopyFaultTests : SyncFaultHarness
{
    public static TheoryData<string, FaultKind> Faults => FaultsOf("CopyObject", "DeleteObjects");

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public Task After_any_fault_the_next_run_converges(string operation, FaultKind kind) => ConvergeAsync(operation, kind);
}

/// <summary>Requests of uploads in parts.</summary>
[Trait("Category", "Slow")]
public sealed class PartsFaultTests : SyncFaultHarness
{
    public static TheoryData<string, FaultKind> Faults =>
        FaultsOf("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload");

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public Task After_any_fault_the_next_run_converges(string operation, FaultKind kind) => ConvergeAsync(operation, kind);
}
