using System.Text;
using RsyncS3Backup.Core.Tests.State;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What is done about the paths that a journal names, as they are in the mirror and in the catalog.</summary>
public sealed class JournalPlannerTests : CatalogHarness
{
    private readonly StageReport report = new(context: null);

    private string Mirror => Folder.Folder("mirror");

    [Fact]
    public void What_is_gone_is_deleted_and_so_is_all_that_was_in_a_folder()
    {
        Folder.File("mirror/stays");

        Assert.Equal(
            ["Delete file", "Delete folder/a", "Delete folder/b/c"],
            Plan(["file", "folder/a", "folder/b/c", "folder.txt", "stays"], [Change("file"), Change("folder")]));
    }

    [Fact]
    public void A_path_that_cannot_be_read_protects_the_rows_beneath_it()
    {
        Folder.File("mirror/bad/there");

        // A journal may name what is no path below the mirror: it is treated as one that is there and cannot be read.
        Assert.Equal(["Delete gone", "Protect bad/."], Plan(["bad/./in it", "gone"], [Change("bad/."), Change("gone")]));
        Assert.Equal(1, report.Failed);
    }

    [Theory]
    [InlineData(BackupChangeKind.Created, 1)]
    [InlineData(BackupChangeKind.Updated, 1)]
    [InlineData(BackupChangeKind.Deleted, 0)]
    public void A_name_that_is_not_UTF8_fails_unless_it_was_deleted(BackupChangeKind kind, int failed)
    {
        Assert.Empty(Plan([], [new BackupChange(kind, BackupEntryType.File, 1, [0xFF], [])]));
        Assert.Equal(failed, report.Failed);
        Assert.All(report.FailedItems(), item => Assert.Equal("NameNotUtf8", item.Id));
    }

    [Fact]
    public void A_path_that_is_named_twice_or_was_changed_back_is_decided_once_by_what_is_there()
    {
        Folder.File("mirror/new", "x");

        Assert.Equal(
            ["Create new", "Delete gone"],
            Plan(["gone"], [Change("new", BackupChangeKind.Deleted), Change("gone"), Change("new", BackupChangeKind.Created), Change("gone")]));
    }

    private List<string> Plan(string[] known, BackupChange[] changes, params string[] due)
    {
        Fill(known.Select(key => Entry(key)));
        using Catalog catalog = Open();
        JournalPlanner planner = new(new MirrorWalker(Mirror, report), catalog, report);
        return [.. planner.Plan(changes, due, CancellationToken.None).Select(action => $"{action.Kind} {action.RelativeKey}").Order(StringComparer.Ordinal)];
    }

    private static BackupChange Change(string path, BackupChangeKind kind = BackupChangeKind.Deleted) =>
        new(kind, BackupEntryType.File, 1, Encoding.UTF8.GetBytes(path), []);
}
