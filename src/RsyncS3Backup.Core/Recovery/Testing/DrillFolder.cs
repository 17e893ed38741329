namespace RsyncS3Backup.Recovery.Testing;

/// <summary>A folder for one drill, which nobody else can look into, and which is gone afterwards.</summary>
internal sealed class DrillFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private DrillFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Makes one.</summary>
    /// <param name="above">The folder that it is made in; it must be there.</param>
    /// <exception cref="BackupException">It cannot be made.</exception>
    public static DrillFolder Make(string above)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetFullPath(above), $"rsyncs3backup-drill-{Guid.NewGuid():N}");
        try
        {
            if (!Directory.Exists(above))
                throw new DirectoryNotFoundException("It is not there.");
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, OwnerOnly);
            return new DrillFolder(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(TestErrors.NoDrillFolder(above, exception.Message), exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Open(Path);
            // Links are removed, and not what they lead to.
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What stays can be read by this user alone, in a folder for what may be removed at any time.
        }
    }

    // What was restored may be closed even to its owner.
    private static void Open(string folder)
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
            return;
        File.SetUnixFileMode(folder, OwnerOnly);
        EnumerationOptions all = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        foreach (string below in Directory.EnumerateDirectories(folder, "*", all))
            Open(below);
    }
}
