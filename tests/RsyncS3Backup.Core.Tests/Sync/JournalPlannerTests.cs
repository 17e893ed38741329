using System.Text;
using RsyncS3Backup.Core.Tests.State;
using RsyncS3Backup.Files;
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

    [Fact]
    public void What_is_not_there_and_was_not_is_nothing() => Assert.Empty(Plan([], [Change("nothing")]));

    [Fact]
    public void What_a_folder_and_its_own_name_tell_is_decided_once() =>
        Assert.Equal(["Delete folder/a"], Plan(["folder/a"], [Change("folder"), Change("folder/a"), Change("folder")]));

    [Fact]
    public void A_folder_that_got_its_first_entry_loses_its_marker_and_one_that_lost_its_last_gets_it()
    {
        Folder.File("mirror/d/x");
        Folder.Folder("mirror/e");

        Assert.Equal(
            ["Create d/x", "Create e/", "Delete d/", "Delete e/y"],
            Plan(["d/", "e/y"], [Change("d/x", BackupChangeKind.Created), Change("e/y")]));
    }

    [Fact]
    public void A_file_that_became_a_folder_goes_before_what_is_in_the_folder_comes()
    {
        Folder.File("mirror/d/x");

        Assert.Equal(["Delete d", "Create d/x"], InOrder(["d"], [Change("d/x", BackupChangeKind.Created)]));
    }

    [Fact]
    public void A_folder_that_became_a_file_is_replaced_with_all_that_was_in_it()
    {
        Folder.File("mirror/f");
        Folder.File("mirror/g");

        Assert.Equal(
            ["Create f replaces", "Delete f/a", "Delete f/b/c", "Create g"],
            InOrder(["f/a", "f/b/c", "fa"], [Change("f", BackupChangeKind.Created), Change("g", BackupChangeKind.Created)]));
    }

    [Fact]
    public void What_S3_has_as_a_file_was_no_folder()
    {
        Folder.File("mirror/f");

        Assert.Equal(["Update f"], Plan(["f", "f/a"], [Change("f", BackupChangeKind.Updated)]));
    }

    [Fact]
    public void The_name_that_a_hard_link_was_made_of_comes_before_it()
    {
        Folder.File("mirror/z");
        Folder.File("mirror/b");
        Folder.File("mirror/c");

        Assert.Equal(
            ["Create z", "Create b"],
            InOrder([], [new BackupChange(BackupChangeKind.HardLinked, BackupEntryType.File, 1, "b"u8.ToArray(), "z"u8.ToArray())]));
        Assert.Equal(["Create c"], InOrder([], [new BackupChange(BackupChangeKind.Created, BackupEntryType.File, 1, "c"u8.ToArray(), "z"u8.ToArray())]));
    }

    [Fact]
    public void The_other_names_of_a_file_are_looked_at_too()
    {
        Fill([Entry("a") with { LinkGroup = 1 }, Entry("b") with { LinkGroup = 1 }, Entry("c"), Entry("d") with { LinkGroup = 2 }]);

        Assert.Equal(["Delete a", "Delete b"], Decide([Change("a")]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Whose_other_name_an_excluded_file_was_is_not_known_so_all_that_have_several_are_looked_at()
    {
        Fill([Entry("a") with { LinkGroup = 1 }, Entry("c")]);

        Assert.Equal(["Delete a"], Decide([Change("x.tmp")]));
        Assert.Empty(Decide([Change("x")]));
    }

    [Fact]
    public void A_plan_can_be_cancelled() =>
        Assert.Throws<OperationCanceledException>(() => Decide([Change("x")], new CancellationToken(canceled: true)));

    [Fact]
    public void The_other_names_of_a_file_are_those_that_it_had_and_those_that_it_has()
    {
        Fill([Entry("a") with { LinkGroup = 1 }, Entry("b") with { LinkGroup = 1 }, Entry("c") with { LinkGroup = 2 }, Entry("d")]);
        using Catalog catalog = Open();
        CatalogEntry row = catalog.Find("a")!;
        MirrorEntry linked = new("a", "/m/a", MirrorEntryKind.File, new FileAttributesSnapshot { Mode = 0x81A4, Inode = 2, LinkCount = 2 });

        Assert.Equal(["b"], EntryDecision.OtherNames(catalog, "a", row, null));
        Assert.Equal(["c"], EntryDecision.OtherNames(catalog, "a", null, linked));
        Assert.Equal(["b", "c"], EntryDecision.OtherNames(catalog, "a", row, linked));
        Assert.Equal(["b"], EntryDecision.OtherNames(catalog, "a", row, linked with { Attributes = linked.Attributes with { LinkCount = 1 } }));
        Assert.Empty(EntryDecision.OtherNames(catalog, "d", catalog.Find("d"), null));
        Assert.Empty(EntryDecision.OtherNames(catalog, "d", null, null));
    }

    [Fact]
    public void What_is_due_to_be_deleted_is_looked_for_once_more()
    {
        Folder.File("mirror/back", "x");

        Assert.Equal(["Compare back", "Delete folder/", "Delete gone"], Plan(["back", "folder/", "gone", "waits"], [], "gone", "back", "folder/"));
    }

    private List<string> InOrder(string[] known, BackupChange[] changes)
    {
        Fill(known.Select(key => Entry(key)));
        return Decide(changes);
    }

    private List<string> Decide(BackupChange[] changes, CancellationToken cancellationToken = default)
    {
        using Catalog catalog = Open();
        JournalPlanner planner = new(new MirrorWalker(Mirror, report, new ExcludePatterns(["*.tmp"])), catalog, report);
        return [.. planner.Plan(changes, [], cancellationToken)
            .Select(action => $"{action.Kind} {action.RelativeKey}{(action.ReplacesFolder ? " replaces" : "")}")];
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
