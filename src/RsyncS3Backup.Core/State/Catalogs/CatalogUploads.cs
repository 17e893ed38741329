using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.Catalogs;

/// <summary>The multipart uploads to one destination, as a catalog records them.</summary>
/// <param name="writer">The catalog's file.</param>
/// <param name="gate">Guards <paramref name="writer"/>.</param>
/// <param name="identity">The destination.</param>
/// <param name="health">Hears what goes wrong.</param>
internal sealed class CatalogUploads(SqliteDatabase writer, object gate, string identity, CatalogHealth health) : IUnfinishedUploads
{
    /// <inheritdoc/>
    public IReadOnlyList<UnfinishedUpload> All()
    {
        List<UnfinishedUpload> found = [];
        lock (gate)
            health.Attempt(() => Read(found));
        return found;
    }

    /// <inheritdoc/>
    public void Remember(UnfinishedUpload upload)
    {
        lock (gate)
        {
            health.Attempt(() => writer.Transaction(isDurable: true, () =>
            {
                using SqliteStatement insert = writer.Prepare("INSERT OR REPLACE INTO upload VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
                insert.Bind(1, upload.UploadId).Bind(2, identity).Bind(3, Encoding.UTF8.GetBytes(upload.RelativeKey)).Bind(4, upload.Size)
                    .Bind(5, upload.PartSize).Bind(6, upload.ModifiedNanoseconds).Bind(7, upload.ChangedNanoseconds)
                    .Bind(8, unchecked((long)upload.Inode)).Bind(9, upload.StartTime.UtcTicks).Run();
            }));
        }
    }

    /// <inheritdoc/>
    public void Forget(string uploadId)
    {
        lock (gate)
        {
            health.Attempt(() => writer.Transaction(isDurable: false, () =>
            {
                using SqliteStatement delete = writer.Prepare("DELETE FROM upload WHERE upload_id = ?");
                delete.Bind(1, uploadId).Run();
            }));
        }
    }

    private void Read(List<UnfinishedUpload> found)
    {
        using SqliteStatement select = writer.Prepare("SELECT key, upload_id, size, part_size, modified, changed, inode, started "
            + "FROM upload WHERE identity = ? ORDER BY key, started");
        select.Bind(1, identity);
        while (select.Step())
        {
            if (select.Int64(7) < DateTime.MinValue.Ticks || select.Int64(7) > DateTime.MaxValue.Ticks)
                throw SqliteException.Damaged("A multipart upload in the catalog began at no time.");
            found.Add(new UnfinishedUpload(Encoding.UTF8.GetString(select.Blob(0)), select.Text(1), select.Int64(2), select.Int64(3),
                select.Int64(4), select.Int64(5), unchecked((ulong)select.Int64(6)), new DateTimeOffset(select.Int64(7), TimeSpan.Zero)));
        }
    }
}
