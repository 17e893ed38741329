using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore.Buckets;

/// <summary>What a bucket says of a setting.</summary>
/// <param name="IsKnown">False when the credentials may not ask, or the store does not know the question.</param>
/// <param name="Value">The setting; null for none.</param>
internal readonly record struct BucketAnswer(bool IsKnown, string? Value)
{
    /// <summary>Whether the setting is on; null where that is not known.</summary>
    public bool? IsOn => IsKnown ? Value == BucketSettingRequests.On : null;
}

/// <summary>
/// The requests that make a bucket, and ask for and change its settings. Source: the Amazon S3 API Reference, by the names of the requests.
/// </summary>
/// <param name="connection">Sends them.</param>
/// <param name="bucket">The bucket.</param>
internal sealed class BucketSettingRequests(S3Connection connection, string bucket)
{
    /// <summary>What S3 calls versioning and Object Lock that are on.</summary>
    public const string On = "Enabled";

    private const string FirstRegion = "us-east-1";

    private static readonly string[] AmazonHosts = [".amazonaws.com", ".amazonaws.com.cn"];

    private readonly AmazonS3Client client = connection.Client;

    /// <summary>Whether the bucket is there, and one that these credentials may use.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task<bool> ExistsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.HeadBucketAsync(new HeadBucketRequest { BucketName = bucket }, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Makes the bucket in the connection's region.</summary>
    /// <param name="hasObjectLock">With Object Lock, and with it versioning.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task MakeAsync(bool hasObjectLock, CancellationToken cancellationToken)
    {
        string region = connection.Target.Region;
        // Stores of others have regions that Amazon does not know, and take none for the only one that they have.
        bool isNamed = region != FirstRegion && AmazonHosts.Any(end => connection.BucketAddress.Host.EndsWith(end, StringComparison.OrdinalIgnoreCase));
        PutBucketRequest make = new()
        {
            BucketName = bucket,
            ObjectLockEnabledForBucket = hasObjectLock ? true : null,
            PutBucketConfiguration = isNamed ? new PutBucketConfiguration { LocationConstraint = BucketLocationConstraint.FindValue(region) } : null,
        };
        return client.PutBucketAsync(make, cancellationToken);
    }

    /// <summary>
    /// Its versioning. While it is suspended, what is written replaces what was written while it was: the past is not what it seems.
    /// </summary>
    public Task<BucketAnswer> VersioningAsync(CancellationToken cancellationToken) => AskAsync("", async () =>
    {
        GetBucketVersioningRequest ask = new() { BucketName = bucket };
        VersionStatus? status = (await client.GetBucketVersioningAsync(ask, cancellationToken).ConfigureAwait(false)).VersioningConfig?.Status;
        return status == VersionStatus.Off ? null : status?.Value;
    });

    /// <summary>Has it keep versions.</summary>
    public Task KeepVersionsAsync(CancellationToken cancellationToken) => client.PutBucketVersioningAsync(
        new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
        cancellationToken);

    /// <summary>Its Object Lock. Ceph calls a bucket without one an InvalidRequest.</summary>
    public Task<BucketAnswer> ObjectLockAsync(CancellationToken cancellationToken) => AskAsync("ObjectLockConfigurationNotFoundError InvalidRequest", async () =>
    {
        GetObjectLockConfigurationRequest ask = new() { BucketName = bucket };
        GetObjectLockConfigurationResponse answer = await client.GetObjectLockConfigurationAsync(ask, cancellationToken).ConfigureAwait(false);
        return answer.ObjectLockConfiguration?.ObjectLockEnabled?.Value;
    });

    /// <summary>Gives it Object Lock, which nobody can take away again.</summary>
    public Task LockAsync(CancellationToken cancellationToken) => client.PutObjectLockConfigurationAsync(
        new PutObjectLockConfigurationRequest
        {
            BucketName = bucket,
            ObjectLockConfiguration = new ObjectLockConfiguration { ObjectLockEnabled = ObjectLockEnabled.Enabled },
        },
        cancellationToken);

    /// <summary>Its public access block: <c>blocked</c> when all four parts are.</summary>
    public Task<BucketAnswer> PublicAccessBlockAsync(CancellationToken cancellationToken) => AskAsync("NoSuchPublicAccessBlockConfiguration", async () =>
    {
        GetPublicAccessBlockRequest ask = new() { BucketName = bucket };
        GetPublicAccessBlockResponse answer = await client.GetPublicAccessBlockAsync(ask, cancellationToken).ConfigureAwait(false);
        return answer.PublicAccessBlockConfiguration is
        {
            BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true
        } ? "blocked" : null;
    });

    /// <summary>Blocks public access.</summary>
    public Task BlockPublicAccessAsync(CancellationToken cancellationToken) => client.PutPublicAccessBlockAsync(
        new PutPublicAccessBlockRequest
        {
            BucketName = bucket,
            PublicAccessBlockConfiguration = new PublicAccessBlockConfiguration
            {
                BlockPublicAcls = true,
                IgnorePublicAcls = true,
                BlockPublicPolicy = true,
                RestrictPublicBuckets = true,
            },
        },
        cancellationToken);

    /// <summary>What encrypts objects for which no request says it: as in its header, with the key behind it.</summary>
    public Task<BucketAnswer> EncryptionAsync(CancellationToken cancellationToken) => AskAsync("ServerSideEncryptionConfigurationNotFoundError", async () =>
    {
        GetBucketEncryptionRequest ask = new() { BucketName = bucket };
        GetBucketEncryptionResponse answer = await client.GetBucketEncryptionAsync(ask, cancellationToken).ConfigureAwait(false);
        ServerSideEncryptionByDefault? found =
            answer.ServerSideEncryptionConfiguration?.ServerSideEncryptionRules?.FirstOrDefault()?.ServerSideEncryptionByDefault;
        return found is null ? null : Text(found.ServerSideEncryptionAlgorithm?.Value ?? "", found.ServerSideEncryptionKeyManagementServiceKeyId);
    });

    /// <summary>Sets it.</summary>
    /// <param name="algorithm">As in its header.</param>
    /// <param name="key">The KMS key; null: the account's own, or none.</param>
    /// <param name="hasBucketKey">Whether S3 asks KMS once for many objects.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task EncryptAsync(string algorithm, string? key, bool hasBucketKey, CancellationToken cancellationToken) => client.PutBucketEncryptionAsync(
        new PutBucketEncryptionRequest
        {
            BucketName = bucket,
            ServerSideEncryptionConfiguration = new ServerSideEncryptionConfiguration
            {
                ServerSideEncryptionRules =
                [
                    new ServerSideEncryptionRule
                    {
                        ServerSideEncryptionByDefault = new ServerSideEncryptionByDefault
                        {
                            ServerSideEncryptionAlgorithm = ServerSideEncryptionMethod.FindValue(algorithm),
                            ServerSideEncryptionKeyManagementServiceKeyId = key,
                        },
                        BucketKeyEnabled = hasBucketKey,
                    },
                ],
            },
        },
        cancellationToken);

    /// <summary>An encryption as text.</summary>
    public static string Text(string algorithm, string? key) => string.IsNullOrEmpty(key) ? algorithm : $"{algorithm} with {key}";

    // What is not set is an error of its own name. A store of others may not know the question, and credentials may not be allowed to ask it.
    // Everything else, keys that have ended among it, is no answer to the question.
    private static async Task<BucketAnswer> AskAsync(string missing, Func<Task<string?>> ask)
    {
        try
        {
            return new BucketAnswer(true, await ask().ConfigureAwait(false));
        }
        catch (AmazonS3Exception exception) when (missing.Split(' ').Contains(exception.ErrorCode))
        {
            return new BucketAnswer(true, null);
        }
        catch (AmazonS3Exception exception) when (StoreRefusals.IsDenied(exception) || StoreRefusals.IsUnknownRequest(exception))
        {
            return new BucketAnswer(false, null);
        }
    }
}
