using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Jobs;

/// <summary>
/// Whether somebody else could have written a job. A job says what is deleted and which programs run, so one that is found by its name is
/// trusted as ssh trusts a user's configuration (ssh_config(5), "strict permissions") and cron a crontab: when it belongs to the user or to
/// root, and nobody else may write it.
/// </summary>
internal static partial class JobFileSafety
{
    private const uint OthersWrite = 0x2;
    private const uint GroupWrites = 0x10;
    private const uint Sticky = 0x200;
    private const uint Root = 0;

    /// <summary>Why a file must not be trusted; null when it may, and when it cannot be looked at, which reading it says better.</summary>
    public static string? Problem(string path) => Check(
        () => OperatingSystem.IsWindows() ? WindowsProblem("it", new FileInfo(path).GetAccessControl()) : UnixFileProblem(path, CurrentUser()));

    /// <summary>Why no file of a folder must be trusted; null as above.</summary>
    public static string? FolderProblem(string folder) => Check(
        () => OperatingSystem.IsWindows()
            ? WindowsProblem("its folder", new DirectoryInfo(folder).GetAccessControl())
            : UnixProblem("its folder", FileAttributesReader.Read(RealPath.Of(folder)), CurrentUser()));

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
        return UnixProblem(entry.IsSymbolicLink ? "the link" : "it", entry, user)
            ?? (entry.IsSymbolicLink ? UnixProblem("it", FileAttributesReader.Read(RealPath.Of(path)), user) : null);
    }

    // Everybody who is logged on may add files below %ProgramData% unless somebody closed it.
    [SupportedOSPlatform("windows")]
    private static string? WindowsProblem(string what, FileSystemSecurity security)
    {
        const FileSystemRights changes = FileSystemRights.WriteData | FileSystemRights.AppendData | FileSystemRights.Delete
            | FileSystemRights.ChangePermissions | FileSystemRights.TakeOwnership;
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        WellKnownSidType[] administrators = [WellKnownSidType.LocalSystemSid, WellKnownSidType.BuiltinAdministratorsSid];
        WellKnownSidType[] everybody =
            [WellKnownSidType.WorldSid, WellKnownSidType.AuthenticatedUserSid, WellKnownSidType.BuiltinUsersSid, WellKnownSidType.AnonymousSid];
        if (security.GetOwner(typeof(SecurityIdentifier)) is SecurityIdentifier owner
            && owner != user.User && owner != user.Owner && !administrators.Any(owner.IsWellKnown))
            return $"{what} belongs to another user ({owner}).";
        // In a folder others may add files, which are theirs.
        FileSystemRights refused = security is DirectorySecurity ? changes & ~(FileSystemRights.WriteData | FileSystemRights.AppendData) : changes;
        return security.GetAccessRules(includeExplicit: true, includeInherited: true, typeof(SecurityIdentifier)).Cast<FileSystemAccessRule>()
            .Where(rule => rule.AccessControlType == AccessControlType.Allow && !rule.PropagationFlags.HasFlag(PropagationFlags.InheritOnly))
            .Any(rule => (rule.FileSystemRights & refused) != 0 && everybody.Any(((SecurityIdentifier)rule.IdentityReference).IsWellKnown))
                ? $"everybody may write {what}."
                : null;
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
    private static partial uint CurrentUser();
}
