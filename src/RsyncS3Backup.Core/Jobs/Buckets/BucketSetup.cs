using System.Net;
using Amazon.S3;
using RsyncS3Backup.Jobs.Lifecycle;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Buckets;
using RsyncS3Backup.ObjectStore.Lifecycle;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Jobs.Buckets;

/// <summary>A job whose bucket is made or looked at.</summary>
internal sealed record BucketRequest
{
    /// <summary>The job.</summary>
    public required BackupConfiguration Job { get; init; }

    /// <summary>Its bucket, with keys.</summary>
    public required S3CopyRequest S3 { get; init; }

    /// <summary>The bucket shall keep versions although nothing in the job asks for it.</summary>
    public bool Versioning { get; init; }

    /// <summary>That of a job.</summary>
    /// <exception cref="BackupException">The job has no bucket.</exception>
    public static BucketRequest For(BackupConfiguration job)
    {
        S3CopyRequest s3 = S3CopyRequest.Of(job) ?? throw BucketErrors.LocalOnly(job.Name);
        return new BucketRequest { Job = job, S3 = s3 with { Work = "the command" } };
    }
}

/// <summary>
/// A job's bucket: what of it is as a backup needs it, and how it is made so. Each setting is looked at, changed and looked at again by itself, and
/// none is changed that was not named.
/// </summary>
internal static class BucketSetup
{
    private const string On = BucketSettingRequests.On;
    private const string None = "none";
    private const string OwnKeys = "AES256";

    /// <summary>Whether the bucket is there.</summary>
    /// <exception cref="BackupException">It cannot be asked, or belongs to somebody else.</exception>
    public static Task<bool> ExistsAsync(BucketRequest request, CancellationToken cancellationToken) =>
        InBucketAsync(request, (requests, _) => requests.ExistsAsync(cancellationToken), cancellationToken);

    /// <summary>Makes the bucket.</summary>
    /// <exception cref="BackupException">It cannot be made: the name is somebody else's, or the credentials may not.</exception>
    public static Task<bool> MakeAsync(BucketRequest request, CancellationToken cancellationToken) => InBucketAsync(request, async (requests, _) =>
    {
        await requests.MakeAsync(request.S3.Options.Protection?.ObjectLock is not null, cancellationToken).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    /// <summary>What the settings of a bucket are that is there; the first is the bucket itself.</summary>
    /// <exception cref="BackupException">It cannot be asked.</exception>
    public static Task<IReadOnlyList<BackupBucketSetting>> LookAsync(BucketRequest request, CancellationToken cancellationToken) =>
        InBucketAsync<IReadOnlyList<BackupBucketSetting>>(request, async (requests, store) =>
        [
            Setting(request, BackupBucketAspect.Bucket, "there", new BucketAnswer(true, "there")),
            Versioning(request, await requests.VersioningAsync(cancellationToken).ConfigureAwait(false)),
            Lock(request, await requests.ObjectLockAsync(cancellationToken).ConfigureAwait(false)),
            Setting(
                request, BackupBucketAspect.PublicAccess, "blocked",
                await requests.PublicAccessBlockAsync(cancellationToken).ConfigureAwait(false)),
            Encryption(request, await requests.EncryptionAsync(cancellationToken).ConfigureAwait(false)),
            await UnfinishedUploadsAsync(request, store, cancellationToken).ConfigureAwait(false),
        ], cancellationToken);

    /// <summary>Whether this command changes a setting; lifecycle rules are those of <c>Set-BackupLifecycle</c>.</summary>
    public static bool CanChange(BackupBucketSetting setting) =>
        setting is { Status: BackupBucketStatus.Different, Setting: not (BackupBucketAspect.Bucket or BackupBucketAspect.UnfinishedUploads) };

    /// <summary>Makes a setting what is wanted.</summary>
    /// <exception cref="BackupException">S3 said no.</exception>
    public static Task<bool> ChangeAsync(BucketRequest request, BackupBucketAspect setting, CancellationToken cancellationToken) =>
        InBucketAsync(request, async (requests, _) =>
        {
            Task change = setting switch
            {
                BackupBucketAspect.Versioning => requests.KeepVersionsAsync(cancellationToken),
                BackupBucketAspect.ObjectLock => requests.LockAsync(cancellationToken),
                BackupBucketAspect.PublicAccess => requests.BlockPublicAccessAsync(cancellationToken),
                BackupBucketAspect.Encryption when request.S3.Destination.Encryption is { } wanted => requests.EncryptAsync(
                    ObjectHeaders.AlgorithmOf(wanted.Mode), wanted.KmsKeyId, wanted.BucketKey == true, cancellationToken),
                BackupBucketAspect.Encryption => requests.EncryptAsync(OwnKeys, null, false, cancellationToken),
                _ => throw new ArgumentOutOfRangeException(nameof(setting), setting, null),
            };
            await change.ConfigureAwait(false);
            return true;
        }, cancellationToken);

    private static BackupBucketSetting Versioning(BucketRequest request, BucketAnswer found)
    {
        S3SyncOptions options = request.S3.Options;
        bool isWanted = request.Versioning || options.Protection is { RequireVersioning: true } or { ObjectLock: not null }
            || options.Lifecycle?.NoncurrentVersions is not null;
        return Setting(request, BackupBucketAspect.Versioning, isWanted ? On : "any", found);
    }

    private static BackupBucketSetting Lock(BucketRequest request, BucketAnswer found) =>
        Setting(request, BackupBucketAspect.ObjectLock, request.S3.Options.Protection?.ObjectLock is null ? "any" : On, found);

    private static BackupBucketSetting Encryption(BucketRequest request, BucketAnswer found)
    {
        string wanted = request.S3.Destination.Encryption is { } encryption
            ? BucketSettingRequests.Text(ObjectHeaders.AlgorithmOf(encryption.Mode), encryption.KmsKeyId)
            : OwnKeys;
        // Whatever encrypts by the bucket's own settings is well, when the job does not name anything.
        bool isWell = request.S3.Destination.Encryption is null && found.Value is not null;
        return Setting(request, BackupBucketAspect.Encryption, isWell ? found.Value! : wanted, found);
    }

    private static async Task<BackupBucketSetting> UnfinishedUploadsAsync(
        BucketRequest request, S3ObjectStore store, CancellationToken cancellationToken)
    {
        const string wanted = "given up";
        string prefix = JobLifecycle.Of(request.Job).KeyPrefix;
        BucketAnswer found;
        try
        {
            LifecycleDocument rules = await store.Lifecycle.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool areGivenUp = rules.Rules.Any(rule =>
                rule.IsEnabled && rule.GivesUpUploads && prefix.StartsWith(rule.Prefix, StringComparison.Ordinal));
            found = new BucketAnswer(true, areGivenUp ? wanted : null);
        }
        catch (AmazonS3Exception exception)
            when (exception.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed)
        {
            found = new BucketAnswer(false, null);
        }

        BackupBucketSetting setting = Setting(request, BackupBucketAspect.UnfinishedUploads, wanted, found);
        return setting.Status != BackupBucketStatus.Different ? setting : setting with
        {
            Problem = "The parts of uploads that nobody completed are paid for until somebody gives them up. Set-BackupConfiguration "
                + "-AbortUnfinishedUploadsAfterDays 7 asks for a rule, and Set-BackupLifecycle writes it.",
        };
    }

    private static BackupBucketSetting Setting(BucketRequest request, BackupBucketAspect aspect, string wanted, BucketAnswer found)
    {
        string value = found.IsKnown ? found.Value ?? None : "";
        BackupBucketStatus status = !found.IsKnown ? BackupBucketStatus.Unknown
            : wanted == "any" || value == wanted ? BackupBucketStatus.InPlace
            : BackupBucketStatus.Different;
        return new BackupBucketSetting
        {
            Name = request.Job.Name,
            BucketName = request.S3.Destination.Bucket,
            Setting = aspect,
            Wanted = wanted,
            Found = value,
            Status = status,
            Problem = status switch
            {
                BackupBucketStatus.Unknown => "The credentials are not allowed to read this setting, or the store does not have it.",
                BackupBucketStatus.Different => "Initialize-BackupBucket -Update changes it.",
                _ => null,
            },
        };
    }

    private static Task<T> InBucketAsync<T>(
        BucketRequest request, Func<BucketSettingRequests, S3ObjectStore, Task<T>> work, CancellationToken cancellationToken) =>
        JobBucket.InAsync(request.S3, BucketErrors.From, store => work(store.Bucket, store), cancellationToken);
}
