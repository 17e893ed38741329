using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Reads columns from left to right.</summary>
/// <param name="statement">The row at hand.</param>
internal struct RowReader(SqliteStatement statement)
{
    private int next;

    public string? Text() => statement.TextOrNull(next++);

    public long Number() => statement.Int64(next++);

    /// <summary>A text's bytes, until the next row.</summary>
    public ReadOnlySpan<byte> Bytes() => statement.Blob(next++);

    public long? NumberOrNull() => statement.Int64OrNull(next++);
}
