using System.Security.Cryptography;
using System.Text;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// What a file is called while its content is on its way: in the folder where it will be, because a rename is one step only within a file
/// system, and always the same for one name, so that the next restore finds what a crash has left.
/// </summary>
internal static class TemporaryName
{
    /// <summary>The file by which a file system is asked what it does.</summary>
    public const string Probe = EntryPath.TemporaryPrefix + "probe-";

    /// <summary>The content.</summary>
    public static string For(string name) => EntryPath.TemporaryPrefix + Hash(name);

    /// <summary>Which parts of the content are there.</summary>
    public static string PartsOf(string name) => EntryPath.TemporaryPrefix + Hash(name) + ".parts";

    private static string Hash(string name) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 10)).ToLowerInvariant();
}
