namespace RsyncS3Backup.Mirror;

/// <summary>What has the place of a key that the mirror does not have.</summary>
internal enum MirrorPlace
{
    /// <summary>Nothing, as far as is known.</summary>
    Free,

    /// <summary>A folder has the key's own name.</summary>
    IsFolder,

    /// <summary>A file or a link has the name of a folder that the key is beneath.</summary>
    InFile,
}

/// <summary>Finds what has the place of a key. Pure but for what it is given.</summary>
internal static class MirrorPlaces
{
    /// <summary>What has the place in the mirror of a key that the mirror does not have.</summary>
    /// <param name="relativeKey">The key; ends in a slash for a folder's marker.</param>
    /// <param name="isFolder">True for a folder of the mirror, whose path has a slash at its end.</param>
    /// <param name="hasFile">True for a path at which the mirror has something that is no folder and belongs in S3.</param>
    public static MirrorPlace Of(string relativeKey, Func<string, bool> isFolder, Func<string, bool> hasFile)
    {
        bool isMarker = relativeKey.EndsWith('/');
        string path = isMarker ? relativeKey[..^1] : relativeKey;
        if (!IsPath(path))
            return MirrorPlace.Free;
        try
        {
            for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            {
                if (!isFolder(path[..(slash + 1)]))
                    return hasFile(path[..slash]) ? MirrorPlace.InFile : MirrorPlace.Free;
            }

            if (isMarker)
                return hasFile(path) ? MirrorPlace.InFile : MirrorPlace.Free;
            return isFolder(path + "/") ? MirrorPlace.IsFolder : MirrorPlace.Free;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nobody knows, so nothing is done because of it.
            return MirrorPlace.Free;
        }
    }

    /// <summary>True for what can be a path below a folder.</summary>
    public static bool IsPath(string relativePath) =>
        !relativePath.Contains('\0', StringComparison.Ordinal) && !relativePath.Split('/').Any(part => part is "" or "." or "..");
}
