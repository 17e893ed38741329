using System.Xml;
using Amazon.S3;

namespace RsyncS3Backup.ObjectStore.Lifecycle;

/// <summary>
/// Reads and writes a bucket's lifecycle configuration as it is, past the SDK's classes: those drop elements that they do not know, and would write
/// other people's rules back without them.
/// </summary>
internal sealed class LifecycleRequests(S3Connection connection, BucketRequests requests, S3Access access, ChecksumChoice checksums)
{
    private const string SmallObjectsHeader = "x-amz-transition-default-minimum-object-size";
    private const string Query = "lifecycle=";

    /// <summary>The rules; those of a bucket without any are none.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    /// <exception cref="BackupException">The answer is none of S3's.</exception>
    public async Task<LifecycleDocument> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await requests.SendAsync(HttpMethod.Get, Query, null, [], cancellationToken).ConfigureAwait(false);
            byte[] text = await BucketRequests.BodyAsync(answer, cancellationToken).ConfigureAwait(false);
            string? smallObjects = answer.Headers.TryGetValues(SmallObjectsHeader, out IEnumerable<string>? values) ? values.First() : null;
            return LifecycleDocument.Parse(text, smallObjects);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchLifecycleConfiguration")
        {
            return LifecycleDocument.Empty;
        }
        catch (XmlException exception)
        {
            throw S3Errors.AnswerInvalid(
                connection.Target.Endpoint, "GetBucketLifecycleConfiguration", access.Destination.Bucket, "no lifecycle configuration", exception);
        }
    }

    /// <summary>Replaces all rules. A document without rules removes the configuration, which S3 takes in no other way.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task WriteAsync(LifecycleDocument document, CancellationToken cancellationToken)
    {
        if (document.Rules.Count == 0)
        {
            using HttpResponseMessage deleted = await requests.SendAsync(HttpMethod.Delete, Query, null, [], cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] text = document.ToBytes();
        ObjectContent content = new("", text, text.Length);
        KeyValuePair<string, string>[] size = document.SmallObjects is { } smallObjects ? [new(SmallObjectsHeader, smallObjects)] : [];
        using HttpResponseMessage written = await checksums.SendAsync(checksums.UsesChecksums, withChecksum => requests.SendAsync(
            HttpMethod.Put, Query, content, [.. content.ChecksumHeaders(withChecksum), .. size], cancellationToken)).ConfigureAwait(false);
    }
}
