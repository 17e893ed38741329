using System.Diagnostics;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A file system in memory with little room, mounted at a folder. Linux, as the superuser.</summary>
internal sealed class SmallDrive : IDisposable
{
    private readonly string folder;

    private SmallDrive(string folder) => this.folder = folder;

    /// <summary>Mounts it, or skips the test where that is forbidden.</summary>
    public static SmallDrive Mount(string folder, string size)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a small drive.");
        Skip.If(Run("mount", "-t", "tmpfs", "-o", "size=" + size, "none", folder) != 0, "This machine forbids mounting.");
        return new SmallDrive(folder);
    }

    /// <summary>Another view of a folder, or of a part of it, at a second place; or skips the test.</summary>
    public static SmallDrive MountAgain(string folder, string place)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a folder a second time.");
        Skip.If(Run("mount", "--bind", folder, place) != 0, "This machine forbids mounting.");
        return new SmallDrive(place);
    }

    public void Resize(string size) => Assert.Equal(0, Run("mount", "-o", "remount,size=" + size, folder));

    public void MakeReadOnly() => Assert.Equal(0, Run("mount", "-o", "remount,ro", folder));

    public void Dispose() => Run("umount", "--lazy", folder);

    private static int Run(string tool, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
