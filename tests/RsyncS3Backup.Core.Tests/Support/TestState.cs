using System.Runtime.CompilerServices;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>Keeps the tests out of the user's own state folder.</summary>
internal static class TestState
{
    private static TemporaryFolder? folder;

    [ModuleInitializer]
    internal static void Move()
    {
        folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable(StateFolder.EnvironmentVariable, folder.Path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
    }
}
