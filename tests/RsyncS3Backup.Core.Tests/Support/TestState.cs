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
    internal static void Move() => Environment.SetEnvironmentVariable(StateFolder.EnvironmentVariable, ProcessFolder.Make("state"));
}
