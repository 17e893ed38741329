using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>-WhatIf and -Confirm:No touch nothing: no mirror, no bucket, no state.</summary>
public sealed class ShouldProcessTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly PowerShellSession session = PowerShellSession.Create();

    public ShouldProcessTests()
    {
        folder.Folder("source");
        File.WriteAllText(folder.File("source/a.txt"), "content");
        session.Run("param($State) $env:RSYNCS3BACKUP_STATE = $State", folder.File("state")).ThrowOnError();
    }

    public static TheoryData<string> Commands() =>
    [
        "Invoke-RsyncToS3Backup -Config $job",
        "$job | Invoke-RsyncToS3Backup",
        "Invoke-RsyncStage -Source $source -Destination $mirror",
        "Invoke-RsyncStage -Config $job",
        "Invoke-S3SyncStage -Path $source -BucketName my-backups -KeyPrefix a/ -Region us-east-1",
        "New-BackupConfiguration -Path $source/new.json -Source $source -Destination $mirror -LocalOnly",
    ];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Commands))]
    public void WhatIf_touches_nothing_and_emits_nothing(string command) => AssertUntouched(command + " -WhatIf");

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Commands))]
    public void Answering_no_touches_nothing_and_emits_nothing(string command)
    {
        session.Host.Answer = "No";

        AssertUntouched(command + " -Confirm");

        Assert.Single(session.Host.Questions);
    }

    [Fact]
    public void WhatIf_names_source_mirror_bucket_and_deletions()
    {
        string screen = session.Render(Prepare() + "Invoke-RsyncToS3Backup -Config $job -WhatIf");

        Assert.Contains(folder.File("source"), screen, StringComparison.Ordinal);
        string line = screen.ReplaceLineEndings("");
        Assert.Contains(
            $"What if: Back up job 'photos': copy {folder.File("source")} to the mirror {folder.File("mirror")}, and delete from the mirror what the sources no longer have. "
            + "Then send it to s3://my-backups/rsync/photos/.", line, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        session.Run("$env:RSYNCS3BACKUP_STATE = $null");
        session.Dispose();
        folder.Dispose();
    }

    private void AssertUntouched(string command)
    {
        SessionResult result = session.Run(Prepare() + command).ThrowOnError();

        Assert.Empty(result.Objects);
        Assert.Equal(["source", "source/a.txt"], Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder.Path, path)).Order());
    }

    private string Prepare() => $$"""
        $source = '{{folder.File("source")}}'; $mirror = '{{folder.File("mirror")}}'
        $job = @{
            name = 'photos'; backupType = 'rsync-to-s3'; sources = @(@{ path = $source })
            options = @{ rsync = @{ localDestination = $mirror; deleteExtraneous = $true; syncToS3 = @{ enabled = $true } } }
            destination = @{ bucket = 'my-backups'; region = 'us-east-1' }
        }

        """;
}
