using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What of the mirror waits, is not sent, or stays in S3, because something other than stage 1 may have done it.</summary>
public sealed class ChangeGuardTests : IDisposable
{
    private readonly MemoryRun run = new();
    private ChangeGuard? guard;

    public ChangeGuardTests()
    {
        run.Request = run.Request with { Options = run.Request.Options with { ExcludePatterns = ["*.tmp"] } };
        run.Counters.StartFrom(new MirrorSummary(true, 20, 0, ""), 20);
        // Stage 1 has run, and changed this.
        Stage1("stage1", "folder/stage1");
    }

    public void Dispose()
    {
        guard?.Dispose();
        run.Dispose();
    }

    [Theory]
    // What is to be done; what the catalog says; the kind of the entry; whether it waits.
    [InlineData("Update", "ours", "File", true)]
    [InlineData("Update", "ours", "SymbolicLink", true)]
    [InlineData("Update", "ours", "Folder", false)]
    [InlineData("Update", "leftover", "File", false)]
    [InlineData("Update", "not ours", "File", false)]
    [InlineData("Update", "refuted", "File", false)]
    [InlineData("Update", "nothing", "File", false)]
    [InlineData("Compare", "ours", "File", true)]
    [InlineData("Compare", "same time", "File", false)]
    [InlineData("Compare", "refuted", "File", false)]
    [InlineData("Create", "nothing", "File", false)]
    [InlineData("Keep", "ours", "File", false)]
    [InlineData("Metadata", "ours", "File", false)]
    public void What_stage_1_did_not_do_to_a_file_that_S3_has_waits(string kind, string row, string entry, bool waits)
    {
        SyncAction action = Action(kind, "a", row, entry);

        Assert.Equal(waits, Guard.Holds(action));
        Assert.Equal(waits ? ["a"] : [], Guard.Release(100));
        Assert.Equal(waits ? 1 : 0, run.Report.Warnings().Count);
    }

    [Theory]
    [InlineData("stage1", false)]
    [InlineData("folder/stage1", false)]
    [InlineData("folder/other", true)]
    public void What_stage_1_did_does_not_wait(string key, bool waits) => Assert.Equal(waits, Guard.Holds(Action("Update", key)));

    [Fact]
    public void Of_a_file_with_several_names_stage_1_may_have_told_another_one()
    {
        run.Catalog.Put(MemoryRun.Row("stage1") with { LinkGroup = 7 });
        SyncAction action = Action("Update", "b");
        action = action with { Row = action.Row! with { LinkGroup = 7 } };
        run.Catalog.Put(action.Row);

        Assert.False(Guard.Holds(action));
        Assert.True(Guard.Holds(action with { Row = action.Row with { LinkGroup = 8 } }));
    }

    [Theory]
    [InlineData("another mirror")]
    [InlineData("no catalog")]
    [InlineData("a doubtful journal")]
    public void Where_it_is_not_known_what_stage_1_did_nothing_waits_and_nothing_is_kept(string what)
    {
        if (what == "a doubtful journal")
            ChangeJournal.Start(run.JobName, "run2", run.Request.MirrorPath, keepsEarlier: true).Dispose();
        guard = Make(isMirrorOfJob: what != "another mirror", what == "no catalog" ? null : run.Catalog);

        Assert.False(guard.Holds(Action("Update", "a")));
        Assert.False(guard.Keeps(MemoryRun.Gone(MemoryRun.Row("a"))));
        Assert.Empty(guard.Release(100));
        Assert.False(run.Report.HasWarnings);
    }

    [Theory]
    [InlineData("50%", true)]
    [InlineData("off", false)]
    public void Where_changes_are_limited_all_of_them_wait_until_they_are_counted(string limit, bool waits)
    {
        run.Request = run.Request with { MaxChange = Limit(limit) };

        Assert.Equal(waits, Guard.Holds(Action("Update", "stage1")));
        // Without its row it is known from the listing only that S3 has something else.
        Assert.Equal(waits, Guard.Holds(Action("Update", "b", "listed")));
        Assert.Equal(waits ? ["stage1", "b"] : [], Guard.Release(100));
        Assert.False(run.Report.HasWarnings);
    }

    [Theory]
    [InlineData("Create", "listed", false)]
    [InlineData("Update", "listed", true)]
    [InlineData("Update", "listed and refuted", false)]
    [InlineData("Update", "listed and not ours", false)]
    [InlineData("Update", "nothing", false)]
    public void Only_new_content_of_a_file_that_S3_has_counts_against_the_limit(string kind, string row, bool counts)
    {
        run.Request = run.Request with { MaxChange = Limit("0") };

        Assert.Equal(counts, Guard.Holds(Action(kind, "a", row)));
    }

    [Theory]
    // Of 100 files 50 may be changed by others, of 20 ten... or as the default says of a source.
    [InlineData(100, 90, false)]
    [InlineData(100, 91, true)]
    [InlineData(20, 18, false)]
    [InlineData(20, 19, true)]
    public void More_than_somebody_changes_by_hand_is_refused(long existing, int count, bool isRefused)
    {
        for (int i = 0; i < count; i++)
            Guard.Holds(Action("Update", $"a{i}"));

        BackupError? error = Refusal(() => Guard.Release(existing));

        Assert.Equal(isRefused ? "MirrorChangedOutside" : null, error?.Id);
        if (isRefused)
            Assert.Contains($"changed or removed {count} of {existing} files", error!.Message, StringComparison.Ordinal);
        run.Request = run.Request with { AllowChangedMirror = true };
        using ChangeGuard allowing = Make();
        for (int i = 0; i < count; i++)
            allowing.Holds(Action("Update", $"a{i}"));
        Assert.Equal(count, allowing.Release(existing).Count());
    }

    [Fact]
    public void What_was_changed_and_what_was_removed_count_together_and_are_named()
    {
        for (int i = 0; i < 4; i++)
            Guard.Holds(Action("Update", $"changed{i}"));
        for (int i = 0; i < 3; i++)
            Guard.Keeps(MemoryRun.Gone(MemoryRun.Row($"gone{i}")));

        Assert.Equal("MirrorChangedOutside", Refusal(() => Guard.Release(7))?.Id);
        Assert.Equal(["changed0", "changed1", "changed2", "changed3"], Guard.Release(8));
        Assert.Contains(
            "changed 4 files of the mirror", Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
        Assert.Contains(
            "removed 3 files: 'changed0', 'changed1', 'changed2', 'changed3', 'gone0' and 2 more.", run.Report.Warnings()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0, "changed 1 file of", "removed 0 files: 'changed0'. What")]
    [InlineData(0, 1, "changed 0 files of", "removed 1 file: 'gone0'. What")]
    [InlineData(5, 0, "changed 5 files of", "'changed4'. What")]
    public void The_warning_says_how_many_and_which(int changed, int gone, string what, string end)
    {
        for (int i = 0; i < changed; i++)
            Guard.Holds(Action("Update", $"changed{i}"));
        for (int i = 0; i < gone; i++)
            Guard.Keeps(MemoryRun.Gone(MemoryRun.Row($"gone{i}")));

        Assert.Equal(changed, Guard.Release(100).Count());

        string warning = Assert.Single(run.Report.Warnings());
        Assert.Contains(what, warning, StringComparison.Ordinal);
        Assert.Contains(end, warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "", true)]
    [InlineData("stage1", "", false)]
    [InlineData("a", "leftover", false)]
    [InlineData("a", "not ours", false)]
    [InlineData("folder/", "", false)]
    [InlineData("a.tmp", "", false)]
    [InlineData("a", "after stage 1", false)]
    [InlineData("a", "changed mirror allowed", false)]
    [InlineData("a", "empty mirror allowed", false)]
    [InlineData("a", "in the mirror", false)]
    [InlineData("a", "listed", true)]
    public void What_the_mirror_lost_and_stage_1_did_not_delete_stays_in_S3(string key, string what, bool stays)
    {
        run.Request = run.Request with
        {
            FollowsStage1 = what == "after stage 1",
            AllowChangedMirror = what == "changed mirror allowed",
            AllowEmptyMirror = what == "empty mirror allowed",
        };
        CatalogEntry row = what switch
        {
            "leftover" => MemoryRun.Row(key) with { IsLeftover = true },
            "not ours" => CatalogEntry.Uncertain(key),
            _ => MemoryRun.Row(key),
        };
        SyncAction action = what switch
        {
            "listed" => MemoryRun.Listed(key),
            "in the mirror" => MemoryRun.Gone(row) with { Local = Entry(key) },
            _ => MemoryRun.Gone(row),
        };

        Assert.Equal(stays, Guard.Keeps(action));
    }

    [Fact]
    public void What_has_no_row_may_have_been_lost_long_ago_and_does_not_refuse_the_run()
    {
        for (int i = 0; i < 20; i++)
            Guard.Keeps(MemoryRun.Listed($"listed{i}"));

        Assert.Empty(Guard.Release(20));
        Assert.Contains("removed 20 files", Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
        for (int i = 0; i < 19; i++)
            Guard.Keeps(MemoryRun.Gone(MemoryRun.Row($"gone{i}")));
        Assert.Contains("removed 39 of 20", Refusal(() => Guard.Release(20))!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, "MirrorEmpty")]
    [InlineData(0, 0, null)]
    [InlineData(1, 1, null)]
    public void An_empty_mirror_is_an_error_of_its_own(int left, int gone, string? id)
    {
        run.Counters.StartFrom(new MirrorSummary(true, left, 0, ""), 20);
        for (int i = 0; i < gone; i++)
            Guard.Keeps(MemoryRun.Gone(MemoryRun.Row($"gone{i}")));

        BackupError? error = Refusal(() => Guard.Release(20));

        Assert.Equal(id, error?.Id);
        if (id is not null)
            Assert.Contains("all 1 objects under s3://bucket/p/", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void More_new_content_than_the_job_allows_is_refused(int count, bool isRefused)
    {
        run.Request = run.Request with { MaxChange = Limit("50%"), AllowChangedMirror = true };
        for (int i = 0; i < count; i++)
            Guard.Holds(Action("Update", $"a{i:00}"));

        BackupError? error = Refusal(() => Guard.Release(20));

        Assert.Equal(isRefused ? "ChangeLimitExceeded" : null, error?.Id);
        if (isRefused)
        {
            Assert.Contains("11 of 20 files have new content", error!.Message, StringComparison.Ordinal);
            Assert.EndsWith("The first: a00, a01, a02, a03, a04.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Files_that_became_folders_count_as_they_go_and_with_the_others_at_the_end()
    {
        run.Request = run.Request with { MaxChange = Limit("50%"), AllowChangedMirror = true };
        for (int i = 0; i < 4; i++)
            run.Catalog.Put(MemoryRun.Row($"a{i}"));
        Guard.BecomesFolder(existing: 0);
        // They leave the catalog as they go.
        run.Catalog.Remove("a0");
        Guard.BecomesFolder(existing: 0);
        run.Catalog.Remove("a1");
        BackupError error = Refusal(() =>
        {
            Guard.BecomesFolder(existing: 0);
            return [];
        })!;
        Assert.Contains("3 of 4 files", error.Message, StringComparison.Ordinal);
        Assert.Contains("2 that are folders now were replaced", error.Message, StringComparison.Ordinal);

        // A listing may have shown more by then.
        Guard.BecomesFolder(existing: 6);
        Guard.Holds(Action("Update", "b"));
        Assert.Equal("ChangeLimitExceeded", Refusal(() => Guard.Release(7))?.Id);
        Assert.Equal(["b"], Guard.Release(8));
    }

    [Fact]
    public void Without_a_catalog_only_the_listing_tells_how_many_there_are()
    {
        run.Request = run.Request with { MaxChange = Limit("50%") };
        guard = Make(isMirrorOfJob: true, null);
        guard.BecomesFolder(existing: 2);

        Assert.Throws<BackupException>(() => guard.BecomesFolder(existing: 3));
    }

    [Theory]
    // What the catalog says of it; what is to be done by now.
    [InlineData("ours", "Keep")]
    [InlineData("older", "Update")]
    [InlineData("not ours", "Update")]
    [InlineData("nothing", "Update")]
    public void What_waited_is_looked_at_again(string what, string kind)
    {
        run.Files.File("mirror/a", "hello");
        FileAttributesSnapshot attributes = FileAttributesReader.Read(run.Files["mirror/a"]);
        CatalogEntry row = MemoryRun.Row("a") with
        {
            ModifiedNanoseconds = attributes.ModifiedNanoseconds,
            ChangedNanoseconds = attributes.ChangedNanoseconds,
            Mode = attributes.Mode,
            UserId = attributes.UserId,
            GroupId = attributes.GroupId,
        };
        if (what != "nothing")
            run.Catalog.Put(what == "ours" ? row : what == "older" ? row with { Size = 9 } : row with { Mode = 0 });

        SyncAction? action = Guard.LookAgain("a");

        Assert.Equal((kind, "a"), (action?.Kind.ToString(), action?.Local?.RelativeKey));
        Assert.Equal(what != "nothing", action?.Row is not null);
        Assert.Null(Guard.LookAgain("b"));
        using ChangeGuard without = Make(isMirrorOfJob: true, null);
        Assert.Equal(SyncActionKind.Update, without.LookAgain("a")?.Kind);
    }

    [Fact]
    public void What_waits_is_gone_with_the_run()
    {
        Guard.Holds(Action("Update", "a"));
        Assert.Single(Directory.GetFiles(run.SpoolFolder));

        Guard.Dispose();
        guard = null;

        Assert.Empty(Directory.GetFiles(run.SpoolFolder));
    }

    private ChangeGuard Guard => guard ??= Make();

    private ChangeGuard Make() => Make(isMirrorOfJob: true, run.Catalog);

    private ChangeGuard Make(bool isMirrorOfJob, ICatalog? catalog)
    {
        MirrorWalker mirror = new(run.Request.MirrorPath, run.Report, new ExcludePatterns(run.Request.Options.ExcludePatterns), S3DirectoryMarkers.None);
        return new ChangeGuard(run.Scope, mirror, catalog, isMirrorOfJob, PendingChanges.Open(run.JobName, run.Request.MirrorPath), planned: null);
    }

    private void Stage1(params string[] paths)
    {
        using ChangeJournal journal = ChangeJournal.Start(run.JobName, "run1", run.Request.MirrorPath, keepsEarlier: true);
        foreach (string path in paths)
            journal.Add(BackupChangeKind.Updated, BackupEntryType.File, 1, [], Encoding.UTF8.GetBytes(path), []);
        journal.End(isComplete: true, 0);
    }

    private static SyncAction Action(string kind, string key, string row = "ours", string entry = "File")
    {
        CatalogEntry? found = row switch
        {
            "ours" or "refuted" => MemoryRun.Row(key),
            "same time" => MemoryRun.Row(key) with { ModifiedNanoseconds = 2 },
            "leftover" => MemoryRun.Row(key) with { IsLeftover = true },
            "not ours" or "listed and not ours" => CatalogEntry.Uncertain(key),
            _ => null,
        };
        StoredObject? remote = row.StartsWith("listed", StringComparison.Ordinal) ? new StoredObject(key, 9, "tag") : null;
        return new SyncAction(Enum.Parse<SyncActionKind>(kind), Entry(key, Enum.Parse<MirrorEntryKind>(entry)), found, remote)
        {
            IsRowRefuted = row.EndsWith("refuted", StringComparison.Ordinal),
        };
    }

    private static MirrorEntry Entry(string key, MirrorEntryKind kind = MirrorEntryKind.File) =>
        new(key, "/m/" + key, kind, new FileAttributesSnapshot { Mode = 0x81A4, Size = 7, ModifiedNanoseconds = 2 });

    private static ChangeLimit Limit(string text) =>
        ChangeLimit.TryParse(text, out ChangeLimit limit) ? limit : throw new ArgumentException(text, nameof(text));

    private static BackupError? Refusal(Func<IEnumerable<string>> action)
    {
        try
        {
            _ = action().ToList();
            return null;
        }
        catch (BackupException exception)
        {
            return exception.Error;
        }
    }
}
