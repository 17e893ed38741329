using System.Net;
using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Takes no answer for S3's that is none. A captive portal, a proxy or a load balancer may answer 200 with a page of its own, and
/// the SDK makes an empty answer of that, as if S3 had done what it was asked for.
/// </summary>
internal static class SoundAnswers
{
    private const int Tries = 3;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks through the SDK, and a few times again while what comes is not S3's.</summary>
    /// <param name="target">Who is asked.</param>
    /// <param name="operation">S3's name of the request.</param>
    /// <param name="key">What it is about.</param>
    /// <param name="ask">Sends the request.</param>
    /// <param name="find">Says what an answer lacks that S3 always sends; null: nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">No answer was S3's: <c>S3AnswerInvalid</c>.</exception>
    /// <exception cref="AmazonServiceException">S3 said no.</exception>
    public static async Task<T> AskAsync<T>(
        S3Target target, string operation, string key, Func<CancellationToken, Task<T>> ask, Func<T, string?> find,
        CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            string lack;
            Exception? cause = null;
            try
            {
                T answer = await ask(cancellationToken).ConfigureAwait(false);
                if (find(answer) is not { } found)
                    return answer;
                (answer as IDisposable)?.Dispose();
                lack = found;
            }
            catch (Exception exception) when (IsUnreadable(exception))
            {
                lack = "a document that is not one of S3's";
                cause = exception;
            }

            if (attempt == Tries)
                throw S3Errors.AnswerInvalid(target.Endpoint, operation, key, lack, cause);
            await Task.Delay(FirstPause * attempt, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>True when what came could not be read as the document that it should be.</summary>
    public static bool IsUnreadable(Exception exception) => exception is AmazonUnmarshallingException or System.Xml.XmlException;

    /// <summary>For answers that tell nothing: S3 sends 204 with them, and no page has that status.</summary>
    public static string? FindNoContent(AmazonWebServiceResponse answer) =>
        answer.HttpStatusCode == HttpStatusCode.NoContent ? null : $"the status {(int)answer.HttpStatusCode} instead of 204";

    /// <summary>For answers that tell nothing and come with 200: S3 gives each request an id, and no page has that header.</summary>
    public static string? FindRequestId(AmazonWebServiceResponse answer) =>
        string.IsNullOrEmpty(answer.ResponseMetadata?.RequestId) ? "no id of the request" : null;

    /// <summary>For answers that tell of an object: S3 always sends its entity tag.</summary>
    public static string? FindTag(string? etag) => string.IsNullOrEmpty(etag?.Trim('"')) ? "no entity tag" : null;
}
