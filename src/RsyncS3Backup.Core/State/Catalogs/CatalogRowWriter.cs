using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>Brings changes of rows to a catalog's file.</summary>
internal static class CatalogRowWriter
{
    /// <summary>Writes rows, and removes those that are null; returns by how many there are more.</summary>
    public static int Write(SqliteDatabase writer, Dictionary<string, CatalogEntry?> rows)
    {
        using SqliteStatement insert = writer.Prepare(
            "INSERT OR IGNORE INTO object(key, link_group, state, gone, content) VALUES(?, ?, ?, ?, ?)");
        using SqliteStatement update = writer.Prepare(
            "UPDATE object SET link_group = ?2, state = ?3, gone = ?4, content = ?5 WHERE key = ?1");
        using SqliteStatement delete = writer.Prepare("DELETE FROM object WHERE key = ?");
        using SqliteStatement putParts = writer.Prepare("INSERT OR REPLACE INTO part(key, hashes) VALUES(?, ?)");
        using SqliteStatement deleteParts = writer.Prepare("DELETE FROM part WHERE key = ?");
        CatalogRow row = new();
        int more = 0;
        byte[] buffer = new byte[1024];
        foreach ((string relativeKey, CatalogEntry? entry) in rows)
        {
            if (Encoding.UTF8.GetMaxByteCount(relativeKey.Length) > buffer.Length)
                buffer = new byte[Encoding.UTF8.GetMaxByteCount(relativeKey.Length)];
            ReadOnlySpan<byte> key = buffer.AsSpan(0, Encoding.UTF8.GetBytes(relativeKey, buffer));
            if (entry is null)
            {
                delete.Bind(1, key).Run();
                more -= writer.Changes;
                deleteParts.Bind(1, key).Run();
                continue;
            }

            ReadOnlySpan<byte> state = row.Write(key, entry);
            Bind(insert, key, entry, state).Run();
            more += writer.Changes;
            if (writer.Changes == 0)
                Bind(update, key, entry, state).Run();
            if (entry.Hash is not { IsOfParts: true })
                deleteParts.Bind(1, key).Run();
            else if (entry.PartHashes is { } hashes)
                putParts.Bind(1, key).Bind(2, ContentHash.Write(hashes)).Run();
        }

        return more;
    }

    private static SqliteStatement Bind(SqliteStatement statement, ReadOnlySpan<byte> key, CatalogEntry entry, ReadOnlySpan<byte> state)
    {
        statement.Bind(1, key).Bind(3, state);
        _ = entry.LinkGroup == 0 ? statement.BindNull(2) : statement.Bind(2, unchecked((long)entry.LinkGroup));
        _ = CatalogContent.Of(entry) is { } content ? statement.Bind(5, content) : statement.BindNull(5);
        return entry.GoneTime is { } time ? statement.Bind(4, time.ToUnixTimeSeconds()) : statement.BindNull(4);
    }
}
