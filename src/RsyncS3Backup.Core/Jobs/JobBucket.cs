using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Jobs;

/// <summary>The bucket of a job, for what is no run: its rules and its settings.</summary>
internal static class JobBucket
{
    private const int Connections = 1;

    /// <summary>Does something in the bucket.</summary>
    /// <param name="s3">The bucket, with keys.</param>
    /// <param name="problem">What an exception means.</param>
    /// <param name="work">What is done.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The bucket cannot be reached, or says no.</exception>
    public static async Task<T> InAsync<T>(
        S3CopyRequest s3, Func<Exception, S3Target, BackupException> problem, Func<S3ObjectStore, Task<T>> work, CancellationToken cancellationToken)
    {
        S3Target target = S3Target.Unresolved(s3);
        try
        {
            s3.RequireValid();
            using S3ObjectStore store = new(s3, "", Connections);
            target = store.Connect();
            return await work(store).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw problem(exception, target);
        }
    }
}
