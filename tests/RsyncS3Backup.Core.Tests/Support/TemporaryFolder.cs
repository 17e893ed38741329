namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A folder of its own, removed at the end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("rsyncs3backup-test-").FullName;

    public string Path { get; }

    /// <summary>The path of an entry in it.</summary>
    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>Writes a file, and the folders above it; gives its path.</summary>
    public string File(string relative, string content = "")
    {
        string path = this[relative];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Makes a folder, and those above it; gives its path.</summary>
    public string Folder(string relative) => Directory.CreateDirectory(this[relative]).FullName;

    /// <summary>It is this user's alone until then; also others may look into it now. Unix only.</summary>
    public void LetOthersIn() =>
        System.IO.File.SetUnixFileMode(Path, System.IO.File.GetUnixFileMode(Path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // Names that are not UTF-8 cannot be deleted from .NET; the temporary folder is cleaned by the system.
        }
    }
}
