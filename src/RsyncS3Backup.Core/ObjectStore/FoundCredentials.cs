using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Credentials of a profile or of the machine, which may have to be fetched or renewed. The SDK has no type of exception for when that
/// fails, so it is known by where it happens: here.
/// </summary>
/// <param name="source">Has them.</param>
/// <param name="bucket">What they are for.</param>
/// <param name="profile">The profile that they are of; null for what the environment or the machine has.</param>
internal sealed class FoundCredentials(AWSCredentials source, string bucket, CredentialProfile? profile) : AWSCredentials
{
    /// <summary>True for what is wrong with credentials, and not with the way to who has them.</summary>
    public static bool IsProblem(Exception exception) =>
        exception is not (BackupException or OperationCanceledException or OutOfMemoryException) && !S3Errors.IsAboutNetwork(exception);

    /// <inheritdoc/>
    public override DateTime? Expiration => source.Expiration;

    /// <inheritdoc/>
    public override ImmutableCredentials GetCredentials()
    {
        try
        {
            return source.GetCredentials();
        }
        catch (Exception exception) when (IsProblem(exception))
        {
            throw CredentialErrors.Unavailable(bucket, profile, exception);
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
        catch (Exception exception) when (IsProblem(exception))
        {
            throw CredentialErrors.Unavailable(bucket, profile, exception);
        }

        return found.IsCompletedSuccessfully ? found : WaitAsync(found);
    }

    private async Task<ImmutableCredentials> WaitAsync(Task<ImmutableCredentials> found)
    {
        try
        {
            return await found.ConfigureAwait(false);
        }
        catch (Exception exception) when (IsProblem(exception))
        {
            throw CredentialErrors.Unavailable(bucket, profile, exception);
        }
    }
}
