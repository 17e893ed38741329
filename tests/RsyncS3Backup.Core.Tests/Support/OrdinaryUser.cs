using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>Whom the file system refuses what it refuses nobody who is root.</summary>
internal static partial class OrdinaryUser
{
    /// <summary>Linux' user and group of those who own nothing.</summary>
    private const uint Nobody = 65534;

    /// <summary>
    /// Runs something of one thread as a user without rights of its own. For root that is a thread whose identity for the file
    /// system is nobody's, which takes root's rights over files from it (setfsuid(2), capabilities(7)).
    /// </summary>
    public static void Run(Action action)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            action();
            return;
        }

        Skip.IfNot(OperatingSystem.IsLinux(), "Root may read everything, and only on Linux can a thread be another user.");
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                // Both give the identity before, also when they change none.
                _ = SetGroup(Nobody);
                _ = SetUser(Nobody);
                Assert.Equal((Nobody, Nobody), (SetGroup(Nobody), SetUser(Nobody)));
                action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial uint SetUser(uint id);

    [LibraryImport("libc", EntryPoint = "setfsgid")]
    private static partial uint SetGroup(uint id);
}
