using System.Diagnostics;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A real file system in a small file, mounted at a folder. Linux, as the superuser; with the packages that build.sh installs.</summary>
internal sealed class LoopDrive : IDisposable
{
    private static readonly Lazy<bool> MayMount = new(() =>
    {
        using TemporaryFolder tried = new();
        return Run("mount", "-t", "tmpfs", "none", tried.Path) == 0 && Run("umount", tried.Path) == 0;
    });

    private readonly string image;
    private readonly string folder;
    private string? device;

    private LoopDrive(string image, string folder) => (this.image, this.folder) = (image, folder);

    /// <summary>The folder.</summary>
    public string Path => folder;

    /// <summary>The file that it lies in.</summary>
    public string Image => image;

    /// <summary>Makes one and mounts it, or skips the test where that is not possible.</summary>
    /// <param name="kind">One of the kinds below.</param>
    /// <param name="folder">The folder, which is made.</param>
    public static LoopDrive Mount(string kind, string folder)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a drive.");
        Directory.CreateDirectory(folder);
        Skip.IfNot(MayMount.Value, "This machine forbids mounting.");
        LoopDrive drive = new(folder + ".image", folder);
        try
        {
            drive.Make(kind);
            return drive;
        }
        catch
        {
            drive.Dispose();
            throw;
        }
    }

    /// <summary>Mounts it again. Only of a kind that the kernel has.</summary>
    public void PlugIn() => Demand("mount", "-o", "loop", image, folder);

    /// <summary>Takes it from the folder, as if it were pulled out: what is open on it stays so, and nothing new is found.</summary>
    public void PullOut() => Demand("umount", "--lazy", folder);

    /// <summary>Loses all that lies behind some byte of it, as a disk that fails there; what the system holds in memory is still read.</summary>
    /// <param name="length">Bytes that are left.</param>
    /// <param name="forgotten">A file that the system shall not hold in memory.</param>
    public void CutAfter(long length, string forgotten)
    {
        Demand("sync", "--file-system", folder);
        File.Copy(image, image + ".whole");
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(length);
        Demand("dd", "if=" + forgotten, "iflag=nocache", "count=0", "status=none");
    }

    /// <summary>Undoes <see cref="CutAfter"/>.</summary>
    public void Mend()
    {
        Demand("umount", "--lazy", folder);
        File.Move(image + ".whole", image, overwrite: true);
        PlugIn();
    }

    public void Dispose()
    {
        // FUSE ends a moment after what it served was closed.
        if (Run("umount", folder) != 0)
            Run("umount", "--lazy", folder);
        if (device is not null)
            Run("losetup", "--detach", device);
        File.Delete(image);
    }

    private void Make(string kind)
    {
        const long mebibyte = 1 << 20;
        switch (kind)
        {
            case "tmpfs":
                Demand("mount", "-t", "tmpfs", "-o", "size=16m", "none", folder);
                return;
            case "overlay":
                MakeOverlay();
                return;
        }

        using (FileStream file = File.Create(image))
            file.SetLength(kind is "xfs" ? 300 * mebibyte : kind is "btrfs" ? 110 * mebibyte : 16 * mebibyte);
        switch (kind)
        {
            case "ext4":
                Demand("mkfs.ext4", "-q", "-F", image);
                break;
            case "ext3-small-inodes":
                Demand("mkfs.ext3", "-q", "-F", "-I", "128", image);
                break;
            case "xfs":
                Demand("mkfs.xfs", "-q", "-f", image);
                break;
            case "btrfs":
                Demand("mkfs.btrfs", "-q", "-f", image);
                break;
            case "ntfs":
                Demand("mkntfs", "-q", "-F", "-f", image);
                Demand("ntfs-3g", image, folder);
                return;
            case "exfat":
                Demand("mkfs.exfat", image);
                device = Output("losetup", "--find", "--show", image).Trim();
                Demand("mount.exfat-fuse", device, folder);
                return;
            default:
                throw new ArgumentException(kind, nameof(kind));
        }

        Demand("mount", "-o", "loop", image, folder);
        string found = System.IO.Path.Combine(folder, "lost+found");
        if (Directory.Exists(found))
            Directory.Delete(found);
    }

    // Its upper side must not be an overlay itself, as the root of a container is.
    private void MakeOverlay()
    {
        string sides = folder + ".sides";
        Directory.CreateDirectory(sides);
        Demand("mount", "-t", "tmpfs", "-o", "size=16m", "none", sides);
        try
        {
            foreach (string side in (string[])["lower", "upper", "work"])
                Directory.CreateDirectory(System.IO.Path.Combine(sides, side));
            Demand("mount", "-t", "overlay", "-o", $"lowerdir={sides}/lower,upperdir={sides}/upper,workdir={sides}/work", "none", folder);
        }
        finally
        {
            // The overlay holds on to them.
            Run("umount", "--lazy", sides);
        }
    }

    private static void Demand(string tool, params string[] arguments) => Output(tool, arguments);

    private static string Output(string tool, params string[] arguments)
    {
        (int code, string output) = Start(tool, arguments);
        // build.sh installs all that is needed there.
        bool mustWork = File.Exists("/etc/debian_version");
        Skip.If(code != 0 && !mustWork, $"This machine cannot do it: {tool} {string.Join(' ', arguments)}: {output}");
        Assert.True(code == 0, $"{tool} {string.Join(' ', arguments)}: {output}");
        return output;
    }

    private static int Run(string tool, params string[] arguments) => Start(tool, arguments).Code;

    private static (int Code, string Output) Start(string tool, string[] arguments)
    {
        // What is for administrators is not on everybody's PATH.
        string? path = ((string[])["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).Select(folder => System.IO.Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        if (path is null)
            return (127, "it is not installed");
        // A server of FUSE goes on in the background, and would keep a pipe of ours open.
        string log = System.IO.Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1 </dev/null", "sh", log, path, .. arguments]);
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return (process.ExitCode, File.ReadAllText(log));
        }
        finally
        {
            File.Delete(log);
        }
    }
}
