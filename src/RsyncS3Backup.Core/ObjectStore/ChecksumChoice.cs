using Amazon.S3;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Which checksum goes with a request: CRC32, or, with stores that refuse those headers, Content-MD5. One that refuses is asked
/// once more the other way, and what it then takes is remembered.
/// </summary>
/// <param name="access">Says what the job wants.</param>
/// <param name="abilities">Know what the store takes.</param>
internal sealed class ChecksumChoice(S3Access access, StoreAbilities abilities)
{
    /// <summary>True when CRC32 is what the next request goes with.</summary>
    public bool UsesCrc32 => access.UsesCrc32 && abilities.Has(StoreFeature.Checksums);

    /// <summary>
    /// Sends a request with the checksum that the store is believed to take, and once with the other one when it refuses.
    /// </summary>
    /// <param name="usesCrc32">What it is believed to take.</param>
    /// <param name="send">Sends it, with CRC32 or without.</param>
    /// <exception cref="AmazonS3Exception">The store says no either way.</exception>
    public async Task<T> SendAsync<T>(bool usesCrc32, Func<bool, Task<T>> send)
    {
        AmazonS3Exception refusal;
        try
        {
            return await send(usesCrc32).ConfigureAwait(false);
        }
        // Who chose to do without has said what the store takes.
        catch (AmazonS3Exception exception) when (access.UsesCrc32 && StoreRefusals.MayBeAboutHeader(exception))
        {
            refusal = exception;
        }

        try
        {
            T answer = await send(!usesCrc32).ConfigureAwait(false);
            Note(usesCrc32, refusal);
            return answer;
        }
        catch (AmazonS3Exception exception) when (!StoreRefusals.MayBeAboutHeader(exception))
        {
            // Another answer: that there is no such object, say.
            Note(usesCrc32, refusal);
            throw;
        }
    }

    private void Note(bool isCrc32Refused, AmazonS3Exception refusal)
    {
        if (isCrc32Refused)
            abilities.NoteLacking(StoreFeature.Checksums, StoreRefusals.Describe(refusal));
        else
            abilities.NoteHaving(StoreFeature.Checksums);
    }
}
