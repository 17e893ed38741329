using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Sync.Ownership;

/// <summary>
/// Who a run is to the bucket: the mirror that it sends, by its marker. That marker is the first object under a key prefix and says whose the
/// prefix is, so that no job overwrites or deletes what another one sent.
/// </summary>
/// <param name="Marker">The mirror's marker.</param>
/// <param name="Content">It as it is in the mirror, so that any other tool finds nothing to do.</param>
/// <param name="IsInMirror">False for a folder that no stage 1 made, which has no marker, and gets none.</param>
internal sealed record PrefixOwner(MirrorMarker Marker, byte[] Content, bool IsInMirror)
{
    // What clocks may be apart; S3 refuses requests from farther away.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(15);

    /// <summary>An object that S3 stored before that is nothing that this mirror was sent to S3 as.</summary>
    public DateTimeOffset Since => IsInMirror ? Marker.Created - ClockSkew : DateTimeOffset.MinValue;

    /// <summary>The owner that a run is.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="mirror">The mirror's root folder.</param>
    public static PrefixOwner Of(string job, string mirror)
    {
        try
        {
            if (MirrorMarker.ReadBytes(mirror) is { } content)
                return new PrefixOwner(MirrorMarker.Parse(content), content, IsInMirror: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // One that nobody can read is none: stage 1 says what is wrong with it.
        }

        MirrorMarker made = Unmarked(job, mirror);
        return new PrefixOwner(made, made.ToBytes(), IsInMirror: false);
    }

    /// <summary>True for this mirror, and for one whose place it took.</summary>
    /// <param name="mirrorId">The id of a mirror, as its marker has it.</param>
    public bool Owns(string mirrorId) =>
        mirrorId == Marker.Id || mirrorId == Marker.Replaces || mirrorId == Marker.Set
        // What was sent from this folder before it had a marker.
        || (IsInMirror && Marker.Path is { } path && mirrorId == UnmarkedId(Marker.Job, path));

    /// <summary>True for this mirror, for one whose place it took, and for the other drives that take turns with it.</summary>
    /// <param name="other">The marker of a mirror.</param>
    public bool Owns(MirrorMarker other) => Owns(other.Id) || (other.Set is { } set && Owns(set));

    /// <summary>The attributes of the marker in the mirror, as those of any entry; none where it is not there.</summary>
    /// <param name="mirror">The mirror's root folder.</param>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata(string mirror)
    {
        try
        {
            return IsInMirror ? [.. ObjectMetadata.For(FileAttributesReader.Read(Path.Combine(mirror, MirrorMarker.FileName)))] : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    // The same at each run, without anything that would have to be remembered: one folder of one machine is one owner for one job.
    private static MirrorMarker Unmarked(string job, string mirror)
    {
        string path = RealPath.Of(mirror);
        return new MirrorMarker(UnmarkedId(job, path), job, DateTimeOffset.UnixEpoch, FileSystemIdentity.Of(mirror))
        {
            Path = path,
            Host = KeyPrefix.Host,
        };
    }

    private static string UnmarkedId(string job, string path)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{KeyPrefix.Host}\n{job}\n{path}"));
        return new Guid(hash.AsSpan(0, 16)).ToString("D");
    }
}
