using System.Security.Cryptography;
using System.Text;

namespace RsyncS3Backup.Input;

/// <summary>The name of a job that has no configuration.</summary>
internal static class JobName
{
    /// <summary>
    /// The mirror's folder name and a short hash of its full path, so that two mirrors called <c>photos</c> do not share state, and both
    /// stages of one mirror do.
    /// </summary>
    internal static string FromMirror(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string last = Path.GetFileName(full) is { Length: > 0 } name ? name : "root";
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..8].ToLowerInvariant();
        return $"{last}-{hash}";
    }
}
