using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>A mirror of one job that lies in that of another: to rsync it is something that no source has.</summary>
public sealed class NestedMirrorTests : RsyncStageHarness
{
    private readonly string outerJob = "outer-" + Guid.NewGuid().ToString("N");
    private readonly string innerJob = "inner-" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("inner")]
    [InlineData("deep/in [it]/inner")]
    public async Task A_mirror_in_a_mirror_is_neither_entered_nor_deleted(string place)
    {
        string inner = Path.Combine(Mirror, place);
        Directory.CreateDirectory(Path.GetDirectoryName(inner)!);
        Files.File("source/of-inner");
        await SucceedsAsync(innerJob, Options with { LocalDestination = inner });
        IReadOnlyList<string> before = [.. HostileTree.Entries(inner).Select(entry => entry.FullName)];
        Files.File("source/of-outer");
        Files.File($"source/{place}/from-the-source");

        RsyncStageResult outer = await RunAsync(outerJob, Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.Unlimited });

        Assert.Equal(BackupStatus.SucceededWithWarnings, outer.Status);
        Assert.Contains(inner, Assert.Single(outer.Warnings), StringComparison.Ordinal);
        Assert.Equal(before, HostileTree.Entries(inner).Select(entry => entry.FullName));
        Assert.True(File.Exists(Path.Combine(Mirror, "of-outer")));
        await SucceedsAsync(innerJob, Options with { LocalDestination = inner });
    }

    [Fact]
    public async Task A_new_mirror_in_the_mirror_of_another_job_is_refused_until_that_is_said_to_be_meant()
    {
        Files.File("source/a");
        await SucceedsAsync(outerJob, Options);
        RsyncOptions inner = Options with { LocalDestination = Path.Combine(Mirror, "inner") };

        RsyncStageResult refused = await RunAsync(innerJob, inner);

        Assert.Equal(("DestinationInMirror", BackupExitCode.Refused), (refused.Error?.Id, refused.Error?.ExitCode));
        Assert.Contains(outerJob, refused.Error!.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(inner.LocalDestination));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(innerJob, inner, allowNew: true)).Status);
    }

    [Fact]
    public async Task A_copy_of_a_mirror_is_an_ordinary_folder()
    {
        Files.File("source/a");
        await SucceedsAsync(outerJob, Options with { LocalDestination = Files["elsewhere"] });
        Directory.CreateDirectory(Path.Combine(Source, "copy"));
        foreach (string file in Directory.GetFiles(Files["elsewhere"]))
            File.Copy(file, Path.Combine(Source, "copy", Path.GetFileName(file)));

        await SucceedsAsync(innerJob, Options);

        Assert.True(File.Exists(Path.Combine(Mirror, "copy", MirrorMarker.FileName)));
        Assert.Contains($"copy/{MirrorMarker.FileName}", Walk());
    }

    [Fact]
    public async Task The_walk_of_a_mirror_protects_the_keys_of_one_that_lies_in_it()
    {
        Files.File("source/a");
        await SucceedsAsync(innerJob, Options with { LocalDestination = Files.Folder("mirror/inner") });
        Files.File("mirror/inner.txt");

        Assert.Equal(["inner.txt", "inner/ (Unreadable)"], Walk());
    }

    private IEnumerable<string> Walk() => new MirrorWalker(Mirror, new StageReport(context: null)).Walk(CancellationToken.None)
        .Select(entry => entry.Kind == MirrorEntryKind.Unreadable ? $"{entry.RelativeKey} (Unreadable)" : entry.RelativeKey);

    private async Task SucceedsAsync(string job, RsyncOptions options)
    {
        RsyncStageResult result = await RunAsync(job, options);
        Assert.True(result.Status == BackupStatus.Succeeded, $"{result.Error} {string.Join(' ', result.Warnings)}");
    }

    private Task<RsyncStageResult> RunAsync(string job, RsyncOptions options, bool allowNew = false)
    {
        JobName = job;
        return RunAsync(Request with { Options = options, AllowNewDestination = allowNew });
    }
}
