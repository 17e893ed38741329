using Amazon.S3;

namespace RsyncS3Backup.ObjectStore;

/// <summary>A header that a key of the configuration asks for, and that not every store takes.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="Key">The key's path.</param>
/// <param name="Words">What a store's answer may say when it means this one.</param>
internal sealed record AskedHeader(string Name, string Key, params string[] Words);

/// <summary>The store refused to make an object, perhaps for one of the headers that it was to be made with.</summary>
/// <param name="refusal">What it said.</param>
/// <param name="headers">Those that the configuration asks for.</param>
internal sealed class RefusedHeadersException(AmazonS3Exception refusal, IReadOnlyList<AskedHeader> headers)
    : AmazonS3Exception(refusal.Message, refusal, refusal.ErrorType, refusal.ErrorCode, refusal.RequestId, refusal.StatusCode)
{
    private static readonly AskedHeader[] Known =
    [
        new("x-amz-tagging", "options.rsync.syncToS3.tags", "tagging", "tags", "InvalidTag"),
        new("x-amz-server-side-encryption", "destination.encryption", "encryption", "KMS", "server-side"),
        new("x-amz-storage-class", "options.rsync.syncToS3.storageClass", "storage-class", "storage class", "storageclass"),
        new("x-amz-object-lock-mode", "options.rsync.syncToS3.protection.objectLock", "object-lock", "object lock", "objectlock"),
    ];

    /// <summary>The headers that it may be: the one that the answer speaks of, or else all of them.</summary>
    public IReadOnlyList<AskedHeader> Headers { get; } =
        Suspects($"{refusal.ErrorCode} {refusal.Message} {refusal.ResponseBody}", headers);

    /// <summary>Sends what makes an object.</summary>
    /// <param name="headers">What it is made with.</param>
    /// <param name="send">Sends it.</param>
    /// <exception cref="RefusedHeadersException">The store refused.</exception>
    public static async Task<T> WatchAsync<T>(ObjectHeaders headers, Func<Task<T>> send)
    {
        try
        {
            return await send().ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (StoreRefusals.MayBeAboutHeader(exception))
        {
            string[] sent = [.. headers.Lines().Select(line => line.Key)];
            throw new RefusedHeadersException(exception, [.. Known.Where(header => sent.Contains(header.Name))]);
        }
    }

    private static IReadOnlyList<AskedHeader> Suspects(string answer, IReadOnlyList<AskedHeader> headers)
    {
        AskedHeader[] named = [.. headers.Where(header => Array.Exists(header.Words, IsSaid))];
        return named.Length > 0 ? named : headers;

        bool IsSaid(string word) => answer.Contains(word, StringComparison.OrdinalIgnoreCase);
    }
}
