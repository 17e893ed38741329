using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RsyncS3Backup.State;

/// <summary>
/// The per-user folder for what the module remembers, one folder a job. <c>RSYNCS3BACKUP_STATE</c> moves it. Everything in it is readable by
/// its user only.
/// </summary>
internal sealed class StateFolder
{
    /// <summary>The environment variable that moves the state folder.</summary>
    public const string EnvironmentVariable = "RSYNCS3BACKUP_STATE";

    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonWriterOptions JsonOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private StateFolder(string path) => Path = path;

    /// <summary>The job's folder; it exists.</summary>
    public string Path { get; }

    /// <summary>The folder of a job, made if it is not there.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    public static StateFolder ForJob(string jobName)
    {
        string path = PathFor(jobName);
        CreateOwnerOnly(path);
        return new StateFolder(path);
    }

    /// <summary>Where the folder of a job is, or would be made.</summary>
    public static string PathFor(string jobName) => System.IO.Path.Combine(Root(), FolderName(jobName));

    /// <summary>A folder below the job's folder, made if it is not there.</summary>
    public string Folder(string name)
    {
        string path = System.IO.Path.Combine(Path, name);
        CreateOwnerOnly(path);
        return path;
    }

    /// <summary>Creates a file that only its user may read; other processes may read it while it is written.</summary>
    public static FileStream CreateFile(string path, FileOptions options = FileOptions.None) =>
        Open(path, FileMode.Create, FileAccess.ReadWrite, options);

    /// <summary>Opens a file to write at its end, and creates it as <see cref="CreateFile"/> does where it is missing.</summary>
    public static FileStream AppendFile(string path) => Open(path, FileMode.Append, FileAccess.Write, FileOptions.None);

    /// <summary>Writes a JSON object to a file that only its user may read: the old file or the whole new one is there, also after a crash.</summary>
    internal static void Replace(string path, Action<Utf8JsonWriter> write)
    {
        string temporary = path + ".tmp";
        try
        {
            // A file of an earlier crash may be anybody's to read.
            File.Delete(temporary);
            using (FileStream file = CreateFile(temporary))
            {
                using (Utf8JsonWriter json = new(file, JsonOptions))
                {
                    json.WriteStartObject();
                    write(json);
                    json.WriteEndObject();
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static FileStream Open(string path, FileMode mode, FileAccess access, FileOptions options)
    {
        FileStreamOptions open = new()
        {
            Mode = mode,
            Access = access,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = options,
        };
        if (!OperatingSystem.IsWindows())
            open.UnixCreateMode = OwnerOnlyFile;
        return new FileStream(path, open);
    }

    /// <summary>The root of all state: the platform's own place for it.</summary>
    public static string Root()
    {
        if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } moved)
            return System.IO.Path.GetFullPath(moved);
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows())
            return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "RsyncS3Backup");
        if (OperatingSystem.IsMacOS())
            return System.IO.Path.Combine(home, "Library", "Application Support", "RsyncS3Backup");
        string? stateHome = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        // The XDG specification says that a relative path there is invalid and must be ignored.
        string parent = System.IO.Path.IsPathRooted(stateHome) ? stateHome : System.IO.Path.Combine(home, ".local", "state");
        return System.IO.Path.Combine(parent, "rsyncs3backup");
    }

    /// <summary>Makes the root of all state if it is not there.</summary>
    internal static void CreateRoot() => CreateOwnerOnly(Root());

    /// <summary>
    /// A job's folder name: the name itself where every file system takes it, else what can be kept of it and a hash of the whole, so that
    /// two jobs never share a folder.
    /// </summary>
    internal static string FolderName(string jobName)
    {
        string kept = new([.. jobName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')]);
        kept = kept.TrimStart('.').TrimEnd('.');
        const int longest = 80;
        if (kept == jobName && kept.Length is > 0 and <= longest && !kept.Any(char.IsAsciiLetterUpper))
            return kept;
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(jobName)))[..8].ToLowerInvariant();
        return $"{kept[..Math.Min(kept.Length, longest)].ToLowerInvariant()}-{hash}";
    }

    private static void CreateOwnerOnly(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnlyFolder);
    }
}
