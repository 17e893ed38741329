using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>Binds parameters from left to right.</summary>
internal sealed class RowWriter(SqliteStatement statement)
{
    private int next = 1;

    public RowWriter Add(string? value)
    {
        statement.BindOrNull(next++, value);
        return this;
    }

    public RowWriter Add(long? value)
    {
        statement.BindOrNull(next++, value);
        return this;
    }

    /// <summary>Leaves parameters without a value.</summary>
    public RowWriter Skip(int count)
    {
        next += count;
        return this;
    }
}
