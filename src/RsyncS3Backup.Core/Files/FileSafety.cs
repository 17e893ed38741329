using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;

namespace RsyncS3Backup.Files;

/// <summary>
/// Whether somebody else could have written a file. A job says what is deleted and which programs run, so one that is found by its name is
/// trusted as ssh trusts a user's configuration (ssh_config(5), "strict permissions") and cron a crontab: when it belongs to the user or to
/// root, and nobody else may write it.
/// </summary>
internal static partial class FileSafety
{
    private const uint OthersWrite = 0x2;
    private const uint GroupWrites = 0x10;
    private const uint Sticky = 0x200;
    private const uint Root = 0;

    // The owner of Windows' own files.
    private const string TrustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";

    /// <summary>The programs that take others' rights away, as in a message.</summary>
    public static string HowToClose => OperatingSystem.IsWindows() ? "icacls, or its Security tab" : "chmod go-w, setfacl -b";

    /// <summary>Why a file must not be trusted; null when it may, and when it cannot be looked at, which reading it says better.</summary>
    public static string? Problem(string path) => Check(
        () => OperatingSystem.IsWindows() ? WindowsProblem("it", new FileInfo(path).GetAccessControl()) : UnixFileProblem(path, CurrentUser()));

    /// <summary>Why no file of a folder must be trusted; null as above.</summary>
    public static string? FolderProblem(string folder) => Check(
        () => OperatingSystem.IsWindows()
            ? WindowsProblem("its folder", new DirectoryInfo(folder).GetAccessControl())
            : UnixProblem("its folder", RealPath.Of(folder), CurrentUser())
                ?? (AboveProblem(folder) is { } above ? $"somebody else can replace its folder. {above}" : null));

    /// <summary>
    /// What is wrong with what a path leads to, which is to be a file; null as above. A pipe would hold up whoever lists the jobs, or completes a name, for ever.
    /// </summary>
    public static string? KindProblem(string path) =>
        Check(() => FileAttributesReader.TryRead(RealPath.Of(path)) is { IsRegularFile: false } ? "it is not a file." : null);

    /// <summary>
    /// Why a file or folder must not be trusted, or one of the folders above it, of which whoever may write to one can rename what is in it; null
    /// as above.
    /// </summary>
    public static string? PathProblem(string path) => Problem(path) is { } problem ? $"'{path}': {problem}" : AboveProblem(path);

    /// <summary>The same of the folders above alone.</summary>
    public static string? AboveProblem(string path)
    {
        // Rights there are inherited from above, and those of a drive's root say nothing of what is deeper.
        if (OperatingSystem.IsWindows())
            return null;
        for (string? folder = Path.GetDirectoryName(RealPath.Of(path)); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string above = folder;
            string? problem = Check(() => AboveProblem(FileAttributesReader.Read(above), AccessList.Read(above), CurrentUser()));
            if (problem is not null)
                return $"'{folder}': {problem}";
        }

        return null;
    }

    /// <summary>
    /// Whether everybody may pass through the folders above a path to what is in it. Of the path itself nothing is asked: its mode may be somebody
    /// else's to choose. False on Windows, and where it cannot be found out.
    /// </summary>
    public static bool OthersReach(string path)
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            for (string? folder = Path.GetDirectoryName(RealPath.Of(path)); folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (Directory.Exists(folder) && (File.GetUnixFileMode(folder) & UnixFileMode.OtherExecute) == 0)
                    return false;
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What is wrong with a folder above. Pure.</summary>
    /// <param name="folder">Its attributes.</param>
    /// <param name="accessList">Its list; null when it has none.</param>
    /// <param name="user">Who would run what is beneath.</param>
    internal static string? AboveProblem(FileAttributesSnapshot folder, byte[]? accessList, uint user)
    {
        // What the owner of a container's own folders looks like from inside.
        const uint overflow = 65534;
        // Groups up to there are the distribution's: those of Debian's /usr/local, for one, are as good as root.
        const uint lastOfSystem = 99;
        FileAttributesSnapshot known = folder with
        {
            UserId = folder.UserId == overflow ? Root : folder.UserId,
            GroupId = folder.GroupId <= lastOfSystem || accessList is not null ? Root : folder.GroupId,
        };
        return UnixProblem("it", known, user) ?? ListProblem("it", folder, accessList, user);
    }

    /// <summary>What is wrong with an entry's owner and mode. Pure.</summary>
    /// <param name="what">The entry, as in a message.</param>
    /// <param name="entry">Its attributes.</param>
    /// <param name="user">Who would run the job.</param>
    internal static string? UnixProblem(string what, FileAttributesSnapshot entry, uint user)
    {
        if (entry.UserId != Root && entry.UserId != user)
            return string.Create(CultureInfo.InvariantCulture, $"{what} belongs to another user (id {entry.UserId}).");
        // The mode of a link means nothing. In a sticky folder others can add files, which are theirs, and cannot replace ours.
        if (entry.IsSymbolicLink || (entry.IsFolder && (entry.Mode & Sticky) != 0))
            return null;
        if ((entry.Mode & OthersWrite) != 0)
            return $"everybody may write {what}.";
        // A user's own group usually is the user alone. What root runs is for root's group only.
        return (entry.Mode & GroupWrites) != 0 && user == Root && entry.GroupId != Root
            ? string.Create(CultureInfo.InvariantCulture, $"a group (id {entry.GroupId}) may write {what}, and root would run it.")
            : null;
    }

    private static string? UnixFileProblem(string path, uint user)
    {
        FileAttributesSnapshot entry = FileAttributesReader.Read(path);
        return entry.IsSymbolicLink
            ? UnixProblem("the link", entry, user) ?? UnixProblem("it", RealPath.Of(path), user)
            : UnixProblem("it", path, user);
    }

    private static string? UnixProblem(string what, string path, uint user)
    {
        FileAttributesSnapshot entry = FileAttributesReader.Read(path);
        byte[]? accessList = AccessList.Read(path);
        // With a list, the mode's group is everybody whom the list names.
        FileAttributesSnapshot known = accessList is null ? entry : entry with { GroupId = Root };
        return UnixProblem(what, known, user) ?? ListProblem(what, entry, accessList, user);
    }

    private static string? ListProblem(string what, FileAttributesSnapshot entry, byte[]? accessList, uint user) =>
        accessList is not null && !(entry.IsFolder && (entry.Mode & Sticky) != 0) && AccessList.OtherWriter(accessList, user) is { } other
            ? $"an access control list lets {other} write {what}."
            : null;

    /// <summary>Why a folder is not this user's own, nor the administrators' or the system's; null as above.</summary>
    [SupportedOSPlatform("windows")]
    public static string? OwnerProblem(string folder) => Check(() => WindowsOwnerProblem("it", new DirectoryInfo(folder).GetAccessControl()));

    /// <summary>True for a folder that more than a few accounts may read or write. False where it cannot be found out.</summary>
    [SupportedOSPlatform("windows")]
    public static bool IsOpenToMany(string folder) =>
        Check(() => AllowsMany(new DirectoryInfo(folder).GetAccessControl(), FileSystemRights.Modify) ? "" : null) is not null;

    // Everybody who is logged on may add files below %ProgramData% unless somebody closed it.
    [SupportedOSPlatform("windows")]
    private static string? WindowsProblem(string what, FileSystemSecurity security)
    {
        const FileSystemRights changes = FileSystemRights.WriteData | FileSystemRights.AppendData | FileSystemRights.Delete
            | FileSystemRights.ChangePermissions | FileSystemRights.TakeOwnership;
        // In a folder others may add files, which are theirs.
        FileSystemRights refused = security is DirectorySecurity ? changes & ~(FileSystemRights.WriteData | FileSystemRights.AppendData) : changes;
        return WindowsOwnerProblem(what, security) ?? (AllowsMany(security, refused) ? $"everybody may write {what}." : null);
    }

    [SupportedOSPlatform("windows")]
    private static string? WindowsOwnerProblem(string what, FileSystemSecurity security)
    {
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        WellKnownSidType[] administrators = [WellKnownSidType.LocalSystemSid, WellKnownSidType.BuiltinAdministratorsSid];
        return security.GetOwner(typeof(SecurityIdentifier)) is SecurityIdentifier owner
            && owner != user.User && owner != user.Owner && !administrators.Any(owner.IsWellKnown) && owner.Value != TrustedInstaller
                ? $"{what} belongs to another user ({owner})."
                : null;
    }

    [SupportedOSPlatform("windows")]
    private static bool AllowsMany(FileSystemSecurity security, FileSystemRights rights) =>
        security.GetAccessRules(includeExplicit: true, includeInherited: true, typeof(SecurityIdentifier)).Cast<FileSystemAccessRule>()
            .Where(rule => rule.AccessControlType == AccessControlType.Allow && !rule.PropagationFlags.HasFlag(PropagationFlags.InheritOnly))
            .Any(rule => (rule.FileSystemRights & rights) != 0 && IsManyAccounts(rule.IdentityReference.Value));

    /// <summary>
    /// True for a group of Windows that anybody may be in who is not the administrator: it stands for how somebody came, or for all users of a machine or
    /// a domain. Pure. Source: "Well-known SIDs" of the Win32 documentation.
    /// </summary>
    /// <param name="sid">The group's SID.</param>
    internal static bool IsManyAccounts(string sid)
    {
        // Everyone; local; console logon; dialup; network; batch; interactive; anonymous; authenticated users; terminal server users; remote
        // interactive; this organization; local account; users; guests; power users; remote desktop users; all application packages.
        string[] groups =
        [
            "S-1-1-0", "S-1-2-0", "S-1-2-1", "S-1-5-1", "S-1-5-2", "S-1-5-3", "S-1-5-4", "S-1-5-7", "S-1-5-11", "S-1-5-13", "S-1-5-14", "S-1-5-15",
            "S-1-5-113", "S-1-5-32-545", "S-1-5-32-546", "S-1-5-32-547", "S-1-5-32-555", "S-1-15-2-1", "S-1-15-2-2",
        ];
        // A domain's, or machine's, guest; its users, guests and computers.
        string[] ofDomain = ["-501", "-513", "-514", "-515"];
        return groups.Contains(sid)
            || (sid.StartsWith("S-1-5-21-", StringComparison.Ordinal) && ofDomain.Any(end => sid.EndsWith(end, StringComparison.Ordinal)));
    }

    private static string? Check(Func<string?> check)
    {
        try
        {
            return check();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint CurrentUser();
}
