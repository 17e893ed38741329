using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Xml;
using System.Xml.Linq;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// The requests that delete. Keys are whole ones. They go together, up to a thousand in one request, unless the store has none
/// for that.
/// </summary>
internal sealed class DeleteRequests(
    S3Access access, S3Connection connection, BucketRequests requests, ChecksumChoice checksums, StoreAbilities abilities)
{
    /// <summary>
    /// Keys that one request deletes at most: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    /// </summary>
    public const int KeysPerRequest = 1000;

    private const int SinglesInFlight = 16;

    private static readonly XNamespace Names = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly AmazonS3Client client = connection.Client;
    private readonly S3Target target = connection.Target;
    private readonly string bucketName = access.Destination.Bucket;

    /// <summary>Deletes objects, and hands out why for each that S3 did not delete, or did not speak of.</summary>
    public async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyCollection<string> keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (string[] batch in keys.Where(IsSafeInXml).Chunk(KeysPerRequest))
        {
            foreach (BackupError error in await DeleteBatchAsync(batch, cancellationToken).ConfigureAwait(false))
                yield return error;
        }

        string[] others = [.. keys.Where(key => !IsSafeInXml(key))];
        foreach (BackupError error in await DeleteSinglyAsync(others, cancellationToken).ConfigureAwait(false))
            yield return error;
    }

    /// <summary>How many requests <see cref="DeleteAsync"/> makes of them.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="together">False when the store deletes single objects only.</param>
    public static int Count(IReadOnlyCollection<string> keys, bool together)
    {
        int safe = together ? keys.Count(IsSafeInXml) : 0;
        return ((safe + KeysPerRequest - 1) / KeysPerRequest) + keys.Count - safe;
    }

    private async Task<IReadOnlyCollection<BackupError>> DeleteBatchAsync(string[] keys, CancellationToken cancellationToken)
    {
        if (!abilities.Has(StoreFeature.DeleteObjects))
            return await DeleteSinglyAsync(keys, cancellationToken).ConfigureAwait(false);
        AmazonS3Exception refusal;
        try
        {
            return await DeleteTogetherAsync(keys, cancellationToken).ConfigureAwait(false);
        }
        // Google's said 400 InvalidArgument for years, and says 400 NotImplemented now.
        catch (AmazonS3Exception exception)
            when (StoreRefusals.IsUnknownRequest(exception) || StoreRefusals.MayBeAboutHeader(exception))
        {
            refusal = exception;
        }

        IReadOnlyCollection<BackupError> errors = await DeleteSinglyAsync(keys, cancellationToken).ConfigureAwait(false);
        if (errors.Count < keys.Length)
            abilities.NoteLacking(StoreFeature.DeleteObjects, StoreRefusals.Describe(refusal));
        return errors;
    }

    private async Task<IReadOnlyCollection<BackupError>> DeleteTogetherAsync(string[] keys, CancellationToken cancellationToken)
    {
        DeleteObjectsRequest delete = new()
        {
            BucketName = bucketName,
            Objects = [.. keys.Select(key => new KeyVersion { Key = key })],
            // What was deleted is what the answer says was deleted, and not what it does not speak of.
            Quiet = false,
        };
        if (!checksums.UsesChecksums || !abilities.Has(StoreFeature.DeleteChecksums))
            return await AskAsync(keys, SendWithMd5Async, cancellationToken).ConfigureAwait(false);
        AmazonS3Exception refusal;
        try
        {
            return await AskAsync(keys, SendAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception)
            when (exception.StatusCode == HttpStatusCode.BadRequest || StoreRefusals.IsUnknownRequest(exception))
        {
            refusal = exception;
        }

        IReadOnlyCollection<BackupError> errors = await AskAsync(keys, SendWithMd5Async, cancellationToken).ConfigureAwait(false);
        abilities.NoteLacking(StoreFeature.DeleteChecksums, StoreRefusals.Describe(refusal));
        return errors;

        async Task<Answer> SendAsync(CancellationToken token)
        {
            DeleteObjectsResponse answer;
            try
            {
                answer = await client.DeleteObjectsAsync(delete, token).ConfigureAwait(false);
            }
            catch (DeleteObjectsException partly)
            {
                answer = partly.Response;
            }

            return new Answer(
                [.. (answer.DeletedObjects ?? []).Select(item => item.Key)],
                [.. (answer.DeleteErrors ?? []).Select(error => S3Errors.DeleteFailed(error.Key, error.Code, error.Message))]);
        }

        Task<Answer> SendWithMd5Async(CancellationToken token) => this.SendWithMd5Async(keys, token);
    }

    private async Task<IReadOnlyCollection<BackupError>> AskAsync(
        string[] keys, Func<CancellationToken, Task<Answer>> send, CancellationToken cancellationToken)
    {
        Answer answer = await SoundAnswers.AskAsync(
            target, "DeleteObjects", keys[0], send,
            found => found.Deleted.Count + found.Errors.Count > 0 ? null : "no word on any of the keys", cancellationToken)
            .ConfigureAwait(false);
        HashSet<string> named = [.. answer.Deleted, .. answer.Errors.Select(error => error.Target!)];
        return
        [
            .. answer.Errors,
            .. keys.Where(key => !named.Contains(key))
                .Select(key => S3Errors.AnswerInvalid(target.Endpoint, "DeleteObjects", key, "no word on this key").Error),
        ];
    }

    // The SDK sends a CRC32 with this request whatever it is told, and never Content-MD5.
    private async Task<Answer> SendWithMd5Async(string[] keys, CancellationToken cancellationToken)
    {
        byte[] text = Document(keys);
        ObjectContent content = new("", text, text.Length);
        KeyValuePair<string, string>[] headers =
            [.. content.ChecksumHeaders(usesChecksum: false), new("content-type", "application/xml")];
        using HttpResponseMessage found = await requests
            .SendAsync(HttpMethod.Post, "delete=", content, headers, cancellationToken).ConfigureAwait(false);
        byte[] answer = await BucketRequests.BodyAsync(found, cancellationToken).ConfigureAwait(false);
        XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        using XmlReader reader = XmlReader.Create(new MemoryStream(answer, writable: false), settings);
        XElement root = XDocument.Load(reader).Root!;
        return root.Name.LocalName != "DeleteResult" ? new Answer([], []) : new Answer(
            [.. Named(root, "Deleted").Select(item => Value(item, "Key"))], [.. Named(root, "Error").Select(Error)]);

        static BackupError Error(XElement item) =>
            S3Errors.DeleteFailed(Value(item, "Key"), Value(item, "Code"), Value(item, "Message"));

        static IEnumerable<XElement> Named(XElement parent, string name) =>
            parent.Elements().Where(item => item.Name.LocalName == name);

        static string Value(XElement item, string name) => Named(item, name).FirstOrDefault()?.Value ?? "";
    }

    private static byte[] Document(string[] keys)
    {
        XElement delete = new(
            Names + "Delete",
            keys.Select(key => new XElement(Names + "Object", new XElement(Names + "Key", key))),
            new XElement(Names + "Quiet", "false"));
        using MemoryStream text = new();
        delete.Save(text, SaveOptions.DisableFormatting);
        return text.ToArray();
    }

    /// <summary>Deletes each object with a request of its own.</summary>
    /// <returns>Why for each that S3 did not delete.</returns>
    /// <exception cref="BackupException">The others would fare no better. Some may be deleted.</exception>
    private async Task<IReadOnlyCollection<BackupError>> DeleteSinglyAsync(string[] keys, CancellationToken cancellationToken)
    {
        ConcurrentQueue<BackupError> errors = [];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = SinglesInFlight, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, parallel, async (key, token) =>
        {
            DeleteObjectRequest delete = new() { BucketName = bucketName, Key = key };
            try
            {
                await SoundAnswers.AskAsync(
                    target, "DeleteObject", key, again => client.DeleteObjectAsync(delete, again), SoundAnswers.FindNoContent,
                    token).ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchKey")
            {
                // Gone is gone; S3 itself does not say whether there was anything.
            }
            catch (Exception exception) when (!token.IsCancellationRequested)
            {
                BackupError error = S3Errors.From(exception, target);
                // It does not say what became of the others, so whoever hears of it must not think that they are all there.
                if (exception is not AmazonS3Exception refusal || error.EndsStage || S3Errors.MayBeCarriedOut(refusal))
                    throw new BackupException(error, exception);
                errors.Enqueue(S3Errors.DeleteFailed(key, refusal.ErrorCode, refusal.Message));
            }
        }).ConfigureAwait(false);
        return errors;
    }

    // XML 1.0 has no way to write these characters, not even escaped: https://www.w3.org/TR/xml/#charsets. And of a key that is
    // nothing but spaces a reader may make nothing.
    private static bool IsSafeInXml(string key) => !string.IsNullOrWhiteSpace(key)
        && !key.AsSpan().ContainsAnyInRange('\u0000', '\u001F') && !key.AsSpan().ContainsAny('\uFFFE', '\uFFFF');

    private sealed record Answer(IReadOnlyCollection<string> Deleted, IReadOnlyCollection<BackupError> Errors);
}
