using System.Diagnostics;

namespace Demo;

/// <summary>A few hundred real files of many sizes, with the names and kinds that backups get wrong.</summary>
internal sealed class SampleTree(string root)
{
    private const int MiB = 1024 * 1024;

    private readonly Random random = new(20261122);

    /// <summary>Makes the files, and says how many.</summary>
    public string Create()
    {
        int[] sizes = [0, 1, 100, 4_096, 50_000, 200_000, 1_500_000];
        for (int number = 0; number < 280; number++)
            Write($"{2019 + (number % 7)}/{number % 12 + 1:D2}/IMG_{number:D4}.jpg", sizes[number % sizes.Length]);
        Write("videos/birthday.mp4", 33 * MiB + 7);
        Write("videos/holiday.mov", 16 * MiB);
        Write("videos/one part less one byte.avi", 8 * MiB - 1);
        string[] names =
        [
            "100% done.txt", "a+b=c.txt", "it's \"quoted\".txt", "🎂 cake 🎉.txt", "Ünïcödé ﾃﾞ.txt", "q?x=1&y=2#top.txt", "-rf", ".hidden",
            "back\\slash.txt", "semi;colon $HOME `date`.txt", "two  spaces .txt",
        ];
        foreach (string name in names)
            Write("strange names/" + name, 321);
        Write("Thumbs.db", 10);
        Directory.CreateDirectory(Path.Combine(root, "empty folder"));
        File.CreateSymbolicLink(Path.Combine(root, "latest"), "2025/01");
        HardLink("videos/holiday.mov", "videos/holiday (the same file).mov");

        long files = 0;
        long bytes = 0;
        foreach (FileInfo file in new DirectoryInfo(root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            files++;
            bytes += file.Length;
        }

        return $"{files} files, {bytes / MiB} MiB, with a symbolic link, a hard link and an empty folder";
    }

    /// <summary>A few changes of each kind, and what they were.</summary>
    public string Change()
    {
        Write("2026/new.jpg", 70_000);
        // Same size and an older time: what a comparison by date misses.
        string edited = Path.Combine(root, "strange names", "100% done.txt");
        File.WriteAllBytes(edited, Bytes(321));
        File.SetLastWriteTimeUtc(edited, new DateTime(2020, 2, 2, 2, 2, 2, DateTimeKind.Utc));
        File.Delete(Path.Combine(root, "2019", "01", "IMG_0000.jpg"));
        File.Delete(Path.Combine(root, "strange names", "-rf"));
        File.Move(Path.Combine(root, "videos", "birthday.mp4"), Path.Combine(root, "videos", "🎂 birthday.mp4"));
        return "1 new file, 1 edit of equal size and older date, 1 rename, 2 deletions";
    }

    /// <summary>One more edit.</summary>
    public void ChangeAgain() => Write("2026/new.jpg", 71_000);

    /// <summary>Makes the source vanish.</summary>
    public void TakeAway() => Directory.Move(root, root + " (not mounted)");

    /// <summary>Brings it back.</summary>
    public void BringBack() => Directory.Move(root + " (not mounted)", root);

    private void Write(string relative, int size)
    {
        string path = Path.Combine(root, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Bytes(size));
    }

    private byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        random.NextBytes(bytes);
        return bytes;
    }

    // .NET has no call for it before 11.
    private void HardLink(string existing, string added)
    {
        using Process ln = Process.Start("ln", ["--", Path.Combine(root, existing), Path.Combine(root, added)]);
        ln.WaitForExit();
        if (ln.ExitCode != 0)
            throw new IOException("ln failed.");
    }
}
