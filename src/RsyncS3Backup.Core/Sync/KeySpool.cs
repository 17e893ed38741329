using System.Text;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Sync;

/// <summary>
/// Keys that something is done about at the run's end, kept in a file until then: a list of them in memory could grow with the tree. The file
/// is gone when this is disposed.
/// </summary>
/// <param name="name">What the file is called by.</param>
/// <param name="folder">Gives the folder for the file; asked when there is a key.</param>
internal sealed class KeySpool(string name, Func<string> folder) : IDisposable
{
    /// <summary>How many of <see cref="First"/> there are at most.</summary>
    public const int FirstKeys = 10;

    private readonly List<string> first = [];
    private FileStream? file;
    private BinaryWriter? writer;

    /// <summary>How many keys there are.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of the objects behind them.</summary>
    public long Bytes { get; private set; }

    /// <summary>The first few, for a message.</summary>
    public IReadOnlyList<string> First => first;

    /// <summary>Adds a key.</summary>
    public void Add(string relativeKey, long size)
    {
        writer ??= Open();
        writer.Write(size);
        writer.Write(relativeKey);
        if (first.Count < FirstKeys)
            first.Add(relativeKey);
        Count++;
        Bytes += size;
    }

    /// <summary>All keys with their sizes, in batches, in the order they were added.</summary>
    public IEnumerable<IReadOnlyList<(string RelativeKey, long Size)>> Batches(int batchSize)
    {
        if (writer is null)
            yield break;
        writer.Flush();
        file!.Position = 0;
        using BinaryReader reader = new(file, Encoding.UTF8, leaveOpen: true);
        for (long left = Count; left > 0;)
        {
            List<(string, long)> batch = [];
            for (; left > 0 && batch.Count < batchSize; left--)
            {
                long size = reader.ReadInt64();
                batch.Add((reader.ReadString(), size));
            }

            yield return batch;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        writer?.Dispose();
        file?.Dispose();
    }

    private BinaryWriter Open()
    {
        string path = Path.Combine(folder(), $"{name}-{Guid.NewGuid():N}.tmp");
        file = StateFolder.CreateFile(path, FileOptions.DeleteOnClose);
        return new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
    }
}
