using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using RsyncS3Backup.State;

// The tests use a real rsync, file modes and symbolic links.
[assembly: UnsupportedOSPlatform("windows")]

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>Keeps the tests out of the user's own state folder.</summary>
internal static class TestState
{
    [ModuleInitializer]
    internal static void Move()
    {
        // Beside the tests, and emptied before them: the test host ends without running code that could clean up.
        string folder = Path.Combine(AppContext.BaseDirectory, "state");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Environment.SetEnvironmentVariable(StateFolder.EnvironmentVariable, folder);
    }
}
