namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>Where the repository and the staged module are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The staged module's folder: the newest version in out/.</summary>
    public static string StagedModule { get; } = FindStagedModule();

    public static string Manifest => Path.Combine(StagedModule, "RsyncS3Backup.psd1");

    public static string Assembly(string name) => Path.Combine(StagedModule, "bin", name + ".dll");

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RsyncS3.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No RsyncS3.sln above {AppContext.BaseDirectory}.");
    }

    private static string FindStagedModule()
    {
        DirectoryInfo output = new(Path.Combine(FindRoot(), "out", "RsyncS3Backup"));
        DirectoryInfo? newest = output.Exists
            ? output.GetDirectories().Where(folder => Version.TryParse(folder.Name, out _)).MaxBy(folder => Version.Parse(folder.Name))
            : null;
        if (newest is null || !File.Exists(Path.Combine(newest.FullName, "RsyncS3Backup.psd1")))
        {
            throw new InvalidOperationException(
                "No module is staged in out/RsyncS3Backup. Run './build.sh build' or 'dotnet publish src/RsyncS3Backup -c Release' first.");
        }

        return newest.FullName;
    }
}
