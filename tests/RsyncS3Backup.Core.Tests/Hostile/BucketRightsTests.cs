using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Recovery;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Somebody who may write to the bucket wants a program that runs as root, or to look into what was closed.</summary>
public sealed class BucketRightsTests : RestoreHarness
{
    private const UnixFileMode Special = UnixFileMode.SetUser | UnixFileMode.SetGroup;

    [SkippableTheory]
    [InlineData("0104755", null, null)]
    [InlineData("0104755", "4294967295", "4294967295")]
    [InlineData("0106755", "0", null)]
    [InlineData("0106755", null, "0")]
    [InlineData("0104755", "0", "0")]
    public async Task No_object_makes_a_program_that_runs_as_somebody_else(string mode, string? owner, string? group)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such programs");
        PutWithMode("a", mode, owner, group);
        PutWithMode("folder/", "04" + mode[2..], owner, group);

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(0, (int)(ModeOf("a") & Special));
        Assert.Equal(0, (int)(ModeOf("folder") & Special));
        Assert.Contains(result.Warnings, text => text.Contains("-PreserveSpecialBits", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData(null, "0")]
    [InlineData("0", null)]
    [InlineData("0", "4294967295")]
    [InlineData("4294967295", "0")]
    [InlineData("-1", "0")]
    public async Task Not_even_when_it_is_asked_for_where_the_object_does_not_say_whose_it_is(string? owner, string? group)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such programs");
        PutWithMode("a", "0106755", owner, group);
        PutWithMode("folder/", "0042755", owner, group);

        await RestoreAsync(Restore() with { PreserveSpecialBits = true });

        Assert.Equal(0, (int)(ModeOf("a") & Special));
        Assert.Equal(0, (int)(ModeOf("folder") & Special));
    }

    [SkippableFact]
    public async Task When_it_is_asked_for_it_comes_back_as_it_was()
    {
        Skip.If(OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess, "only root may give files away");
        PutWithMode("a", "0106755", "12", "34");
        PutWithMode("folder/", "0042755", "12", "34");

        await RestoreWellAsync(Restore() with { PreserveSpecialBits = true });

        Assert.Equal(Special, ModeOf("a") & Special);
        Assert.Equal(UnixFileMode.SetGroup, ModeOf("folder") & Special);
    }

    [SkippableFact]
    public async Task A_program_that_is_there_keeps_what_it_has()
    {
        Skip.If(OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess, "only root may give files away");
        PutWithMode("a", "0104755", "0", "0");
        await RestoreWellAsync(Restore() with { PreserveSpecialBits = true });

        await RestoreAsync(Restore());

        Assert.Equal(UnixFileMode.SetUser, ModeOf("a") & Special);
    }

    [SkippableFact]
    public async Task Folders_of_which_the_bucket_says_nothing_are_closed()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no modes");
        Put("private/deeper/diary.txt", "dear diary");
        PutWithMode("open/", "0040755", null, null);

        await RestoreWellAsync(Restore());

        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal((ownerOnly, ownerOnly, ownerOnly), (ModeOf(""), ModeOf("private"), ModeOf("private/deeper")));
        Assert.NotEqual(ownerOnly, ModeOf("open"));
    }

    private UnixFileMode ModeOf(string name) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(Path.Combine(Target, name));

    private void PutWithMode(string key, string mode, string? owner, string? group)
    {
        List<(string, string)> metadata = [("file-permissions", mode), ("file-mtime", "1700000000000000000ns")];
        if (owner is not null)
            metadata.Add(("file-owner", owner));
        if (group is not null)
            metadata.Add(("file-group", group));
        Put(key, key.EndsWith('/') ? "" : "#!/bin/sh", [.. metadata]);
    }
}
