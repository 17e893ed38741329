namespace RsyncS3Backup.Files;

/// <summary>
/// Which mounted file system a folder is on at one moment of a run, to see later in it whether the drive is still there: beneath one that was
/// unmounted lies an ordinary folder. By the device, and not by the folder's number, which FUSE may change at any time.
/// </summary>
internal sealed class FolderPlace
{
    private readonly ulong device;

    private FolderPlace(string path, ulong device) => (Path, this.device) = (path, device);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The place of a folder, or of the one that it will be made in.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static FolderPlace Of(string path)
    {
        string folder = Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(path) ?? path;
        return new FolderPlace(path, FileAttributesReader.TryRead(RealPath.Of(folder))?.Device ?? 0);
    }

    /// <summary>True when the folder is not there, and what it would be made in is on the file system that it was on.</summary>
    public bool IsToBeMade() =>
        !Directory.Exists(Path) && System.IO.Path.GetDirectoryName(Path) is { } above && new FolderPlace(above, device).IsStillThere();

    /// <summary>True when the folder is there, and on the file system that it was on.</summary>
    public bool IsStillThere()
    {
        try
        {
            return FileAttributesReader.TryRead(RealPath.Of(Path)) is { IsFolder: true } now && now.Device == device;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A drive that fails says so when its root is looked at.
            return false;
        }
    }
}
