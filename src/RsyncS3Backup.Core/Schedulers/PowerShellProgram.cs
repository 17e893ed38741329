using System.Runtime.InteropServices;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers;

/// <summary>Finds the PowerShell that a scheduler can start, also after PowerShell's next update.</summary>
internal static class PowerShellProgram
{
    // Folders whose names hold a version or a hash: what they hold is gone after an update.
    private static readonly string[] Versioned = ["/snap/", "/nix/store/", "/gnu/store/", "/Cellar/", "/Caskroom/", @"\WindowsApps\Microsoft.PowerShell_"];

    // What an application that brings its own .NET has beside it (hostfxr_resolver.cpp).
    private static readonly string[] HostLibraries = ["libhostfxr.so", "libhostfxr.dylib", "hostfxr.dll"];

    /// <summary>The absolute path.</summary>
    /// <exception cref="BackupException">There is none.</exception>
    public static string Find() =>
        Choose(Environment.ProcessPath, ProgramFinder.Find("pwsh"), StableNames(), FinalTarget)
            ?? throw new BackupException(NativeScheduleErrors.ShellNotFound());

    /// <summary>The choice.</summary>
    /// <param name="running">The program of this process.</param>
    /// <param name="onPath">The first pwsh on the PATH; null: none.</param>
    /// <param name="stable">Names that package managers keep, of those that exist.</param>
    /// <param name="finalTarget">What a link leads to in the end.</param>
    internal static string? Choose(string? running, string? onPath, IEnumerable<string> stable, Func<string, string> finalTarget)
    {
        bool isShell = running is not null
            && Path.GetFileNameWithoutExtension(running.Replace('\\', '/')).Equals("pwsh", StringComparison.OrdinalIgnoreCase);
        if (!isShell)
            return onPath;
        // A link on the PATH to what runs here is the name that outlives it.
        if (onPath is not null && (finalTarget(onPath) == running || finalTarget(onPath) == finalTarget(running!)))
            return onPath;
        return Array.Exists(Versioned, part => running!.Contains(part, StringComparison.OrdinalIgnoreCase))
            ? stable.FirstOrDefault() ?? onPath ?? running
            : running;
    }

    /// <summary>The folder of the .NET that a PowerShell needs and does not bring along, as the .NET tool does; null: it brings
    /// it, or there is none.</summary>
    public static string? RuntimeOf(string program)
    {
        string folder = Path.GetDirectoryName(FinalTarget(program))!;
        if (Array.Exists(HostLibraries, library => File.Exists(Path.Combine(folder, library))))
            return null;
        // Of this process, which is often that very PowerShell: <root>/shared/Microsoft.NETCore.App/<version>/.
        string own = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string? named = Environment.GetEnvironmentVariable("DOTNET_ROOT");
        string? found = ProgramFinder.Find("dotnet") is { } dotnet ? Path.GetDirectoryName(FinalTarget(dotnet)) : null;
        return ((string?[])[own, named, found])
            .FirstOrDefault(root =>
                root is not null && Path.IsPathFullyQualified(root) && Directory.Exists(Path.Combine(root, "host", "fxr")))
            ?.TrimEnd(Path.DirectorySeparatorChar);
    }

    private static IEnumerable<string> StableNames()
    {
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        string[] names = OperatingSystem.IsWindows()
            ? [Path.Combine(local, "Microsoft", "WindowsApps", "pwsh.exe")]
            : ["/snap/bin/pwsh", "/run/current-system/sw/bin/pwsh", "/opt/homebrew/bin/pwsh", "/usr/local/bin/pwsh"];
        return names.Where(File.Exists);
    }

    private static string FinalTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
