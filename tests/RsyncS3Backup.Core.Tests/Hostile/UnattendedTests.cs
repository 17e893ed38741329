using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Schedulers;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Somebody who may change one of the files that a scheduler starts as another user.</summary>
public sealed partial class UnattendedTests : IDisposable
{
    private const uint Somebody = 12345;

    private readonly TemporaryFolder files = new();

    public void Dispose() => files.Dispose();

    [SkippableTheory]
    [InlineData("etc/job.json")]
    [InlineData("etc")]
    [InlineData("module/RsyncS3Backup/1.0.0/en-US/launcher.ps1")]
    [InlineData("module/RsyncS3Backup/1.0.0/bin/Core.dll")]
    [InlineData("module/RsyncS3Backup")]
    [InlineData("module")]
    [InlineData("bin/pwsh")]
    [InlineData("bin/rsync")]
    [InlineData("hooks/before.sh")]
    [InlineData("patterns")]
    public void What_somebody_else_can_change_is_named(string path)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give files away");
        (ScheduleRegistration registration, BackupConfiguration configuration) = Make();
        Assert.Null(ScheduleSafety.Problem(registration, configuration));

        Assert.Equal(0, ChangeOwner(files[path], Somebody, Somebody));
        string? foreign = ScheduleSafety.Problem(registration, configuration);
        Assert.Equal(0, ChangeOwner(files[path], 0, 0));
        File.SetUnixFileMode(files[path], File.GetUnixFileMode(files[path]) | UnixFileMode.OtherWrite);
        string? open = ScheduleSafety.Problem(registration, configuration);

        Assert.Contains($"'{files[path]}': it belongs to another user", foreign, StringComparison.Ordinal);
        Assert.Contains($"'{files[path]}': everybody may write it", open, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("host:/data", "755", true)]
    [InlineData("rsync://host/module", "755", true)]
    [InlineData("host:/data", "710", false)]
    [InlineData("/data", "755", false)]
    public void A_mirror_that_others_reach_is_told_where_another_machine_chooses_its_modes(string source, string aboveMode, bool isTold)
    {
        Skip.If(OperatingSystem.IsWindows(), "has modes");
        string mirror = Directory.CreateDirectory(files["above/folder/mirror"]).FullName;
        files.LetOthersIn();
        File.SetUnixFileMode(files["above"], (UnixFileMode)Convert.ToInt32(aboveMode, 8));
        // Of the mirror itself the other machine chooses the mode.
        File.SetUnixFileMode(mirror, UnixFileMode.UserRead);
        BackupConfiguration job = new()
        {
            Name = "job",
            Sources = [new BackupSource { Path = source }],
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = mirror } },
        };

        string? told = JobDoubts.OpenMirror(job);

        Assert.Equal(isTold, told is not null);
        if (isTold)
            Assert.Contains(source, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 1001u, 7, 7, "user 1001")]
    [InlineData(8, 0u, 6, 7, "group 0")]
    [InlineData(2, 1000u, 7, 7, null)]
    [InlineData(2, 0u, 7, 7, null)]
    [InlineData(2, 1001u, 4, 7, null)]
    [InlineData(2, 1001u, 7, 4, null)]
    public void A_list_says_who_else_may_write(int tag, uint id, int rights, int mask, string? writer)
    {
        byte[] list = [2, 0, 0, 0, .. Entry(1, 6, uint.MaxValue), .. Entry(tag, rights, id), .. Entry(4, 4, uint.MaxValue), .. Entry(16, mask, uint.MaxValue)];

        Assert.Equal(writer, AccessList.OtherWriter(list, user: 1000));
    }

    [SkippableFact]
    public void A_list_is_read_where_the_file_has_one()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "has lists of Linux");
        string path = files.File("job.json");
        byte[] list =
        [
            2, 0, 0, 0, .. Entry(1, 6, uint.MaxValue), .. Entry(2, 6, Somebody), .. Entry(4, 4, uint.MaxValue), .. Entry(16, 6, uint.MaxValue),
            .. Entry(32, 4, uint.MaxValue),
        ];
        Skip.IfNot(SetAttribute(path, "system.posix_acl_access", list, list.Length, 0) == 0, "this file system keeps no lists");

        Assert.Equal($"an access control list lets user {Somebody} write it.", FileSafety.Problem(path));
    }

    private static byte[] Entry(int tag, int rights, uint id)
    {
        byte[] entry = new byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)tag);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), (ushort)rights);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), id);
        return entry;
    }

    private (ScheduleRegistration Registration, BackupConfiguration Configuration) Make()
    {
        BackupConfiguration configuration = new()
        {
            Name = "job",
            Path = files.File("etc/job.json"),
            Sources = [],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions { LocalDestination = "/mirror", RsyncPath = files.File("bin/rsync"), PatternFiles = [files.File("patterns")] },
            },
            Hooks = new HookOptions { Before = new HookCommand { Script = files.File("hooks/before.sh") } },
        };
        files.File("module/RsyncS3Backup/1.0.0/bin/Core.dll");
        ScheduleRegistration registration = new()
        {
            JobName = "job",
            Program = files.File("bin/pwsh"),
            Launcher = files.File("module/RsyncS3Backup/1.0.0/en-US/launcher.ps1"),
            Trigger = new NativeTrigger { Calendar = [], Minutes = [] },
        };
        return (registration, configuration);
    }

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "setxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAttribute(string path, string name, byte[] value, nint size, int flags);
}
