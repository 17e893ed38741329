using System.IO.Hashing;
using FsCheck.Xunit;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class Crc32CombinationTests
{
    [Property(MaxTest = 500)]
    public bool The_checksum_of_two_pieces_is_that_of_the_whole(byte[] first, byte[] second) =>
        Crc32Combination.Combine(Crc32.HashToUInt32(first), Crc32.HashToUInt32(second), second.Length)
            == Crc32.HashToUInt32([.. first, .. second]);
}
