using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What a drill has done.</summary>
/// <param name="Restored">Entries.</param>
/// <param name="RestoredBytes">Their bytes.</param>
/// <param name="Duration">Without the comparison.</param>
/// <param name="Requests">To S3.</param>
internal sealed record DrillResult(long Restored, long RestoredBytes, TimeSpan Duration, S3RequestCounts Requests);

/// <summary>
/// Restores a share of a backup from S3 to a folder of its own, with the engine of a restore, compares it with the mirror, and removes it on every
/// way out.
/// </summary>
internal sealed class RestoreDrill(BackupTestRequest request, TestRun test, RunContext context, StageReport report)
{
    private const int BufferSize = 256 * 1024;

    private readonly Dictionary<ulong, ulong> linkGroups = [];

    /// <summary>Does it.</summary>
    /// <exception cref="BackupException">It cannot go on.</exception>
    public async Task<DrillResult> RunAsync(CancellationToken cancellationToken)
    {
        if (test.Chosen is not { } chooses)
            return Nothing(new S3RequestCounts());

        using DrillFolder folder = DrillFolder.Make(request.TemporaryPath ?? Path.GetTempPath());
        context.Verbose(string.Create(
            CultureInfo.InvariantCulture,
            $"Restoring {request.SamplePercent} % of s3://{request.S3!.Destination.Bucket}/{test.KeyPrefix} to '{folder.Path}'."));
        RestoreRequest restore = new()
        {
            Name = context.JobName,
            Configuration = request.Configuration,
            S3 = request.S3,
            From = BackupCopy.S3,
            Destination = folder.Path,
            Chooses = chooses,
            // Of what Intelligent-Tiering archived, the listing says nothing.
            LeavesOutArchived = test.Counters.WasArchived,
            ThrottleLimit = request.ThrottleLimit,
        };
        using RestoreRun run = await RestoreRun.PrepareAsync(restore, BackupCopy.S3, context, report, cancellationToken).ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        try
        {
            await run.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception) when (exception.Error.Id == ErrorIds.RestoreNothingFound)
        {
            // What S3 has is all gone from the mirror, as it is in both copies: there is nothing that a restore would bring back.
            return new DrillResult(0, 0, TimeSpan.Zero, run.Requests);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (run.Counters.Restored == 0)
            return Nothing(run.Requests);
        foreach (MirrorEntry entry in test.ChosenInMirror(cancellationToken))
            await CompareAsync(entry, WindowsPath.Below(folder.Path, entry.RelativeKey), run, cancellationToken).ConfigureAwait(false);
        return new DrillResult(run.Counters.Restored, run.Counters.RestoredBytes, took, run.Requests);
    }

    private DrillResult Nothing(S3RequestCounts requests)
    {
        report.Warning(
            "Nothing was restored: no file is the same in the mirror and in S3, or all that were chosen are in an archive. "
            + "Test-Backup -Level Quick shows the differences.");
        return new DrillResult(0, 0, TimeSpan.Zero, requests);
    }

    private async Task CompareAsync(MirrorEntry local, string path, RestoreRun run, CancellationToken cancellationToken)
    {
        // What could not be restored was told as that.
        if (FileAttributesReader.TryRead(path) is not { } restored)
            return;
        test.Counters.ContentChecked();
        bool isLink = local.Kind == MirrorEntryKind.SymbolicLink;
        if (restored.IsSymbolicLink != isLink || !(isLink || restored.IsRegularFile))
        {
            test.ReportRestored(local, BackupDifferenceKind.ContentDiffers, "another type", "What was restored is of another type than in the mirror.");
            return;
        }

        try
        {
            if (!HasContent(local, path, isLink, cancellationToken))
            {
                await test.ReportRestoredAsync(local, $"{restored.Size} bytes", cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        catch (FileNotFoundException)
        {
            // The mirror's file is another one by now.
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.ItemFailed(MirrorErrors.FileUnreadable(local.Path, exception));
            return;
        }

        if (!run.HasAttributes(restored, Wanted(local.Attributes)))
        {
            test.ReportRestored(
                local, BackupDifferenceKind.MetadataDiffers, "",
                "What was restored has another owner, other permissions or another time than in the mirror.");
        }
        else if (!IsLinkedAlike(local.Attributes, restored))
        {
            test.ReportRestored(local, BackupDifferenceKind.MetadataDiffers, "", "In the mirror this name is a hard link to another name of the same file; the restore made two separate files.");
        }
    }

    private static EntryAttributes Wanted(FileAttributesSnapshot local)
    {
        EntryAttributes wanted = EntryAttributes.Of(local).FromBucket(keepsSpecialBits: false);
        // Only the superuser gives files away, and what belongs to somebody else then may have lost permissions too.
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
            return wanted;
        bool isOwn = local.UserId == FileSafety.CurrentUser();
        return wanted with { UserId = null, GroupId = null, Mode = isOwn ? wanted.Mode : null };
    }

    private bool IsLinkedAlike(FileAttributesSnapshot local, FileAttributesSnapshot restored)
    {
        if (request.Configuration?.Options.Rsync.HardLinks != true || local is not { IsRegularFile: true, LinkCount: > 1 })
            return true;
        if (linkGroups.TryGetValue(local.Inode, out ulong inode))
            return inode == restored.Inode;
        linkGroups[local.Inode] = restored.Inode;
        return true;
    }

    private bool HasContent(MirrorEntry local, string path, bool isLink, CancellationToken cancellationToken)
    {
        if (isLink)
        {
            byte[] target = MirrorFile.LinkTarget(local);
            test.Counters.Read(target.Length);
            return target.AsSpan().SequenceEqual(FileAttributesReader.LinkTarget(path));
        }

        using SafeFileHandle wanted = MirrorFile.Open(local);
        using SafeFileHandle restored = File.OpenHandle(path);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * BufferSize);
        try
        {
            for (long offset = 0; ;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Span<byte> left = buffer.AsSpan(0, BufferSize);
                Span<byte> right = buffer.AsSpan(BufferSize, BufferSize);
                int read = MirrorFile.Read(wanted, left, offset);
                test.Counters.Read(read);
                if (MirrorFile.Read(restored, right, offset) != read || !left[..read].SequenceEqual(right[..read]))
                    return false;
                if (read < BufferSize)
                    return true;
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
