using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Rsync;

namespace RsyncS3Backup.Input;

/// <summary>Paths as PowerShell means them.</summary>
/// <param name="cmdlet">Whose session has the drives and the current folder.</param>
internal sealed class FileSystemPaths(PSCmdlet cmdlet)
{
    /// <summary>A path of the file system, absolute; it need not exist. <c>~</c>, PowerShell's drives and $PWD are understood.</summary>
    /// <exception cref="BackupException">It is a path of another provider, or of no drive.</exception>
    internal string Resolve(string path)
    {
        try
        {
            string resolved = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return provider.Name == "FileSystem"
                ? resolved
                : throw new BackupException(ParameterErrors.NotAFileSystemPath(path, provider.Name));
        }
        catch (Exception exception) when (exception is SessionStateException or PSArgumentException or PSNotSupportedException)
        {
            throw new BackupException(ParameterErrors.PathNotResolved(path, exception.Message), exception);
        }
    }

    /// <summary>A source: a folder of the file system, as above, or an address on another machine as it is.</summary>
    /// <exception cref="BackupException">It is neither.</exception>
    internal string ResolveSource(string source)
    {
        // A drive of PowerShell's, such as Temp:, is written as a host is.
        bool isDrive = cmdlet.SessionState.Drive.GetAll().Any(drive => source.StartsWith(drive.Name + ":", StringComparison.OrdinalIgnoreCase)
            && !source.StartsWith(drive.Name + "::", StringComparison.OrdinalIgnoreCase));
        bool isOfProvider = source.StartsWith("FileSystem::", StringComparison.OrdinalIgnoreCase);
        if (isDrive || isOfProvider || !RemotePath.IsRemote(source))
            return Resolve(source);
        // Not with the value in the message, as other parameters do: it may hold a password.
        return ConfigurationRules.SourcePath(source) is { } problem
            ? throw new BackupException(RsyncErrors.SourceAddressInvalid(problem))
            : source;
    }

    /// <summary>The configuration files that a path with or without wildcards names; one that does not exist is left to the reader.</summary>
    /// <exception cref="BackupException">Nothing matches, or it is no path of the file system.</exception>
    internal IReadOnlyList<string> ResolveConfigurations(string path)
    {
        string literal = Resolve(path);
        if (File.Exists(literal))
            return [literal];
        if (!WildcardPattern.ContainsWildcardCharacters(path))
            return [Resolve(WildcardPattern.Unescape(path))];
        try
        {
            string[] files = [.. cmdlet.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _).Where(file => File.Exists(file) && !ConfigurationLayers.IsDefaults(file))];
            if (files.Length > 0)
                return files;
        }
        catch (ItemNotFoundException)
        {
            // The same as no match.
        }

        throw new BackupException(ParameterErrors.NoConfigurationMatches(path));
    }

    /// <summary>True for the path of a file that is there.</summary>
    internal bool IsFile(string path)
    {
        try
        {
            return File.Exists(Resolve(path));
        }
        catch (BackupException)
        {
            return false;
        }
    }
}
