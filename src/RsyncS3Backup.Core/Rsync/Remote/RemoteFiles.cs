using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>The files that a source on another machine needs here.</summary>
internal static class RemoteFiles
{
    /// <summary>Demands that they are there, and that rsync will take the password file.</summary>
    /// <exception cref="BackupException">One is not.</exception>
    public static void Demand(string source, RemoteSource remote)
    {
        if (remote.Ssh?.IdentityFile is { } identityFile && WhyNotReadable(identityFile) is { } identityProblem)
            throw new BackupException(RsyncErrors.IdentityFileUnusable(source, identityFile, identityProblem));
        if (remote.Ssh?.KnownHostsFile is { } knownHostsFile && WhyNotReadable(knownHostsFile) is { } knownHostsProblem)
            throw new BackupException(RsyncErrors.KnownHostsFileUnusable(source, knownHostsFile, knownHostsProblem));
        if (remote.PasswordFile is { } passwordFile && (WhyNotReadable(passwordFile) ?? WhyNotSecret(passwordFile)) is { } passwordProblem)
            throw new BackupException(RsyncErrors.PasswordFileUnusable(source, passwordFile, passwordProblem));
    }

    private static string? WhyNotReadable(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return "it does not exist";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message.TrimEnd('.');
        }
    }

    /// <summary>What rsync itself would refuse (authenticate.c, getpassf), so that it is known before it starts.</summary>
    private static string? WhyNotSecret(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;
        if ((File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            return "others may read or write it, and rsync refuses such a file";
        return Environment.IsPrivilegedProcess && FileAttributesReader.Read(RealPath.Of(path)).UserId != 0
            ? "it belongs to another user, and rsync running as root refuses such a file"
            : null;
    }
}
