using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Each guard's override, given for one run.</summary>
public sealed class OverrideTests : EndToEndTest
{
    [Fact]
    [Trait("Category", "Slow")]
    public void MaxDelete_allows_or_forbids_deletions_in_mirror_and_bucket_for_one_run()
    {
        string job = WriteJob(("options.rsync.deleteExtraneous", true), ("options.rsync.syncToS3.deleteFromS3", true));
        WriteFile("source/a.txt", "kept");
        WriteFile("source/gone.txt", "gone");
        BackupWell(job);
        File.Delete(Folder.File("source/gone.txt"));

        Assert.Equal(["DeleteLimitExceeded"], With("Invoke-RsyncToS3Backup", job, "-MaxDelete 0").ErrorIds());
        Assert.Equal(["DeleteLimitExceeded"], With("Invoke-RsyncStage -ConfigPath", job, "-MaxDelete 0", keys: false).ErrorIds());
        Assert.Contains("gone.txt", Objects().Keys);
        With("Invoke-RsyncToS3Backup", job, "-MaxDelete 1").ThrowOnError();
        Assert.DoesNotContain("gone.txt", Objects().Keys);
    }

    [Fact]
    public void A_limit_that_cannot_be_runs_nothing()
    {
        string job = WriteJob();
        WriteFile("source/a.txt", "a");

        Assert.Equal(["InvalidParameter"], With("Invoke-RsyncToS3Backup", job, "-MaxDelete many").ErrorIds());
        Assert.False(Directory.Exists(Mirror));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("Invoke-RsyncToS3Backup", true)]
    [InlineData("Invoke-RsyncStage -ConfigPath", false)]
    public void AllowNewDestination_takes_an_empty_folder_where_a_mirror_was(string command, bool keys)
    {
        string job = WriteJob();
        WriteFile("source/a.txt", "a");
        BackupWell(job);
        Directory.Delete(Mirror, recursive: true);
        Directory.CreateDirectory(Mirror);

        Assert.Equal(["DestinationNotMounted"], With(command, job, "", keys).ErrorIds());
        With(command, job, "-AllowNewDestination", keys).ThrowOnError();
        With(command, job, "", keys).ThrowOnError();
    }

    [Fact]
    public void AllowEmptySource_lets_stage_2_alone_send_an_empty_mirror()
    {
        string job = WriteJob(("options.rsync.syncToS3.deleteFromS3", true));
        WriteFile("source/a.txt", "a");
        BackupWell(job);
        foreach (string file in Directory.GetFiles(Mirror, "*.txt", SearchOption.AllDirectories))
            File.Delete(file);
        foreach (string folder in Directory.GetDirectories(Mirror))
            Directory.Delete(folder, recursive: true);

        Assert.Equal(["MirrorEmpty"], With("Invoke-S3SyncStage -ConfigPath", job, "").ErrorIds());
        With("Invoke-S3SyncStage -ConfigPath", job, "-AllowEmptySource").ThrowOnError();
        Assert.Empty(Objects());
    }

    private SessionResult With(string command, string job, string arguments, bool keys = true) =>
        Session.Run($"param($Path) {command} $Path {(keys ? "@keys" : "")} {arguments}", job);
}
