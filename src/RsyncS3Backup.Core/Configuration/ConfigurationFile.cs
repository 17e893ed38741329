using System.Text;

namespace RsyncS3Backup.Configuration;

/// <summary>The content of a configuration file.</summary>
internal static class ConfigurationFile
{
    // A job is a page of text; a path that names something else, such as a disk image or a device, must not be read to its end.
    private const int LargestFile = 1024 * 1024;

    /// <summary>The bytes of a file.</summary>
    /// <param name="path">Absolute.</param>
    /// <exception cref="BackupException">It is not there (<c>ConfigurationNotFound</c>), or cannot be read (<c>ConfigurationUnreadable</c>).</exception>
    public static byte[] Read(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new BackupException(ConfigurationErrors.Unreadable(path, "it is a folder."));
            return Content(path) ?? throw new BackupException(ConfigurationErrors.Unreadable(path, "it is larger than 1 MiB, which no job is."));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BackupException(ConfigurationErrors.NotFound(path), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(ConfigurationErrors.Unreadable(path, exception.Message), exception);
        }
    }

    /// <summary>The value in a text, with or without a byte order mark. Windows PowerShell's Out-File writes UTF-16.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">The file that it comes from; null for none.</param>
    /// <exception cref="System.Text.Json.JsonException">It is not JSON; the exception knows where.</exception>
    public static ConfigurationNode Parse(ReadOnlySpan<byte> json, string? path) => ConfigurationParser.Parse(
        json switch
        {
            [0xEF, 0xBB, 0xBF, ..] => json[3..],
            [0xFF, 0xFE, ..] => Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(json[2..])),
            [0xFE, 0xFF, ..] => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(json[2..])),
            _ => json,
        },
        path);

    private static byte[]? Content(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        byte[] buffer = new byte[16 * 1024];
        for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > LargestFile)
                return null;
        }

        return content.ToArray();
    }
}
