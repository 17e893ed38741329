using System.Runtime.InteropServices;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Somebody who swaps two entries of a folder as fast as the system lets him, until he is disposed of.</summary>
internal sealed partial class Swap : IDisposable
{
    private readonly Thread thread;
    private volatile bool isOver;

    /// <summary>Begins.</summary>
    /// <param name="one">A path.</param>
    /// <param name="other">Another one of the same file system. They have each other's entries now and then.</param>
    public Swap(string one, string other)
    {
        thread = new Thread(() =>
        {
            for (bool isSwapped = false; !isOver || isSwapped; isSwapped = !isSwapped)
                Once(one, other);
        });
        thread.Start();
    }

    /// <summary>Swaps two entries once, in one step.</summary>
    public static void Once(string one, string other)
    {
        const int currentFolder = -100;
        const uint exchange = 2;
        Assert.Equal(0, Rename(currentFolder, one, currentFolder, other, exchange));
    }

    /// <summary>Makes a pipe that nobody writes to.</summary>
    public static string Pipe(string path)
    {
        Assert.Equal(0, MakePipe(path, 0x1B6));
        return path;
    }

    public void Dispose()
    {
        isOver = true;
        thread.Join();
    }

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);
}
