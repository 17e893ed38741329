using System.Net;
using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>What a snapshot says of itself, and what is no word of this module.</summary>
public sealed class SnapshotManifestTests
{
    private static readonly SnapshotManifest Complete = new()
    {
        Job = "job",
        Mirror = "mirror",
        Host = "nas",
        IsComplete = true,
        Time = MemoryRun.Now,
        Objects = 5,
        Bytes = 6,
        Copied = 7,
        TransferredBytes = 8,
    };

    [Fact]
    public void A_complete_one_says_all_and_is_read_as_it_was_written()
    {
        Assert.Equal(Complete, SnapshotManifest.Parse(Complete.ToJson()));
        Assert.Equal(Complete with { Mirror = null }, SnapshotManifest.Parse((Complete with { Mirror = null }).ToJson()));
        SnapshotManifest late = Complete with { Written = Complete.Time.AddDays(3) };
        Assert.Equal(late, SnapshotManifest.Parse(late.ToJson()));
        Assert.Equal(Complete with { Host = null }, SnapshotManifest.Parse((Complete with { Host = null }).ToJson()));
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+$", Complete.ModuleVersion);
        string text = Encoding.UTF8.GetString(Complete.ToJson());
        Assert.Contains("RsyncS3Backup knows this snapshot by this object.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("host", Encoding.UTF8.GetString((Complete with { Host = null }).ToJson()), StringComparison.Ordinal);
        Assert.DoesNotContain("mirror", Encoding.UTF8.GetString((Complete with { Mirror = null }).ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_incomplete_one_says_nothing_of_what_it_holds() =>
        Assert.Equal(
            Complete with { IsComplete = false, Objects = 0, Bytes = 0, Copied = 0, TransferredBytes = 0 },
            SnapshotManifest.Parse((Complete with { IsComplete = false }).ToJson()));

    [Fact]
    public void One_that_is_in_an_archive_says_nothing()
    {
        Assert.True(SnapshotManifest.IsArchived(MemoryStore.Answer(HttpStatusCode.Forbidden, "InvalidObjectState")));
        Assert.False(SnapshotManifest.IsArchived(MemoryStore.Answer(HttpStatusCode.Forbidden, "AccessDenied")));
        Assert.False(SnapshotManifest.IsArchived(new IOException()));
        Assert.Equal(("", false, null), (SnapshotManifest.Unread.Job, SnapshotManifest.Unread.IsComplete, SnapshotManifest.Unread.Mirror));
    }

    [Theory]
    [InlineData("complete", true)]
    [InlineData("incomplete", false)]
    [InlineData("half", null)]
    [InlineData("", null)]
    public void Its_state_is_one_of_two_words(string status, bool? isComplete)
    {
        string json = $$"""{"status":"{{status}}","job":"j","time":"2026-03-31T02:00:00Z","moduleVersion":"9.8.7"}""";

        SnapshotManifest? read = SnapshotManifest.Parse(Encoding.UTF8.GetBytes(json));

        Assert.Equal(isComplete, read?.IsComplete);
        Assert.Equal(isComplete is null ? null : "9.8.7", read?.ModuleVersion);
        Assert.Equal(0, read?.Objects ?? 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"status":"complete","time":"2026-03-31T02:00:00Z","moduleVersion":"1"}""")]
    [InlineData("""{"status":"complete","job":"j","time":"tomorrow","moduleVersion":"1"}""")]
    [InlineData("""{"status":"complete","job":"j","time":"2026-03-31T02:00:00Z","moduleVersion":"1","objects":"many"}""")]
    public void Anything_else_is_no_manifest(string json) => Assert.Null(SnapshotManifest.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public async Task It_is_read_from_its_own_key_or_is_not_there()
    {
        MemoryStore store = new("d/");
        Assert.Null(await SnapshotManifest.ReadAsync(store, CancellationToken.None));
        store.Put("d/" + SnapshotManifest.RelativeKey, Complete.ToJson());

        Assert.Equal(Complete, await SnapshotManifest.ReadAsync(store, CancellationToken.None));
    }
}
