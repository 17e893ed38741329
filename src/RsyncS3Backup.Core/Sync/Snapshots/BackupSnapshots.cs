using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>The dated snapshots of a job.</summary>
internal static class BackupSnapshots
{
    private const int Connections = 8;

    /// <summary>
    /// Lists them, the newest first; none for a job whose prefix has no date tokens, or tokens that do not tell a time. Nothing is changed.
    /// </summary>
    /// <exception cref="BackupException">The bucket cannot be reached, or the credentials do not allow it.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<IReadOnlyList<BackupSnapshot>> ListAsync(
        BackupConfiguration configuration, S3Credentials? credentials, bool allowInsecureEndpoint, CancellationToken cancellationToken)
    {
        S3SyncOptions stage2 = configuration.Options.Rsync.SyncToS3;
        if (configuration.Destination is null || !DatedPrefix.NamesTimes(stage2.S3Prefix))
            return [];
        S3CopyRequest request = S3SyncRequest.From(configuration) with
        {
            Credentials = credentials,
            AllowInsecureEndpoint = allowInsecureEndpoint,
        };
        S3Target target = S3Target.Unresolved(request);
        try
        {
            using S3ObjectStore store = new(request, "", Connections);
            target = store.Connect();
            IReadOnlyList<Snapshot> all = await new SnapshotFinder(store, stage2.S3Prefix!, request.Timezone, request.Clock.GetUtcNow())
                .FindAllAsync(cancellationToken).ConfigureAwait(false);
            PrefixOwner owner = PrefixOwner.Of(configuration.Name, configuration.Options.Rsync.LocalDestination);
            JobSnapshots found = JobSnapshots.Of(all, configuration.Name, owner);
            // A run prunes what is surely its own.
            Snapshot[] own = [.. found.Own.Where(snapshot => JobSnapshots.IsOwn(snapshot, configuration.Name, owner))];
            SnapshotRetention retention = await RetentionAfterAsync(store, own, request, configuration.Name, cancellationToken).ConfigureAwait(false);
            HashSet<string> expired = [.. retention.Expired.Select(snapshot => snapshot.KeyPrefix)];
            Dictionary<string, string?> doubts = retention.Doubtful.ToDictionary(snapshot => snapshot.KeyPrefix, snapshot => snapshot.Doubt);
            foreach (Snapshot snapshot in all.Where(snapshot => snapshot.Doubt is not null))
                doubts.TryAdd(snapshot.KeyPrefix, snapshot.Doubt);
            HashSet<Snapshot> shown = [.. found.Own.Count > 0 ? found.Own : found.Others, .. all.Where(snapshot => snapshot.ArchivedIn is not null)];
            return [.. all.Where(shown.Contains).Select(snapshot => new BackupSnapshot
            {
                Name = configuration.Name,
                Date = snapshot.Time,
                IsComplete = snapshot.IsComplete && !doubts.ContainsKey(snapshot.KeyPrefix),
                Problem = snapshot.ArchivedIn is null
                    ? doubts.GetValueOrDefault(snapshot.KeyPrefix)
                    : $"{SnapshotErrors.Archived([snapshot])} {SnapshotErrors.BringBack([snapshot], request.Destination.Bucket)}",
                IsExpired = expired.Contains(snapshot.KeyPrefix),
                Objects = snapshot.Manifest.Objects,
                Bytes = snapshot.Manifest.Bytes,
                Time = snapshot.Manifest.ContentTime,
                HostName = snapshot.Manifest.Host,
                MirrorId = snapshot.Manifest.Mirror,
                BucketName = request.Destination.Bucket,
                KeyPrefix = snapshot.KeyPrefix,
            })];
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(S3Errors.From(exception, target), exception);
        }
    }

    /// <summary>What a run that completes a snapshot now would prune.</summary>
    private static Task<SnapshotRetention> RetentionAfterAsync(
        IObjectStore store, Snapshot[] own, S3CopyRequest request, string jobName, CancellationToken cancellationToken)
    {
        DateTimeOffset now = PausedSnapshot.Find(jobName, request) ?? request.Clock.GetLocalNow();
        string current = KeyPrefix.Resolve(request.Options.S3Prefix, jobName, now, request.Timezone);
        if (!new DatedPrefix(request.Options.S3Prefix!).TryParse(current, out DateTime time))
            throw new InvalidOperationException($"'{current}' does not tell its time.");
        SnapshotManifest complete = new() { Job = jobName, IsComplete = true, Time = now };
        IEnumerable<Snapshot> after = own.Where(snapshot => snapshot.KeyPrefix != current).Append(new Snapshot(current, time, complete));
        return SnapshotRetention.ChooseAsync(store, after, request.Options, current, cancellationToken);
    }
}
