using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Files;

/// <summary>Asks a file system what it does: it says so only when it is made to do it.</summary>
internal static class FileSystemProbe
{
    /// <summary>What the file systems of Windows keep names free of; a slash no name has anywhere.</summary>
    public const string DoubtfulCharacters = "\"*:<>?\\|";

    private const uint PermissionBits = 0xFFF;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Composed; in the decomposed form the dots are a character of their own.
    private const string Upper = "\u00C4";
    private const string Lower = "\u00E4";
    private const string Decomposed = "A\u0308";

    // An odd second, so that a step of two is seen, and nothing that a step of ten milliseconds could keep.
    private const long Odd = (1_000_000_001 * NanosecondsPerSecond) + 123_456_789;

    // FAT's directory entries have 32 bits for the size, and trying it out could cost 4 GiB of writing where files have no holes.
    private const long LargestFileOfFat = uint.MaxValue;
    private static readonly string[] TypesOfFat = ["vfat", "msdos", "fuse.fusefat"];

    /// <summary>Asks the file system of a folder, by entries in it that are gone afterwards.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">What the names of the entries begin with; what has such a name is removed.</param>
    /// <param name="type">The file system's type, where that is known.</param>
    /// <exception cref="IOException">Nothing can be made there.</exception>
    /// <exception cref="UnauthorizedAccessException">Nothing can be made there.</exception>
    public static FileSystemTraits Look(FolderHandle folder, string prefix, string type = "")
    {
        string name = prefix + Upper;
        try
        {
            UnixCalls.Remove(folder, name);
            using SafeFileHandle file = UnixCalls.CreateFile(folder, name, mode: 0x1B6);
            uint made = FileAttributesReader.Read(file).Mode & PermissionBits;
            FileSystemTraits traits = new()
            {
                FoldsCase = UnixCalls.TryLook(folder, prefix + Lower) is not null,
                FoldsNormalization = UnixCalls.TryLook(folder, prefix + Decomposed) is not null,
                FileMode = made,
                HasExtendedAttributes = UnixCalls.TakesExtendedAttributes(file),
                KeepsPermissions = KeepsPermissions(file),
                KeepsOwners = KeepsOwners(file),
                HasSymbolicLinks = CanMake(folder, prefix + "link", entry => UnixCalls.MakeLink(folder, entry, "target"u8)),
                HasHardLinks = CanMake(folder, prefix + "name", entry => UnixCalls.AddName(folder, name, folder, entry)),
                HasSpecialFiles = CanMake(folder, prefix + "pipe", entry => UnixCalls.MakePipe(folder, entry)),
                RefusedCharacters = string.Concat(DoubtfulCharacters.Where(character => !TakesName(folder, prefix + character))),
                LargestFile = TypesOfFat.Contains(type) ? LargestFileOfFat : null,
            };
            UnixCalls.ChangeTime(file, Odd);
            return traits with { TimeStep = StepOf(UnixCalls.TryLook(folder, name)?.ModifiedNanoseconds ?? 0) };
        }
        finally
        {
            UnixCalls.Remove(folder, name);
        }
    }

    /// <summary>The same on Windows, where only names and times are asked for.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="prefix">As for handles.</param>
    public static FileSystemTraits Look(string path, string prefix)
    {
        string file = Path.Join(path, prefix + Upper);
        File.Delete(file);
        try
        {
            using (SafeFileHandle made = File.OpenHandle(file, FileMode.CreateNew, FileAccess.ReadWrite))
                File.SetLastWriteTimeUtc(made, DateTime.UnixEpoch.AddTicks(Odd / TimeSpan.NanosecondsPerTick));
            return new FileSystemTraits
            {
                FoldsCase = File.Exists(Path.Join(path, prefix + Lower)),
                FoldsNormalization = File.Exists(Path.Join(path, prefix + Decomposed)),
                TimeStep = StepOf(FileAttributesReader.Read(file).ModifiedNanoseconds),
            };
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The step that a time of <see cref="Odd"/> was cut down to; 0 when it is another one altogether. Pure.</summary>
    internal static long StepOf(long kept)
    {
        foreach (long step in (ReadOnlySpan<long>)[1, 100, 1000, 1_000_000, 10_000_000, NanosecondsPerSecond])
        {
            if (kept == Odd / step * step)
                return step;
        }

        return Math.Abs(kept - Odd) < 2 * NanosecondsPerSecond ? 2 * NanosecondsPerSecond : 0;
    }

    private static bool KeepsPermissions(SafeFileHandle file)
    {
        // Some take every change and make none, and some keep only whether the owner may write.
        foreach (uint mode in (ReadOnlySpan<uint>)[0x1A0, 0x1C9, 0x180])
        {
            if (!Try(() => UnixCalls.TryChangeMode(file, mode)) || (FileAttributesReader.Read(file).Mode & PermissionBits) != mode)
                return false;
        }

        return true;
    }

    private static bool KeepsOwners(SafeFileHandle file)
    {
        FileAttributesSnapshot made = FileAttributesReader.Read(file);
        if (UnixCalls.User == 0)
            return KeepsOwner(file, 1, 1) && KeepsOwner(file, made.UserId, made.GroupId);
        // rsync gives files away as the superuser only; groups it sets where this user is one of them.
        uint[] others = [.. UnixCalls.Groups().Where(group => group != made.GroupId)];
        return others.Length == 0 || KeepsOwner(file, made.UserId, others[0]);
    }

    private static bool KeepsOwner(SafeFileHandle file, uint user, uint group) =>
        Try(() => UnixCalls.TryChangeOwner(file, user, group))
        && FileAttributesReader.Read(file) is var found && found.UserId == user && found.GroupId == group;

    private static bool TakesName(FolderHandle folder, string name) =>
        CanMake(folder, name, entry => UnixCalls.CreateFile(folder, entry, mode: 0x180).Dispose());

    private static bool CanMake(FolderHandle folder, string name, Action<string> make)
    {
        bool isMade = Try(() =>
        {
            UnixCalls.Remove(folder, name);
            make(name);
            return UnixCalls.TryLook(folder, name) is not null;
        });
        // exfat-fuse says that it made no pipe, and has a file by its name.
        Try(() =>
        {
            UnixCalls.Remove(folder, name);
            return true;
        });
        return isMade;
    }

    private static bool Try(Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
