using System.Globalization;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>Folders below the repository's <c>out</c>, for this process alone: suites of one assembly run side by side.</summary>
internal static class ProcessFolder
{
    /// <summary>Makes an empty one; gives its path.</summary>
    public static string Make(string name)
    {
        // Not beside the assembly: what looks for source files there would meet what tests make, links to /proc among it.
        string all = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../out/tests", name));
        // The test host ends without running code that could clean up, so those who come later do it.
        foreach (string left in Directory.Exists(all) ? Directory.GetDirectories(all) : [])
        {
            if (!BelongsToAnother(Path.GetFileName(left)))
                Remove(left);
        }

        return Directory.CreateDirectory(Path.Combine(all, Environment.ProcessId.ToString(CultureInfo.InvariantCulture))).FullName;
    }

    private static bool BelongsToAnother(string name)
    {
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == Environment.ProcessId)
            return false;
        try
        {
            using System.Diagnostics.Process process = System.Diagnostics.Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Another process that starts at the same time is at it too.
        }
    }
}
