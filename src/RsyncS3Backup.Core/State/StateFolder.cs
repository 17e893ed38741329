using System.Buffers;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Principal;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RsyncS3Backup.Files;

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
    private const uint GroupWrites = 0x10;
    private const uint OthersWrite = 0x2;
    private const uint Sticky = 0x200;

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
    /// <exception cref="StateFolderUnsafeException">Others may have written what is there.</exception>
    public static string PathFor(string jobName)
    {
        string root = Root();
        string path = System.IO.Path.Combine(root, FolderName(jobName));
        Require(path, root);
        return path;
    }

    /// <summary>A folder below the job's folder, made if it is not there.</summary>
    public string Folder(string name)
    {
        string path = System.IO.Path.Combine(Path, name);
        CreateOwnerOnly(path);
        return path;
    }

    /// <summary>Creates a file that only its user may read; other processes may read it while it is written.</summary>
    public static FileStream CreateFile(string path, FileOptions options = FileOptions.None) => OwnFile.Create(path, options);

    /// <summary>Opens a file to write at its end, and creates it as <see cref="CreateFile"/> does where it is missing.</summary>
    public static FileStream AppendFile(string path)
    {
        OwnFile.RequirePlain(path);
        FileStreamOptions open = new() { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows())
            open.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, open);
    }

    /// <summary>Writes a JSON object to a file that only its user may read: the old file or the whole new one is there, also after a crash.</summary>
    internal static void Replace(string path, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> content = new();
        using (Utf8JsonWriter json = new(content, JsonOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        OwnFile.Replace(path, content.WrittenSpan);
    }

    /// <summary>Reads a JSON object that <see cref="Replace"/> wrote, where nothing is lost when it cannot be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads what it holds.</param>
    /// <param name="otherwise">Where there is none, or it is damaged.</param>
    internal static T Read<T>(Func<string> path, Func<JsonElement, T> read, T otherwise)
    {
        try
        {
            string file = path();
            if (!File.Exists(file))
                return otherwise;
            using JsonDocument document = JsonDocument.Parse(InUse.ReadAllBytes(file));
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return otherwise;
        }
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

    private static void CreateOwnerOnly(string path) => Make(path, Root());

    /// <summary>Makes a folder of the state, every level for its user only.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="root">The root of the state that it is in.</param>
    /// <exception cref="StateFolderUnsafeException">Somebody else could have written what is there.</exception>
    internal static void Make(string path, string root)
    {
        if (OperatingSystem.IsWindows())
        {
            MakeOnWindows(path, root);
            return;
        }

        Require(path, root);
        // Level by level: those above the last would get the rights that the process gives by itself.
        for (Stack<string> missing = Missing(path); missing.TryPop(out string? level);)
            Directory.CreateDirectory(level, OwnerOnlyFolder);
        Require(path, root);
    }

    // Below %ProgramData% everybody may read what is new, and add to it; and may have made the folder before us.
    [SupportedOSPlatform("windows")]
    private static void MakeOnWindows(string path, string root)
    {
        if (!Directory.Exists(root))
        {
            if (System.IO.Path.GetDirectoryName(root) is { } above)
                Directory.CreateDirectory(above);
            new DirectoryInfo(root).Create(OwnersOnly(presentOwner: null));
        }

        RequireOwner(root);
        Close(new DirectoryInfo(root));
        Directory.CreateDirectory(path);
    }

    [SupportedOSPlatform("windows")]
    private static void RequireOwner(string root)
    {
        if (Directory.Exists(root) && FileSafety.OwnerProblem(root) is { } problem)
            throw new StateFolderUnsafeException(root, problem.TrimEnd('.'));
    }

    /// <summary>Closes one that was made without a thought, and makes one of an administrator's the administrators', which SYSTEM trusts too.</summary>
    [SupportedOSPlatform("windows")]
    private static void Close(DirectoryInfo root)
    {
        SecurityIdentifier? owner = root.GetAccessControl().GetOwner(typeof(SecurityIdentifier)) as SecurityIdentifier;
        bool isPersonal = Environment.IsPrivilegedProcess && owner?.IsWellKnown(WellKnownSidType.BuiltinAdministratorsSid) == false
            && !owner.IsWellKnown(WellKnownSidType.LocalSystemSid);
        bool isOpen = FileSafety.IsOpenToMany(root.FullName);
        if (!isOpen && !isPersonal)
            return;
        try
        {
            DirectorySecurity security = isOpen ? OwnersOnly(owner) : root.GetAccessControl();
            if (isPersonal)
                security.SetOwner(new SecurityIdentifier(WellKnownSidType.BuiltinAdministratorsSid, null));
            root.SetAccessControl(security);
        }
        catch (Exception exception) when (isOpen && exception is UnauthorizedAccessException or InvalidOperationException)
        {
            throw new StateFolderUnsafeException(root.FullName, "others may read it or write to it");
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or InvalidOperationException)
        {
            // SYSTEM will say that it belongs to somebody else, where that matters.
        }
    }

    [SupportedOSPlatform("windows")]
    private static DirectorySecurity OwnersOnly(SecurityIdentifier? presentOwner)
    {
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        SecurityIdentifier?[] owners =
        [
            user.User,
            presentOwner,
            new SecurityIdentifier(WellKnownSidType.LocalSystemSid, null),
            new SecurityIdentifier(WellKnownSidType.BuiltinAdministratorsSid, null),
        ];
        DirectorySecurity ownersOnly = new();
        ownersOnly.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        foreach (SecurityIdentifier owner in owners.OfType<SecurityIdentifier>().Distinct())
        {
            ownersOnly.AddAccessRule(new FileSystemAccessRule(
                owner, FileSystemRights.FullControl, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None,
                AccessControlType.Allow));
        }

        return ownersOnly;
    }

    private static Stack<string> Missing(string path)
    {
        Stack<string> missing = new();
        for (string? level = path; level is not null && !Directory.Exists(level); level = System.IO.Path.GetDirectoryName(level))
            missing.Push(level);
        return missing;
    }

    /// <summary>Demands that nobody else can have put anything into a folder of the state, or can move it away.</summary>
    private static void Require(string path, string root)
    {
        if (OperatingSystem.IsWindows())
        {
            RequireOwner(root);
            return;
        }

        for (string? level = path; level is not null; level = level == root ? null : System.IO.Path.GetDirectoryName(level))
        {
            if (FileAttributesReader.TryRead(level) is not { } found)
                continue;
            if (found.IsSymbolicLink && level == root)
                found = FileAttributesReader.TryRead(RealPath.Of(level)) is { } real && IsTrusted(found) ? real : found;
            if (!IsTrusted(found))
                throw new StateFolderUnsafeException(level, $"it belongs to another user (id {found.UserId})");
            // Making a folder there says what is wrong.
            if (!found.IsFolder)
                continue;
            // One that this user made without a thought, or that an earlier version made.
            if (IsOpen(found) && found.UserId == FileSafety.CurrentUser())
                Close(level);
            else if (IsOpen(found))
                throw new StateFolderUnsafeException(level, "others may write to it");
        }

        if (FileSafety.AboveProblem(root) is { } problem)
            throw new StateFolderUnsafeException(root, "others may replace it: " + problem.TrimEnd('.'));
    }

    private static bool IsTrusted(FileAttributesSnapshot entry) => entry.UserId == 0 || entry.UserId == FileSafety.CurrentUser();

    private static bool IsOpen(FileAttributesSnapshot folder) => (folder.Mode & (GroupWrites | OthersWrite)) != 0 && (folder.Mode & Sticky) == 0;

    private static void Close(string folder)
    {
        using FolderHandle handle = UnixCalls.OpenRoot(RealPath.Of(folder));
        UnixCalls.TryChangeMode(handle, (uint)OwnerOnlyFolder);
    }
}

/// <summary>Somebody else can write to the state, or could have.</summary>
/// <param name="folder">The folder.</param>
/// <param name="reason">Why, as in a message.</param>
internal sealed class StateFolderUnsafeException(string folder, string reason) : UnauthorizedAccessException(
    $"'{folder}' is not used for the module's state, because {reason}.")
{
    /// <summary>The folder.</summary>
    public string Folder => folder;
}
