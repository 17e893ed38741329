using Amazon.S3;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Which checksum goes with a request: the job's, or, with stores that refuse those headers, Content-MD5. One that refuses is asked
/// once more the other way, and what it then takes is remembered.
/// </summary>
/// <param name="access">Says what the job wants.</param>
/// <param name="abilities">Know what the store takes.</param>
internal sealed class ChecksumChoice(S3Access access, StoreAbilities abilities)
{
    /// <summary>The job's checksum, by S3's name.</summary>
    public string Algorithm => access.ChecksumAlgorithm;

    /// <summary>True when a checksum is what the next request goes with.</summary>
    public bool UsesChecksums => access.UsesChecksums && abilities.Has(StoreFeature.Checksums);

    /// <summary>
    /// Sends a request with the checksum that the store is believed to take, and once with the other one when it refuses.
    /// </summary>
    /// <param name="usesChecksum">What it is believed to take.</param>
    /// <param name="send">Sends it, with the checksum or without.</param>
    /// <exception cref="AmazonS3Exception">The store says no either way.</exception>
    public async Task<T> SendAsync<T>(bool usesChecksum, Func<bool, Task<T>> send)
    {
        AmazonS3Exception refusal;
        try
        {
            return await send(usesChecksum).ConfigureAwait(false);
        }
        // Who chose to do without has said what the store takes.
        catch (AmazonS3Exception exception) when (access.UsesChecksums && StoreRefusals.MayBeAboutHeader(exception))
        {
            refusal = exception;
        }

        try
        {
            T answer = await send(!usesChecksum).ConfigureAwait(false);
            Note(usesChecksum, refusal);
            return answer;
        }
        catch (AmazonS3Exception exception) when (!StoreRefusals.MayBeAboutHeader(exception))
        {
            // Another answer: that there is no such object, say.
            Note(usesChecksum, refusal);
            throw;
        }
    }

    private void Note(bool isChecksumRefused, AmazonS3Exception refusal)
    {
        if (isChecksumRefused)
            abilities.NoteLacking(StoreFeature.Checksums, StoreRefusals.Describe(refusal));
        else
            abilities.NoteHaving(StoreFeature.Checksums);
    }
}
