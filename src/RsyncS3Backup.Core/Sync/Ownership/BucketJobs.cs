using System.Net;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>
/// Who backs up into a bucket: the marks under its key prefixes, found folder by folder, so that what lies beside them is not listed. What is under each is
/// listed to say how much it is. Nothing is changed.
/// </summary>
/// <param name="store">The bucket, below the prefix that is looked at.</param>
internal sealed class BucketJobs(IObjectStore store)
{
    /// <summary>Folders beneath the prefix that are looked into.</summary>
    public const int MostLevels = 5;

    private const int AtATime = 8;

    /// <summary>The jobs by their prefixes.</summary>
    /// <exception cref="BackupException">The bucket cannot be reached, or the credentials do not allow it.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<IReadOnlyList<BackupBucketJob>> ListAsync(S3CopyRequest request, CancellationToken cancellationToken)
    {
        request.RequireValid();
        S3Target target = S3Target.Unresolved(request);
        try
        {
            using S3ObjectStore store = new(request, request.Options.S3Prefix ?? "", AtATime);
            target = store.Connect();
            return await new BucketJobs(store).ListAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(S3Errors.From(exception, target), exception);
        }
    }

    /// <summary>The jobs by their prefixes.</summary>
    public async Task<IReadOnlyList<BackupBucketJob>> ListAsync(CancellationToken cancellationToken)
    {
        List<string> marked = [];
        List<string> level = [store.KeyPrefix];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken };
        for (int depth = 0; depth <= MostLevels && level.Count > 0; depth++)
        {
            (bool HasMark, List<string> Folders)[] looks = new (bool, List<string>)[level.Count];
            await Parallel.ForAsync(0, level.Count, parallel, async (index, token) =>
                looks[index] = await LookAsync(level[index], token).ConfigureAwait(false)).ConfigureAwait(false);
            marked.AddRange(level.Where((_, index) => looks[index].HasMark));
            // What lies beneath a mark is that job's.
            level = [.. looks.Where(look => !look.HasMark).SelectMany(look => look.Folders)];
        }

        BackupBucketJob[] jobs = new BackupBucketJob[marked.Count];
        marked.Sort(StringComparer.Ordinal);
        await Parallel.ForAsync(0, marked.Count, parallel, async (index, token) =>
            jobs[index] = await MeasureAsync(marked[index], token).ConfigureAwait(false)).ConfigureAwait(false);
        return jobs;
    }

    private async Task<(bool HasMark, List<string> Folders)> LookAsync(string prefix, CancellationToken cancellationToken)
    {
        using IObjectStore at = store.At(prefix);
        List<string> folders = [];
        await foreach (StoredObject found in at.ListLevelAsync("", cancellationToken).ConfigureAwait(false))
        {
            if (found is { HasObject: true, RelativeKey: MirrorMarker.FileName })
                return (true, []);
            if (!found.HasObject)
                folders.Add(at.Key(found.RelativeKey));
        }

        return (false, folders);
    }

    private async Task<BackupBucketJob> MeasureAsync(string prefix, CancellationToken cancellationToken)
    {
        using IObjectStore at = store.At(prefix);
        BackupBucketJob job = await ReadAsync(at, cancellationToken).ConfigureAwait(false);
        long objects = 0;
        long bytes = 0;
        DateTimeOffset? last = null;
        await foreach (StoredObject found in at.ListAsync(KeyRange.Everything, cancellationToken).ConfigureAwait(false))
        {
            last = last is null || found.LastModified > last ? found.LastModified ?? last : last;
            if (found.RelativeKey == MirrorMarker.FileName)
                continue;
            objects++;
            bytes += found.Size;
        }

        return job with { Objects = objects, Bytes = bytes, LastUpload = last?.ToLocalTime() };
    }

    private static async Task<BackupBucketJob> ReadAsync(IObjectStore at, CancellationToken cancellationToken)
    {
        BackupBucketJob job = new() { Name = "", BucketName = at.BucketName, KeyPrefix = at.KeyPrefix };
        try
        {
            if (await at.ReadAsync(MirrorMarker.FileName, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false) is not { } content)
                return job with { Problem = "The mark is gone, or larger than a mark is." };
            MirrorMarker marker = MirrorMarker.Parse(content);
            return job with
            {
                Name = marker.Job,
                HostName = marker.Host,
                Path = marker.Path,
                MirrorId = marker.Id,
                Created = marker.Created == DateTimeOffset.UnixEpoch ? null : marker.Created.ToLocalTime(),
            };
        }
        catch (InvalidDataException)
        {
            return job with { Problem = "There is a file with the mark's name, but it is not a mark." };
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "InvalidObjectState" || exception.StatusCode == HttpStatusCode.Forbidden)
        {
            return job with
            {
                Problem = exception.ErrorCode == "InvalidObjectState"
                    ? "The mark is in an archive."
                    : "These credentials may not read the mark (s3:GetObject).",
            };
        }
    }
}
