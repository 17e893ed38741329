using System.Runtime.InteropServices;

namespace RsyncS3Backup.State.Journal;

/// <summary>The journals of a job, one file a run, in the job's <c>journal</c> folder.</summary>
/// <remarks>
/// <c>{runId}.changes</c> waits for a stage 2. <c>{runId}.done</c> was carried out and stays only so that the run's result can still be
/// asked for its changes; the next run removes it. <c>unknown-{runId}.changes</c> has a header and nothing else: it stands for all journals
/// that became too many, and is pending like any journal without an end mark.
/// </remarks>
internal sealed partial class ChangeJournalFolder
{
    /// <summary>More journals than this that wait for a stage 2 become one mark "unknown changes".</summary>
    internal const int MostJournals = 100;

    /// <summary>Journals of more bytes than this in all become one mark "unknown changes".</summary>
    internal const long MostBytes = 256L * 1024 * 1024;

    private const string FolderName = "journal";
    private const string Pending = ".changes";
    private const string Done = ".done";

    /// <summary>What the name of a mark "unknown changes" starts with.</summary>
    internal const string Unknown = "unknown-";


    private ChangeJournalFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The folder of a job, made where it is missing.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static ChangeJournalFolder ForJob(string jobName) => new(StateFolder.ForJob(jobName).Folder(FolderName));

    /// <summary>The folder of a job, whether it is there or not.</summary>
    public static ChangeJournalFolder Of(string jobName) => new(System.IO.Path.Combine(StateFolder.PathFor(jobName), FolderName));

    /// <summary>True when the job has, or may have, journals or other state that a run without a journal would make wrong.</summary>
    public static bool HasState(string jobName) =>
        Directory.Exists(Of(jobName).Path);

    /// <summary>True while somebody writes a journal about a mirror: a run of this job, or an rsync that outlived its run.</summary>
    public static bool IsBusy(string jobName, string mirrorPath)
    {
        try
        {
            return HasState(jobName) && Directory.EnumerateFiles(Of(jobName).Path, "*" + Pending)
                .Any(path => IsOpenElsewhere(path) && IsUnfinished(path, Mirror(mirrorPath)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>One spelling of a mirror's path.</summary>
    public static string Mirror(string path) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    /// <summary>The file that has a run's changes now: as it was named when the run ended, or as it was named when they were carried out.</summary>
    /// <exception cref="InvalidOperationException">A later run of the job removed it.</exception>
    public static string Find(string journalPath)
    {
        string done = System.IO.Path.ChangeExtension(journalPath, Done);
        return File.Exists(journalPath) ? journalPath
            : File.Exists(done) ? done
            : throw new InvalidOperationException(
                $"The changes of this run are no longer kept: '{journalPath}' was carried out, and a later run of the job has started.");
    }

    /// <summary>The changes that a run's journal holds, read as they are asked for.</summary>
    /// <exception cref="InvalidOperationException">A later run of the job removed the journal.</exception>
    public static IEnumerable<BackupChange> ReadChanges(string journalPath)
    {
        using ChangeJournalReader reader = ChangeJournalReader.Open(Find(journalPath));
        foreach (BackupChange change in reader.ReadChanges())
            yield return change;
    }

    /// <summary>Journals about a mirror that wait for a stage 2 and are not being written, oldest first.</summary>
    public IReadOnlyList<ChangeJournalFile> PendingOf(string mirrorPath)
    {
        List<ChangeJournalFile> found = [];
        foreach (string path in Directory.Exists(Path) ? Directory.EnumerateFiles(Path, "*" + Pending) : [])
        {
            if (Look(path, Mirror(mirrorPath)) is { } file)
                found.Add(file);
        }

        found.Sort((a, b) => (a.Started, a.Path).CompareTo((b.Started, b.Path)));
        return found;
    }

    /// <summary>Marks journals as carried out. The newest keeps its content until the job's next run.</summary>
    public void MarkDone(IReadOnlyList<ChangeJournalFile> journals)
    {
        foreach (ChangeJournalFile journal in journals)
        {
            bool isNewest = ReferenceEquals(journal, journals[^1]) && File.Exists(journal.Path);
            if (isNewest && !journal.IsUnknown)
                File.Move(journal.Path, System.IO.Path.ChangeExtension(journal.Path, Done), overwrite: true);
            else
                File.Delete(journal.Path);
        }

        BringToDisk();
    }

    /// <summary>Removes what nobody needs any more before a new run.</summary>
    public void Tidy(string runId, string mirrorPath, bool keepsEarlier)
    {
        foreach (string path in Directory.EnumerateFiles(Path, "*" + Done))
            File.Delete(path);
        IReadOnlyList<ChangeJournalFile> pending = PendingOf(mirrorPath);
        foreach (ChangeJournalFile empty in pending.Where(journal => journal.IsCompleteAndEmpty))
            File.Delete(empty.Path);
        pending = [.. pending.Where(journal => !journal.IsCompleteAndEmpty)];
        if (!BecomeOneMark(pending, keepsEarlier))
            return;
        // The mark first, so that at no moment fewer changes are pending than there are.
        Create(Unknown + runId, mirrorPath).Dispose();
        foreach (ChangeJournalFile journal in pending)
            File.Delete(journal.Path);
    }

    /// <summary>True when journals that wait are to become one mark "unknown changes"; the mark itself stays what it is. Pure.</summary>
    internal static bool BecomeOneMark(IReadOnlyList<ChangeJournalFile> pending, bool keepsEarlier) =>
        pending is not ([] or [{ IsUnknown: true }])
        && (!keepsEarlier || pending.Count > MostJournals || pending.Sum(journal => journal.Length) > MostBytes);

    /// <summary>Makes a journal with its header, on disk before this returns.</summary>
    public FileStream Create(string name, string mirrorPath)
    {
        // Later than every other, also after the clock went back.
        long latest = PendingOf(mirrorPath).Select(journal => journal.Started).LastOrDefault();
        string path = System.IO.Path.Combine(Path, name + Pending);
        if (File.Exists(path))
            throw new IOException($"'{path}' exists already: one run has one stage 1.");
        FileStream file = StateFolder.CreateFile(path);
        try
        {
            file.Write(ChangeJournal.Header(Math.Max(DateTime.UtcNow.Ticks, latest + 1), Mirror(mirrorPath)));
            file.Flush(flushToDisk: true);
            BringToDisk();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The writer, and every rsync that it started, holds a shared lock as long as it lives, so that an exclusive one fails.</summary>
    private static bool IsOpenElsewhere(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>True for a journal without an end mark; one with it that is open is only being read.</summary>
    private static bool IsUnfinished(string path, string mirrorPath)
    {
        try
        {
            using ChangeJournalReader reader = ChangeJournalReader.Open(path);
            if (reader.HasHeader && reader.MirrorPath != mirrorPath)
                return false;
            reader.Skip();
            return reader.End is null;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The journal, when it is about the mirror and nobody writes it; one whose header is torn may be about any mirror.</summary>
    private static ChangeJournalFile? Look(string path, string mirrorPath)
    {
        try
        {
            if (IsOpenElsewhere(path))
                return null;
            using ChangeJournalReader reader = ChangeJournalReader.Open(path);
            FileInfo info = new(path);
            if (!reader.HasHeader)
                return new ChangeJournalFile(path, info.LastWriteTimeUtc.Ticks, info.Length, false);
            if (!mirrorPath.Equals(reader.MirrorPath, StringComparison.Ordinal))
                return null;
            long emptyLength = ChangeJournal.Header(0, mirrorPath).Length + ChangeJournalFormat.Frame + ChangeJournalFormat.EndBody;
            bool isEmpty = info.Length == emptyLength;
            if (isEmpty)
                reader.Skip();
            return new ChangeJournalFile(path, reader.Started, info.Length, isEmpty && reader.End is { IsComplete: true });
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException)
        {
            // What cannot be read may hold any change, so it stays pending.
            return new ChangeJournalFile(path, long.MaxValue, 0, IsCompleteAndEmpty: false);
        }
    }

    /// <summary>Makes new, renamed and deleted names durable.</summary>
    private void BringToDisk()
    {
        if (OperatingSystem.IsWindows())
            return;
        // .NET does not open folders. A file system that cannot do this, such as some network ones, keeps names in its own way.
        int folder = OpenFolder(Path, 0);
        if (folder < 0)
            return;
        _ = SyncFolder(folder);
        _ = CloseFolder(folder);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncFolder(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CloseFolder(int descriptor);
}

/// <summary>One journal that nobody writes any more.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Started">Sorts the journals of a job.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsCompleteAndEmpty">True when the run changed nothing, for certain.</param>
internal sealed record ChangeJournalFile(string Path, long Started, long Length, bool IsCompleteAndEmpty)
{
    /// <summary>True for the mark that stands for journals that became too many.</summary>
    public bool IsUnknown => System.IO.Path.GetFileName(Path).StartsWith(ChangeJournalFolder.Unknown, StringComparison.Ordinal);
}
