using System.Text;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Journal;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>The journal's file: what is pending, for how long, and what a torn one says.</summary>
public sealed class ChangeJournalTests
{
    private const string Mirror = "/mirror";
    private readonly string job = "journal-" + Guid.NewGuid().ToString("N");
    private int runs;

    [Fact]
    public void A_journal_gives_back_every_byte_of_every_name()
    {
        byte[] name = [.. Enumerable.Range(1, 255).Select(value => (byte)value)];
        using ChangeJournal journal = Start();
        journal.Add(BackupChangeKind.Created, BackupEntryType.SymbolicLink, 7, [], name, [0xFF, (byte)'\n']);
        journal.Add(BackupChangeKind.HardLinked, BackupEntryType.File, 8, "photos"u8, "b"u8, "a"u8);
        journal.Add(BackupChangeKind.Metadata, BackupEntryType.Folder, 0, "photos"u8, [], []);
        journal.Add(BackupChangeKind.Metadata, BackupEntryType.Folder, 0, [], [], []);
        journal.End(isComplete: true, 0);

        BackupChange[] changes = [.. Open().Enumerate()];

        Assert.Equal(name, changes[0].GetPathBytes());
        Assert.Equal([0xFF, (byte)'\n'], changes[0].GetLinkTargetBytes());
        Assert.Equal(
            [("photos/b", "photos/a", 8L), ("photos", null, 0L), (".", null, 0L)],
            changes[1..].Select(change => (change.Path, change.LinkTarget, change.Size)));
    }

    [Fact]
    public void A_journal_longer_than_any_buffer_gives_back_every_change_in_order()
    {
        string[] names = [.. Enumerable.Range(0, 5000).Select(number => $"{number} {new string('x', number % 400)}"), new string('y', 100_000), "last"];
        Write(isComplete: true, names);

        PendingChanges pending = Open();

        Assert.False(pending.RequiresWalk);
        Assert.Equal(names, pending.Enumerate().Select(change => change.Path));
    }

    [Theory]
    [InlineData(true, 24)]
    [InlineData(false, 23)]
    [InlineData(false, null)]
    public void The_end_mark_says_how_the_run_ended(bool isComplete, int? exitCode)
    {
        ChangeJournal journal = Start();
        journal.Add(BackupChangeKind.Created, BackupEntryType.File, 1, [], "a"u8, []);
        journal.End(isComplete, exitCode);

        using ChangeJournalReader reader = ChangeJournalReader.Open(journal.Path);
        reader.Skip();

        Assert.Equal(new ChangeJournalEnd(isComplete, exitCode, 1), reader.End);
    }

    [Fact]
    public void A_journal_that_was_cut_anywhere_requires_a_reconcile_and_gives_what_is_whole()
    {
        string path = Write(isComplete: true, "first", "second", "third");
        byte[] whole = File.ReadAllBytes(path);
        Assert.False(Open().RequiresWalk);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            PendingChanges pending = Open();
            Assert.True(pending.RequiresWalk, $"cut at {length}");
            Assert.Equal(new[] { "first", "second", "third" }.Take((int)pending.Count), pending.Enumerate().Select(change => change.Path));
        }
    }

    [Fact]
    public void A_journal_with_any_byte_changed_requires_a_reconcile()
    {
        string path = Write(isComplete: true, "first", "second");
        byte[] whole = File.ReadAllBytes(path);
        int header = ChangeJournal.Header(0, Mirror).Length;
        for (int at = header; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x20;
            File.WriteAllBytes(path, damaged);
            Assert.True(Open().RequiresWalk, $"changed at {at}");
        }
    }

    [Fact]
    public void What_follows_an_end_mark_requires_a_reconcile()
    {
        string path = Write(isComplete: true, "first");
        File.AppendAllBytes(path, [0]);

        Assert.True(Open().RequiresWalk);
    }

    [Fact]
    public void A_run_that_does_not_know_all_that_rsync_did_requires_a_reconcile()
    {
        Write(isComplete: true, "first");
        Write(isComplete: false, "second");

        PendingChanges pending = Open();

        Assert.True(pending.RequiresWalk);
        Assert.Equal(["first", "second"], pending.Enumerate().Select(change => change.Path));
    }

    [Fact]
    public void A_journal_can_be_read_while_it_is_written_but_is_not_pending_yet()
    {
        using ChangeJournal journal = Start();
        journal.Add(BackupChangeKind.Created, BackupEntryType.File, 1, [], "a"u8, []);
        journal.Flush();

        using ChangeJournalReader reader = ChangeJournalReader.Open(journal.Path);
        Assert.Equal(["a"], reader.ReadChanges().Select(change => change.Path));
        Assert.Null(reader.End);
        Assert.Equal(0, Open().Count);
    }

    [Fact]
    public void Changes_stay_pending_until_they_are_carried_out()
    {
        Write(isComplete: true, "first");
        PendingChanges before = Open();
        string second = Write(isComplete: true, "second");

        before.MarkCarriedOut();

        PendingChanges left = Open();
        Assert.Equal(["second"], left.Enumerate().Select(change => change.Path));
        left.MarkCarriedOut();
        Assert.Equal(0, Open().Count);
        Assert.False(Open().RequiresWalk);
        // The newest stays readable until the next run starts.
        Assert.True(File.Exists(ChangeJournalFolder.Find(second)));
        Write(isComplete: true, "third");
        Assert.Throws<InvalidOperationException>(() => ChangeJournalFolder.Find(second));
    }

    [Fact]
    public void Another_mirror_has_changes_of_its_own()
    {
        Write(isComplete: true, "first");

        PendingChanges other = PendingChanges.Open(job, "/other");
        other.MarkCarriedOut();

        Assert.Equal(0, other.Count);
        Assert.Equal(1, Open().Count);
        Assert.Equal(1, PendingChanges.Open(job, Mirror + "/").Count);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Too_many_journals_become_one_mark_that_requires_a_reconcile()
    {
        for (int i = 0; i <= ChangeJournalFolder.MostJournals + 1; i++)
            Write(isComplete: true, $"file {i}");

        PendingChanges pending = Open();

        Assert.True(pending.RequiresWalk);
        Assert.Equal(1, pending.Count);
        pending.MarkCarriedOut();
        Assert.False(Open().RequiresWalk);
    }

    [Fact]
    public void A_job_without_stage_2_keeps_one_journal_and_one_mark()
    {
        for (int i = 0; i < 5; i++)
            Write(isComplete: true, keepsEarlier: false, $"file {i}");

        PendingChanges pending = Open();

        Assert.Equal(["file 4"], pending.Enumerate().Select(change => change.Path));
        Assert.True(pending.RequiresWalk);
        Assert.Equal(2, Directory.GetFiles(ChangeJournalFolder.ForJob(job).Path).Length);
    }

    [Fact]
    public void Runs_that_changed_nothing_do_not_pile_up()
    {
        for (int i = 0; i < 5; i++)
            Write(isComplete: true);

        Assert.False(Open().RequiresWalk);
        Assert.Single(Directory.GetFiles(ChangeJournalFolder.ForJob(job).Path));
    }

    [SkippableFact]
    public void Only_its_user_may_read_a_journal()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Write(isComplete: true, "a")));
    }

    private PendingChanges Open() => PendingChanges.Open(job, Mirror);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_doubt_of_a_run_that_ended_without_a_word_outlives_the_runs_after_it(bool hasHeader)
    {
        using (ChangeJournal killed = Start())
        {
            if (!hasHeader)
                File.WriteAllBytes(killed.Path, [1, 2, 3]);
        }

        Write(isComplete: true);
        Write(isComplete: true, "later");

        Assert.True(Open().RequiresWalk);
    }

    [Fact]
    public void A_journal_that_another_version_wrote_is_not_understood()
    {
        string path = Write(isComplete: true, "first");
        byte[] header = ChangeJournal.Header(1, Mirror);
        header[5]++;
        ChangeJournalFormat.Seal(header);
        byte[] content = File.ReadAllBytes(path);
        File.WriteAllBytes(path, [.. header, .. content[header.Length..]]);

        Assert.True(Open().RequiresWalk);
    }

    [Fact]
    public void An_end_mark_that_counts_another_number_of_changes_is_none()
    {
        string path = Write(isComplete: true, "first", "other");
        byte[] content = File.ReadAllBytes(path);
        int header = ChangeJournal.Header(1, Mirror).Length;
        int change = ChangeJournalFormat.Frame + ChangeJournalFormat.ChangeHead + "first".Length;
        // Each record is sound, and one is gone.
        File.WriteAllBytes(path, [.. content[..header], .. content[(header + change)..]]);

        PendingChanges pending = Open();

        Assert.Equal(["other"], pending.Enumerate().Select(item => item.Path));
        Assert.True(pending.RequiresWalk);
    }

    [Fact]
    public void A_change_has_what_was_noted_of_it_and_a_journal_when_it_was_started_and_about_what()
    {
        ChangeJournal journal = Start();
        journal.Add(BackupChangeKind.Metadata, BackupEntryType.SymbolicLink, 0x0102030405060708, "f"u8, "a"u8, "target"u8);
        journal.End(isComplete: true, 0);
        byte[] content = File.ReadAllBytes(journal.Path);
        byte[] header = ChangeJournal.Header(12_345, Mirror);
        File.WriteAllBytes(journal.Path, [.. header, .. content[header.Length..]]);

        using ChangeJournalReader reader = ChangeJournalReader.Open(journal.Path);
        BackupChange change = Assert.Single(reader.ReadChanges());

        Assert.Equal(
            (BackupChangeKind.Metadata, BackupEntryType.SymbolicLink, 0x0102030405060708, "f/a", "target"),
            (change.Kind, change.EntryType, change.Size, change.Path, Encoding.UTF8.GetString(change.GetLinkTargetBytes())));
        Assert.Equal((true, 12_345L, Mirror, 1L), (reader.HasHeader, reader.Started, reader.MirrorPath, reader.Changes));
        Assert.Equal(new ChangeJournalEnd(true, 0, 1), reader.End);
    }

    public static TheoryData<string, byte[], int> Records => new()
    {
        { "a change without a path", Change(BackupChangeKind.Created, 0, 0), 1 },
        { "a change of the last kind", Change(BackupChangeKind.HardLinked, 1, 3), 1 },
        { "a change as long as the first buffer", Change(BackupChangeKind.Created, 496, 496), 1 },
        { "one byte longer", Change(BackupChangeKind.Created, 497, 497), 1 },
        { "a bit longer than the first buffer", Change(BackupChangeKind.Created, 500, 500), 1 },
        { "the longest body", Change(BackupChangeKind.Created, 1, ChangeJournalFormat.LongestBody - ChangeJournalFormat.ChangeHead), 1 },
        { "a longer body", Change(BackupChangeKind.Created, 1, ChangeJournalFormat.LongestBody - ChangeJournalFormat.ChangeHead + 1), 0 },
        { "a path longer than the record", Change(BackupChangeKind.Created, 4, 3), 0 },
        { "a path of less than nothing", Change(BackupChangeKind.Created, -1, 3), 0 },
        { "a kind before the first", Change(BackupChangeKind.Created - 1, 1, 3), 0 },
        { "a kind after the last", Change(BackupChangeKind.HardLinked + 1, 1, 3), 0 },
        { "a change that is too short", Change(BackupChangeKind.Created, 0, 0)[..^1], 0 },
        { "an end mark that is too long", [.. End(0), 0], 0 },
        { "an end mark that is too short", End(0)[..^1], 0 },
        { "nothing", [], 0 },
    };

    [Theory]
    [MemberData(nameof(Records))]
    public void A_record_that_is_none_ends_a_journal_and_one_that_is_does_not(string what, byte[] body, int changes)
    {
        using ChangeJournalReader reader = Read(Record([ChangeJournalFormat.HeaderKind, ChangeJournalFormat.Version, .. new byte[8]]), Record(body), Record(End(changes)));

        int read = reader.ReadChanges().Count();

        Assert.True((changes, changes == 1) == (read, reader.End is not null), $"{what}: {read} changes, {reader.End}");
        Assert.Equal(("", (long)changes), (reader.MirrorPath, reader.Changes));
    }

    [Fact]
    public void A_header_that_is_too_short_is_none_and_a_length_that_is_none_ends_the_journal()
    {
        using ChangeJournalReader torn = Read(Record([ChangeJournalFormat.HeaderKind, ChangeJournalFormat.Version, .. new byte[7]]));
        using ChangeJournalReader negative = Read(ChangeJournal.Header(1, Mirror), [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
        using ChangeJournalReader cut = Read(ChangeJournal.Header(1, Mirror), Record(End(0))[..^1]);
        using ChangeJournalReader started = Read(ChangeJournal.Header(1, Mirror), [1, 0]);

        Assert.Equal((false, 0), (torn.HasHeader, torn.ReadChanges().Count()));
        Assert.All(new[] { negative, cut, started }, reader =>
        {
            Assert.Empty(reader.ReadChanges());
            Assert.Equal((true, (ChangeJournalEnd?)null), (reader.HasHeader, reader.End));
        });
    }

    [Fact]
    public void What_stage_1_changed_is_known_where_no_change_can_be_missing()
    {
        Assert.Null(StageOneChanges.Read(job, Open(), []));
        Write(isComplete: true, "first");
        BackupChange planned = new(BackupChangeKind.Created, BackupEntryType.File, 1, "planned"u8.ToArray(), []);

        StageOneChanges known = StageOneChanges.Read(job, Open(), [planned])!;

        Assert.Equal([true, true, false], new[] { "first", "planned", "other" }.Select(known.Contains));
        Write(isComplete: false, "second");
        Assert.Null(StageOneChanges.Read(job, Open(), []));
    }

    [Fact]
    public void What_waits_is_in_the_order_of_the_runs_whatever_the_files_are_called()
    {
        for (int i = 0; i < 9; i++)
            File.WriteAllBytes(Path.Combine(Folder.Path, $"{9 - i}.changes"), ChangeJournal.Header(100 + (i / 2), Mirror));

        Assert.Equal(["8", "9", "6", "7", "4", "5", "2", "3", "1"], Folder.PendingOf(Mirror).Select(file => Path.GetFileNameWithoutExtension(file.Path)));
        Assert.Equal(ChangeJournal.Header(0, Mirror).Length, Folder.PendingOf(Mirror)[0].Length);
    }

    [Fact]
    public void A_journal_is_later_than_every_other_also_after_the_clock_went_back()
    {
        long future = DateTime.UtcNow.AddDays(9).Ticks;
        File.WriteAllBytes(Path.Combine(Folder.Path, "a.changes"), ChangeJournal.Header(future, Mirror));
        File.WriteAllBytes(Path.Combine(Folder.Path, "b.changes"), ChangeJournal.Header(future + 5, Mirror));

        Folder.Create("c", Mirror).Dispose();

        Assert.Equal([future, future + 5, future + 6], Folder.PendingOf(Mirror).Select(file => file.Started));
        Folder.Create("d", "/other").Dispose();
        Assert.InRange(Folder.PendingOf("/other")[0].Started, DateTime.UtcNow.AddMinutes(-1).Ticks, DateTime.UtcNow.Ticks);
        Assert.Throws<IOException>(() => Folder.Create("c", Mirror));
    }

    [Theory]
    // How many journals, of how many bytes each, whether a stage 2 will ask for them, and whether the only one is the mark already.
    [InlineData(0, 0, true, false, false)]
    [InlineData(0, 0, false, false, false)]
    [InlineData(1, 1, true, false, false)]
    [InlineData(1, 1, false, false, true)]
    [InlineData(1, 1, false, true, false)]
    [InlineData(2, 1, false, true, true)]
    [InlineData(ChangeJournalFolder.MostJournals, 1, true, false, false)]
    [InlineData(ChangeJournalFolder.MostJournals + 1, 1, true, false, true)]
    [InlineData(2, ChangeJournalFolder.MostBytes / 2, true, false, false)]
    [InlineData(2, (ChangeJournalFolder.MostBytes / 2) + 1, true, false, true)]
    [InlineData(1, ChangeJournalFolder.MostBytes + 1, true, true, false)]
    public void Too_many_journals_or_those_that_nobody_asks_for_become_one_mark(int count, long bytes, bool keepsEarlier, bool isMark, bool become)
    {
        ChangeJournalFile[] pending =
            [.. Enumerable.Range(0, count).Select(i => new ChangeJournalFile($"/j/{(isMark && i == 0 ? "unknown-" : "")}{i}.changes", i, bytes, false))];

        Assert.Equal(become, ChangeJournalFolder.BecomeOneMark(pending, keepsEarlier));
    }

    [Fact]
    public void What_became_one_mark_is_known_to_be_unknown()
    {
        Write(isComplete: true, "first");
        Write(isComplete: true, "second");
        Folder.Tidy("run9", Mirror, keepsEarlier: false);

        Assert.Equal(["unknown-run9.changes"], Directory.GetFiles(Folder.Path).Select(Path.GetFileName));
        Assert.True(Open().RequiresWalk);
        // It stays the same mark, and goes when it is carried out.
        Folder.Tidy("run10", Mirror, keepsEarlier: false);
        Assert.Equal(["unknown-run9.changes"], Directory.GetFiles(Folder.Path).Select(Path.GetFileName));
        Open().MarkCarriedOut();
        Assert.Empty(Directory.GetFiles(Folder.Path));
    }

    [Fact]
    public void Tidying_keeps_what_says_anything_and_removes_what_does_not()
    {
        string empty = Write(isComplete: true);
        string incomplete = Write(isComplete: false);
        string changes = Write(isComplete: true, "a");
        string done = Path.Combine(Folder.Path, "old.done");
        File.WriteAllText(done, "");

        Folder.Tidy("run9", Mirror, keepsEarlier: true);

        Assert.Equal([false, true, true, false], new[] { empty, incomplete, changes, done }.Select(File.Exists));
    }

    [Fact]
    public void A_run_that_changed_nothing_leaves_no_doubt_where_nobody_asks_for_changes()
    {
        Write(isComplete: true);

        Folder.Tidy("run9", Mirror, keepsEarlier: false);

        Assert.Empty(Directory.GetFiles(Folder.Path));
    }

    [Fact]
    public void Of_what_was_carried_out_only_the_newest_can_still_be_read()
    {
        string first = Write(isComplete: true, "first");
        string second = Write(isComplete: true, "second");
        Assert.Equal(second, ChangeJournalFolder.Find(second));
        PendingChanges pending = Open();
        // Of an earlier run that was stopped in between.
        File.WriteAllText(Path.ChangeExtension(second, "done"), "");

        pending.MarkCarriedOut();

        Assert.Throws<InvalidOperationException>(() => ChangeJournalFolder.Find(first));
        Assert.Equal(["second"], ChangeJournalFolder.ReadChanges(second).Select(change => change.Path));
        // Again, when all of it is gone.
        pending.MarkCarriedOut();
        Assert.Equal(["second"], ChangeJournalFolder.ReadChanges(second).Select(change => change.Path));
    }

    [Fact]
    public void A_job_that_never_ran_has_nothing_that_waits()
    {
        Assert.Equal((false, 0), (Open().RequiresWalk, Open().Count));
        Open().MarkCarriedOut();
        Assert.False(ChangeJournalFolder.HasState(job));
        Assert.False(ChangeJournalFolder.IsBusy(job, Mirror));
    }

    [Theory]
    [InlineData(Mirror, true)]
    [InlineData(Mirror + "/", true)]
    [InlineData("/other", false)]
    public void A_mirror_is_busy_while_its_journal_is_written(string mirror, bool isBusy)
    {
        using (ChangeJournal journal = Start())
        {
            journal.Flush();
            Assert.Equal(isBusy, ChangeJournalFolder.IsBusy(job, mirror));
        }

        // It has no end mark, and nobody has it open.
        Assert.False(ChangeJournalFolder.IsBusy(job, mirror));
    }

    [Fact]
    public void A_mirror_is_not_busy_while_a_journal_that_ended_is_read_and_may_be_while_one_has_no_header_yet()
    {
        string ended = Write(isComplete: true, "first");
        using (FileStream reading = File.Open(ended, FileMode.Open, FileAccess.Read, FileShare.Read))
            Assert.False(ChangeJournalFolder.IsBusy(job, Mirror));
        using FileStream torn = StateFolder.CreateFile(Path.Combine(Folder.Path, "torn.changes"));
        Assert.True(ChangeJournalFolder.IsBusy(job, Mirror));
    }

    [SkippableFact]
    public void A_journal_that_cannot_be_read_may_hold_any_change_and_is_the_last_one()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "takes files that Linux lets nobody read");
        Write(isComplete: true, "first");
        // It can be opened, and reading fails.
        File.CreateSymbolicLink(Path.Combine(Folder.Path, "broken.changes"), "/proc/self/mem");

        ChangeJournalFile broken = Folder.PendingOf(Mirror)[^1];

        Assert.Equal((long.MaxValue, 0, false), (broken.Started, broken.Length, broken.IsCompleteAndEmpty));
        Assert.Equal((true, 1), (Open().RequiresWalk, Open().Count));
    }

    [SkippableFact]
    public void Journals_that_nobody_may_look_at_may_hold_any_change()
    {
        const string unreadable = "/proc/sys/vm/compact_memory";
        Skip.IfNot(File.Exists(unreadable), "takes a file that Linux lets not even root read");
        Write(isComplete: true, "first");
        File.CreateSymbolicLink(Path.Combine(Folder.Path, "denied.changes"), unreadable);

        PendingChanges pending = Open();

        Assert.Equal((true, 0), (pending.RequiresWalk, pending.Count));
        pending.MarkCarriedOut();
        Assert.Equal(2, Directory.GetFiles(Folder.Path).Length);
        Assert.False(ChangeJournalFolder.IsBusy(job, Mirror));
    }

    private ChangeJournalFolder Folder => ChangeJournalFolder.ForJob(job);

    private ChangeJournalReader Read(params byte[][] records)
    {
        string path = Write(isComplete: true);
        File.WriteAllBytes(path, [.. records.SelectMany(record => record)]);
        return ChangeJournalReader.Open(path);
    }

    private static byte[] Record(byte[] body)
    {
        byte[] record = [0, 0, 0, 0, .. body, 0, 0, 0, 0];
        ChangeJournalFormat.Seal(record);
        return record;
    }

    private static byte[] Change(BackupChangeKind kind, int pathLength, int names) =>
        [(byte)kind, (byte)BackupEntryType.File, .. new byte[8], .. BitConverter.GetBytes(pathLength), .. Enumerable.Repeat((byte)'x', names)];

    private static byte[] End(long changes) => [ChangeJournalFormat.EndKind, 1, .. BitConverter.GetBytes(0), .. BitConverter.GetBytes(changes)];

    private ChangeJournal Start(bool keepsEarlier = true) => ChangeJournal.Start(job, $"run{++runs}", Mirror, keepsEarlier);

    private string Write(bool isComplete, params string[] names) => Write(isComplete, keepsEarlier: true, names);

    private string Write(bool isComplete, bool keepsEarlier, params string[] names)
    {
        using ChangeJournal journal = Start(keepsEarlier);
        foreach (string name in names)
            journal.Add(BackupChangeKind.Created, BackupEntryType.File, 1, [], System.Text.Encoding.UTF8.GetBytes(name), []);
        journal.End(isComplete, 0);
        return journal.Path;
    }
}
