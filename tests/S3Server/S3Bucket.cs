using System.Collections.Concurrent;
using System.Globalization;

namespace S3Server;

/// <summary>One bucket: its keys in S3's order, their versions newest first, its uploads and its configurations.</summary>
internal sealed class S3Bucket(string name, DateTimeOffset created)
{
    /// <summary>S3's default.</summary>
    public const string NoSmallObjects = "all_storage_classes_128K";

    private const string LastKey = "\U0010FFFF\U0010FFFF\U0010FFFF";
    private static long lastVersion = DateTime.UtcNow.Ticks;

    private readonly Lock gate = new();
    private readonly Dictionary<string, List<StoredObject>> objects = new(StringComparer.Ordinal);
    private readonly SortedSet<string> keys = new(Utf8KeyComparer.Instance);
    private readonly Dictionary<string, MultipartUpload> uploads = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public DateTimeOffset Created { get; } = created;

    /// <summary>Null, <c>Enabled</c> or <c>Suspended</c>.</summary>
    public string? Versioning { get; set; }

    /// <summary>Whether it has Object Lock, for good.</summary>
    public bool HasObjectLock { get; set; }

    /// <summary>Lifecycle, policy and the like: stored and returned without being read.</summary>
    public ConcurrentDictionary<string, byte[]> Configurations { get; } = new(StringComparer.Ordinal);

    /// <summary>From which size on lifecycle rules move objects, by the word that the configuration was put with.</summary>
    public string SmallObjects { get; set; } = NoSmallObjects;

    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return objects.Count == 0;
        }
    }

    public static string NewId(string prefix) =>
        prefix + Interlocked.Increment(ref lastVersion).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Adds a version. The precondition sees the current one (null: none) under the lock, so that two cannot pass.</summary>
    public void Put(StoredObject stored, Action<StoredObject?>? precondition = null)
    {
        lock (gate)
        {
            precondition?.Invoke(Current(stored.Key));
            Insert(stored);
        }
    }

    /// <summary>The current version, or the one asked for; null when there is none.</summary>
    public StoredObject? Find(string key, string? versionId = null)
    {
        lock (gate)
        {
            return versionId is null
                ? objects.TryGetValue(key, out var versions) ? versions[0] : null
                : objects.TryGetValue(key, out versions) ? versions.Find(version => version.VersionId == versionId) : null;
        }
    }

    /// <summary>As <see cref="Find"/>, with the content held for the caller to release.</summary>
    public StoredObject? FindAndHold(string key, string? versionId)
    {
        lock (gate)
        {
            var found = Find(key, versionId);
            found?.Content.Share();
            return found;
        }
    }

    /// <summary>Deletes as S3 does. Returns the version deleted or the marker made, when there is one.</summary>
    public StoredObject? Delete(
        string key, string? versionId, DateTimeOffset now, Action<StoredObject?>? precondition = null, Action<StoredObject?>? lockOf = null)
    {
        lock (gate)
        {
            precondition?.Invoke(Current(key));
            if (versionId is not null)
            {
                lockOf?.Invoke(Find(key, versionId));
                return RemoveVersion(key, versionId);
            }
            if (Versioning is not null)
            {
                var marker = new StoredObject { Key = key, IsDeleteMarker = true, LastModified = now };
                Insert(marker);
                return marker;
            }
            RemoveVersion(key, S3Store.NullVersion);
            return null;
        }
    }

    public ListPage List(string prefix, string? delimiter, string after, bool afterIsPrefix, int maxKeys)
    {
        var page = new ListPage();
        var lower = afterIsPrefix ? after + LastKey : after;
        if (Utf8KeyComparer.Instance.Compare(lower, prefix) < 0)
            lower = prefix;
        lock (gate)
        {
            while (true)
            {
                string? skipPast = null;
                if (Utf8KeyComparer.Instance.Compare(lower, LastKey) > 0)
                    return page;
                foreach (var key in keys.GetViewBetween(lower, LastKey))
                {
                    if (!key.StartsWith(prefix, StringComparison.Ordinal))
                        return page;
                    if (!afterIsPrefix && key == after && after.Length > 0)
                        continue;
                    var current = objects[key][0];
                    if (current.IsDeleteMarker)
                        continue;
                    if (maxKeys == 0)
                        return page;
                    if (page.Entries.Count == maxKeys)
                    {
                        page.IsTruncated = true;
                        return page;
                    }
                    var end = string.IsNullOrEmpty(delimiter) ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
                    if (end < 0)
                    {
                        page.Entries.Add((key, current));
                        continue;
                    }
                    var common = key[..(end + delimiter!.Length)];
                    page.Entries.Add((common, null));
                    skipPast = common;
                    break;
                }
                if (skipPast is null)
                    return page;
                lower = skipPast + LastKey;
            }
        }
    }

    /// <summary>All versions in S3's order, behind a key and, of that key, behind a version.</summary>
    public IReadOnlyList<StoredObject> Versions(string prefix, string keyMarker, string? versionMarker, int limit)
    {
        var found = new List<StoredObject>();
        lock (gate)
        {
            var lower = Utf8KeyComparer.Instance.Compare(keyMarker, prefix) < 0 ? prefix : keyMarker;
            foreach (var key in keys.GetViewBetween(lower, LastKey))
            {
                if (!key.StartsWith(prefix, StringComparison.Ordinal))
                    break;
                var versions = objects[key];
                var first = 0;
                if (key == keyMarker && keyMarker.Length > 0)
                    first = versionMarker is null ? versions.Count : versions.FindIndex(version => version.VersionId == versionMarker) + 1;
                found.AddRange(versions.Skip(first));
                if (found.Count >= limit)
                    break;
            }
        }
        return found;
    }

    public bool IsCurrent(StoredObject version) => ReferenceEquals(Find(version.Key), version);

    public void AddUpload(MultipartUpload upload)
    {
        lock (gate)
            uploads.Add(upload.Id, upload);
    }

    public MultipartUpload FindUpload(string id, string key)
    {
        lock (gate)
            return uploads.TryGetValue(id, out var upload) && upload.Key == key ? upload : throw S3Exception.NoSuchUpload(id);
    }

    public IReadOnlyList<MultipartUpload> Uploads(string prefix = "")
    {
        lock (gate)
        {
            return uploads.Values.Where(upload => upload.Key.StartsWith(prefix, StringComparison.Ordinal))
                .OrderBy(upload => upload.Key, Utf8KeyComparer.Instance).ThenBy(upload => upload.Id, StringComparer.Ordinal).ToArray();
        }
    }

    public IReadOnlyList<UploadedPart> Parts(MultipartUpload upload)
    {
        lock (gate)
            return upload.Parts.Values.ToArray();
    }

    /// <summary>Adds a part, or replaces it; an upload that ended meanwhile has no place for it.</summary>
    public void AddPart(MultipartUpload upload, UploadedPart part)
    {
        lock (gate)
        {
            if (!uploads.ContainsKey(upload.Id))
            {
                part.Content.Release();
                throw S3Exception.NoSuchUpload(upload.Id);
            }
            if (upload.Parts.TryGetValue(part.Number, out var replaced))
                replaced.Content.Release();
            upload.Parts[part.Number] = part;
        }
    }

    public void Abort(MultipartUpload upload)
    {
        lock (gate)
            Forget(upload);
    }

    /// <summary>Makes the object of an upload. Asks for it under the lock, so that no part changes meanwhile.</summary>
    public void Complete(MultipartUpload upload, Func<StoredObject> assemble, Action<StoredObject?>? precondition)
    {
        lock (gate)
        {
            if (!uploads.ContainsKey(upload.Id))
                throw S3Exception.NoSuchUpload(upload.Id);
            precondition?.Invoke(Current(upload.Key));
            Insert(assemble());
            Forget(upload);
        }
    }

    /// <summary>Releases all contents; the bucket goes.</summary>
    public void Clear()
    {
        lock (gate)
        {
            foreach (var version in objects.Values.SelectMany(versions => versions))
                version.Content.Release();
            objects.Clear();
            keys.Clear();
            foreach (var upload in uploads.Values.ToArray())
                Forget(upload);
        }
    }

    public int Count
    {
        get
        {
            lock (gate)
                return objects.Values.Count(versions => !versions[0].IsDeleteMarker);
        }
    }

    private StoredObject? Current(string key) =>
        objects.TryGetValue(key, out var versions) && !versions[0].IsDeleteMarker ? versions[0] : null;

    private void Insert(StoredObject stored)
    {
        if (!objects.TryGetValue(stored.Key, out var versions))
        {
            objects.Add(stored.Key, versions = new List<StoredObject>(1));
            keys.Add(stored.Key);
        }
        if (Versioning == "Enabled")
        {
            stored.VersionId = NewId("v");
        }
        else if (versions.FindIndex(version => version.VersionId == S3Store.NullVersion) is var replaced and >= 0)
        {
            versions[replaced].Content.Release();
            versions.RemoveAt(replaced);
        }
        versions.Insert(0, stored);
    }

    private StoredObject? RemoveVersion(string key, string versionId)
    {
        if (!objects.TryGetValue(key, out var versions)
            || versions.FindIndex(version => version.VersionId == versionId) is not (var index and >= 0))
            return null;
        var removed = versions[index];
        versions.RemoveAt(index);
        removed.Content.Release();
        if (versions.Count == 0)
        {
            objects.Remove(key);
            keys.Remove(key);
        }
        return removed;
    }

    private void Forget(MultipartUpload upload)
    {
        if (!uploads.Remove(upload.Id))
            return;
        foreach (var part in upload.Parts.Values)
            part.Content.Release();
        upload.Parts.Clear();
    }
}

/// <summary>A page of a listing: keys with their objects, and common prefixes without.</summary>
internal sealed class ListPage
{
    public List<(string Name, StoredObject? Object)> Entries { get; } = [];

    public bool IsTruncated { get; set; }
}
