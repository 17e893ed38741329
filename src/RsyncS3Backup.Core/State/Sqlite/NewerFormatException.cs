namespace RsyncS3Backup.State.Sqlite;

/// <summary>A file that a newer version of the module made. It is no damage: such a file is left as it is.</summary>
internal sealed class NewerFormatException(int format, int known, string? writer)
    : IOException($"It has format {format}, and this version of the module knows formats up to {known}.")
{
    /// <summary>The version of the module that made the file; null where it does not say so.</summary>
    public string? Writer => writer;
}
