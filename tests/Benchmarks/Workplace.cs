using System.Security.Cryptography;

namespace Benchmarks;

/// <summary>A temporary folder for files, state and configuration; gone at the end.</summary>
internal sealed class Workplace : IDisposable
{
    private Workplace(string root) => Root = root;

    public string Root { get; }

    public static Workplace Create() => new(Directory.CreateTempSubdirectory("rsyncs3backup-bench-").FullName);

    /// <summary>Files of 4 KiB, 500 a folder, with content that does not compress.</summary>
    public string SmallFiles(int count) => Files("small", count);

    /// <summary>The same, in a folder of that name.</summary>
    public string Files(string name, int count)
    {
        string folder = Path.Combine(Root, name);
        Random random = new(1);
        byte[] content = new byte[4096];
        for (int number = 0; number < count; number++)
        {
            string inner = Directory.CreateDirectory(Path.Combine(folder, $"{number / 500:D4}")).FullName;
            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(inner, $"{number:D6}.bin"), content);
        }

        return folder;
    }

    /// <summary>Changes every so manieth file: as many bytes, other content.</summary>
    public static int Change(string folder, int every)
    {
        Random random = new(Environment.TickCount);
        byte[] content = new byte[4096];
        int changed = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where((_, index) => index % every == 0))
        {
            random.NextBytes(content);
            File.WriteAllBytes(path, content);
            changed++;
        }

        return changed;
    }

    public string LargeFile(int mebibytes)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Root, "large")).FullName;
        using FileStream file = File.Create(Path.Combine(folder, "large.bin"));
        Random random = new(2);
        byte[] content = new byte[1024 * 1024];
        for (int number = 0; number < mebibytes; number++)
        {
            random.NextBytes(content);
            file.Write(content);
        }

        return folder;
    }

    /// <summary>True when two files have the same bytes.</summary>
    public static bool AreEqual(string path, string other)
    {
        using FileStream one = File.OpenRead(path);
        using FileStream two = File.OpenRead(other);
        return one.Length == two.Length && SHA256.HashData(one).AsSpan().SequenceEqual(SHA256.HashData(two));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
