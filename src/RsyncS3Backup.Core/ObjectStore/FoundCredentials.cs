using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Credentials of a profile or of the machine, which may have to be fetched or renewed. The SDK has no type of exception for when that
/// fails, so it is known by where it happens: here.
/// </summary>
/// <param name="source">Has them.</param>
/// <param name="bucket">What they are for.</param>
internal sealed class FoundCredentials(AWSCredentials source, string bucket) : AWSCredentials
{
    /// <inheritdoc/>
    public override ImmutableCredentials GetCredentials()
    {
        try
        {
            return source.GetCredentials();
        }
        catch (AmazonClientException exception) when (!S3Errors.IsAboutNetwork(exception))
        {
            throw S3Errors.CredentialsUnavailable(bucket, exception);
        }
    }

    /// <inheritdoc/>
    public override Task<ImmutableCredentials> GetCredentialsAsync()
    {
        // Each request asks, and nearly always they are there.
        Task<ImmutableCredentials> found;
        try
        {
            found = source.GetCredentialsAsync();
        }
        catch (AmazonClientException exception) when (!S3Errors.IsAboutNetwork(exception))
        {
            throw S3Errors.CredentialsUnavailable(bucket, exception);
        }

        return found.IsCompletedSuccessfully ? found : WaitAsync(found);
    }

    private async Task<ImmutableCredentials> WaitAsync(Task<ImmutableCredentials> found)
    {
        try
        {
            return await found.ConfigureAwait(false);
        }
        catch (AmazonClientException exception) when (!S3Errors.IsAboutNetwork(exception))
        {
            throw S3Errors.CredentialsUnavailable(bucket, exception);
        }
    }
}
