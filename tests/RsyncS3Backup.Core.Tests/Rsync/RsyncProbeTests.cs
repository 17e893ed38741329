using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

[Collection(FakeRsync.Collection)]
public sealed class RsyncProbeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_rsync_on_the_path_is_found()
    {
        RsyncProgram program = await RsyncProbe.FindAsync(null, CancellationToken.None);
        Assert.True(Path.IsPathFullyQualified(program.Path));
        Assert.True(program.Version >= RsyncProbe.Oldest);
    }

    [Theory]
    [InlineData("/nowhere/rsync")]
    [InlineData("no-such-rsync")]
    public async Task A_missing_rsync_comes_with_advice(string path)
    {
        BackupError error = await ErrorAsync(path);
        Assert.Equal(("RsyncNotFound", BackupErrorCategory.NotInstalled), (error.Id, error.Category));
        Assert.Contains("nstall", error.RecommendedAction);
        Assert.Equal(path, error.Target);
    }

    [Theory]
    [InlineData("3.1.2", false)]
    [InlineData("2.6.9", false)]
    [InlineData("3.1.3", true)]
    [InlineData("3.4.0pre1", true)]
    [InlineData("v3.2.7-12-g1234abcd", true)]
    [InlineData("4.0", true)]
    public async Task A_version_is_new_enough_or_not(string version, bool isEnough)
    {
        FakeRsync fake = FakeRsync.Make(folder, "exit 0", version);
        if (isEnough)
            Assert.Equal(version.TrimStart('v'), (await RsyncProbe.FindAsync(fake.Path, CancellationToken.None)).VersionText);
        else
            Assert.Equal("RsyncTooOld", (await ErrorAsync(fake.Path)).Id);
    }

    [Theory]
    [InlineData("openrsync: protocol version 29\nrsync version 2.6.9 compatible\n")]
    [InlineData("rsync  version 3.9.0 (openrsync)\n")]
    [InlineData("hello\n")]
    [InlineData("")]
    public void Another_program_of_that_name_is_refused(string text)
    {
        BackupError error = Assert.Throws<BackupException>(() => RsyncProbe.Parse("/usr/bin/rsync", text)).Error;
        Assert.Equal("RsyncNotSupported", error.Id);
    }

    [Fact]
    public void Capabilities_are_what_it_does_not_say_no_to()
    {
        const string text = """
            rsync  version 3.5.0  protocol version 32
            Copyright (C) 1996-2026 by Andrew Tridgell, Wayne Davison, and others.
            Capabilities:
                64-bit files, symlinks, hardlinks, IPv6, ACLs,
                no xattrs, optional secluded-args
            Optimizations:
                SIMD-roll
            """;
        RsyncProgram program = RsyncProbe.Parse("/usr/bin/rsync", text);
        Assert.Equal(new Version(3, 5, 0), program.Version);
        Assert.Equal(["64-bit files", "ACLs", "IPv6", "hardlinks", "optional secluded-args", "symlinks"],
            program.Capabilities.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_same_program_is_asked_once_and_a_changed_one_again()
    {
        FakeRsync fake = FakeRsync.Make(folder, "exit 0");
        await RsyncProbe.FindAsync(fake.Path, CancellationToken.None);
        await RsyncProbe.FindAsync(fake.Path, CancellationToken.None);
        Assert.Equal(1, fake.VersionQuestions);
        File.SetLastWriteTimeUtc(fake.Path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await RsyncProbe.FindAsync(fake.Path, CancellationToken.None);
        Assert.Equal(2, fake.VersionQuestions);
    }

    private static async Task<BackupError> ErrorAsync(string path) =>
        (await Assert.ThrowsAsync<BackupException>(() => RsyncProbe.FindAsync(path, CancellationToken.None))).Error;
}
