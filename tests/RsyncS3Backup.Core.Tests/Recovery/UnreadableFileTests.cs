using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.Sync.Transfer;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Files of the mirror that the drive does not give back.</summary>
public sealed class UnreadableFileTests : SyncHarness
{
    // Reading what is mapped at no address fails with EIO, as a bad sector does.
    private const string BadFile = "/proc/self/mem";

    [SkippableFact]
    public void A_drive_that_cannot_read_is_told_from_everything_else()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "has errors of Linux");
        using SafeFileHandle file = TreeReader.OpenAnywhere(BadFile, out _);
        IOException fault = Assert.ThrowsAny<IOException>(() => MirrorFile.Read(file, new byte[1], 0));

        Assert.True(DriveFault.Is(fault), $"{fault.HResult:x}");
        Assert.True(DriveFault.Is(new IOException("Structure needs cleaning", 117)));
        Assert.False(DriveFault.Is(Assert.ThrowsAny<IOException>(() => TreeReader.OpenAnywhere(Files["missing"], out _))));
        Assert.False(DriveFault.Is(new IOException("Stale file handle", 116)));
        Assert.False(DriveFault.Is(new IOException("The connection broke.", new IOException("Input/output error", 5))));
        Assert.False(DriveFault.Is(new UnauthorizedAccessException()));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_the_drive_cannot_read_is_damage_and_S3_is_good(bool hasRow)
    {
        foreach (bool downloads in new[] { false, true })
            Assert.Equal((BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3), Told(await CompareAsync(downloads, hasRow)));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task S3_is_not_called_good_when_it_may_have_another_version_of_the_file(bool downloads)
    {
        EntryVerdict verdict = await CompareAsync(downloads, hasRow: false, isNewer: true);

        Assert.Equal((BackupDifferenceKind.MirrorCorrupted, null), Told(verdict));
    }

    [SkippableFact]
    public async Task An_object_that_S3_sends_damaged_is_not_called_good_either()
    {
        Server.Faults.Add(new FaultRule { Kind = FaultKind.CorruptBody, Operation = "GetObject", KeyContains = "a.txt", Times = int.MaxValue });

        Assert.Equal((BackupDifferenceKind.S3Corrupted, null), Told(await CompareAsync(downloads: true, hasRow: true)));
    }

    [SkippableFact]
    public async Task What_S3_has_lost_too_is_missing_there()
    {
        EntryVerdict verdict = await CompareAsync(downloads: false, hasRow: false, before: () => Server.Store.Delete(BucketName, Prefix + "a.txt"));

        Assert.Equal((BackupDifferenceKind.MissingInS3, null), Told(verdict));
    }

    private static (BackupDifferenceKind?, BackupCopy?) Told(EntryVerdict verdict) => (verdict.Kind, verdict.Good);

    /// <summary>Compares an entry that looks as it was sent, and whose content cannot be read.</summary>
    private async Task<EntryVerdict> CompareAsync(bool downloads, bool hasRow, bool isNewer = false, Action? before = null)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), $"reads {BadFile}");
        Write("a.txt", "alpha");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        MirrorWalker mirror = new(Mirror, new StageReport(context: null), new ExcludePatterns([]), S3DirectoryMarkers.Empty);
        MirrorEntry local = Assert.Single(mirror.Walk(CancellationToken.None)) with { Path = BadFile, Tree = null };
        if (isNewer)
            local = local with { Attributes = local.Attributes with { ModifiedNanoseconds = local.Attributes.ModifiedNanoseconds + 1 } };
        using S3Copy copy = await S3Copy.OpenAsync(Request, JobName, null, null, null, CancellationToken.None);
        StoredObject? remote = null;
        await foreach (StoredObject found in copy.ListAsync(ItemFilter.Parse([]), CancellationToken.None))
            remote = found;
        TestFacts facts = new(() => null) { HasMirror = true, IsCatalogComplete = true, DeletesFromS3 = true, IsExcluded = _ => false };
        ContentTest contents = new(copy, facts, new TestCounters());
        CopyPair pair = new(local, hasRow ? Assert.Single(ReadCatalog()) : null, remote);
        before?.Invoke();
        return downloads
            ? await contents.ByDownloadAsync(pair, CancellationToken.None)
            : await contents.ByChecksumsAsync(pair, CancellationToken.None);
    }
}
