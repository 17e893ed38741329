using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>Where entries go: all to one folder, or each to the source that it came from.</summary>
internal sealed class RestoreTargets : IDisposable
{
    private readonly List<RestoreTarget> targets = [];
    private readonly bool renamesInvalid;

    private RestoreTargets(bool renamesInvalid) => this.renamesInvalid = renamesInvalid;

    /// <summary>The folders.</summary>
    public IEnumerable<RestoreTarget> All => targets;

    /// <summary>Opens the folders and takes their locks.</summary>
    /// <exception cref="BackupException">One cannot be used.</exception>
    public static RestoreTargets Open(RestoreRequest request)
    {
        RestoreTargets opened = new(request.RenameInvalid);
        try
        {
            string[] mirror = request.MirrorPath is { } path ? [path] : [];
            foreach ((string folder, string destination) in Places(request))
            {
                if (request.MirrorPath is not null)
                    RequireOutside(destination, request.MirrorPath);
                DestinationTree tree = DestinationTree.Open(destination, mirror);
                opened.targets.Add(new RestoreTarget(folder, tree));
                if (!tree.TryLock())
                    throw RestoreErrors.DestinationBusy(tree.Path);
            }

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>The mirror itself, to repair it.</summary>
    /// <exception cref="BackupException">It cannot be used.</exception>
    public static RestoreTargets OfMirror(string path)
    {
        RestoreTargets opened = new(renamesInvalid: false);
        opened.targets.Add(new RestoreTarget("", DestinationTree.Open(path, [])) { Held = HeldNames.OfMirror });
        return opened;
    }

    /// <summary>Finds where a key goes.</summary>
    /// <param name="relativeKey">The key.</param>
    /// <param name="target">The destination.</param>
    /// <param name="path">Where in it.</param>
    /// <param name="isRenamed">True when the destination cannot hold its name, so that it gets another one there.</param>
    /// <returns>Why it goes nowhere; null when it goes somewhere.</returns>
    public BackupError? Resolve(string relativeKey, out RestoreTarget target, out EntryPath path, out bool isRenamed)
    {
        isRenamed = false;
        target = targets[0];
        string rest = relativeKey;
        if (targets.Count > 1 || target.Folder.Length > 0)
        {
            RestoreTarget? found = targets.Find(candidate => relativeKey.StartsWith(candidate.Folder + "/", StringComparison.Ordinal));
            if (found is null)
            {
                path = default;
                return RestoreErrors.OfNoSource(relativeKey);
            }

            target = found;
            rest = relativeKey[(found.Folder.Length + 1)..];
            if (rest.Length == 0)
            {
                // The source itself.
                path = new EntryPath("", "", IsFolder: true);
                return null;
            }
        }

        if (EntryPath.Parse(rest, forWindows: false, out path) is { } problem)
            return RestoreErrors.KeyRefused(relativeKey, problem);
        string full = path.Full.TrimEnd('/');
        if (target.Held.Problem(full) is not { } cannot)
            return null;
        string renamed = target.Held.Rename(full);
        if (!renamesInvalid)
            return RestoreErrors.NameNotHeld(relativeKey, cannot, renamed);
        isRenamed = true;
        path = path.At(renamed);
        return null;
    }

    /// <summary>Gives folders that were made writable for the time their permissions back.</summary>
    public void PutBack() => targets.ForEach(target => target.Tree.PutBack());

    /// <inheritdoc/>
    public void Dispose() => targets.ForEach(target => target.Tree.Dispose());

    /// <summary>Which folder of the copy goes where; an empty one is all of it.</summary>
    /// <exception cref="BackupException">It is not said, or is on another machine.</exception>
    internal static IEnumerable<(string Folder, string Destination)> Places(RestoreRequest request)
    {
        if (!request.InPlace)
            return [("", request.Destination ?? throw RestoreErrors.DestinationMissing())];
        if (request.Configuration is not { } job)
            throw RestoreErrors.InPlaceWithoutJob();
        foreach (BackupSource source in job.Sources)
        {
            if (RemotePath.IsRemote(source.Path))
                throw RestoreErrors.InPlaceOfRemote(source.Path);
        }

        // As stage 1 lays the mirror out.
        return job.Sources.Count == 1
            ? [("", job.Sources[0].Path)]
            : job.Sources.Select(source => (source.Name ?? ConfigurationPaths.LastPart(source.Path), source.Path));
    }

    // A mirror beneath the destination is left alone by the tree, which knows it when it meets it.
    private static void RequireOutside(string destination, string mirror)
    {
        if (RealPath.IsInside(RealPath.Of(destination), RealPath.Of(mirror)))
            throw RestoreErrors.DestinationInMirror(destination, mirror);
    }
}

/// <summary>One folder that entries go to.</summary>
/// <param name="folder">The folder of the copy whose content goes there; empty for all of it.</param>
/// <param name="tree">The folder.</param>
internal sealed class RestoreTarget(string folder, DestinationTree tree)
{
    /// <summary>The folder of the copy whose content goes there; empty for all of it.</summary>
    public string Folder => folder;

    /// <summary>The folder.</summary>
    public DestinationTree Tree => tree;

    /// <summary>The file system that it is on.</summary>
    public FolderPlace Place { get; } = FolderPlace.Of(tree.Path);

    /// <summary>The names that it can hold.</summary>
    public HeldNames Held { get; init; } = HeldNames.Of(tree.Traits);

    /// <summary>The names that are taken in it.</summary>
    public NameClaims Names { get; } = new(tree.Traits);
}
