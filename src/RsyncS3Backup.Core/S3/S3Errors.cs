using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using RsyncS3Backup.Reporting;
using RsyncS3Backup.State;

namespace RsyncS3Backup.S3;

/// <summary>Every error of stage 2, in one place.</summary>
internal static class S3Errors
{
    private const string SeeFailedItems =
        "Look at FailedItems and the log for the reasons, then run stage 2 again. The mirror is good.";

    public static BackupException MirrorMissing(string path) => Refusal(
        "MirrorMissing", BackupErrorCategory.ObjectNotFound, path,
        $"The mirror '{path}' does not exist or is not a folder; the bucket was not touched.",
        "Run stage 1 first, mount the drive that the mirror is on, or correct the path.");

    public static BackupException MirrorUnreadable(string path) => Refusal(
        "MirrorUnreadable", BackupErrorCategory.PermissionDenied, path,
        $"The mirror '{path}' cannot be listed; the bucket was not touched.",
        "Give the user that runs the backup the right to read the folder.");

    public static BackupException MirrorEmpty(string path, long deletions, string where) => Refusal(
        "MirrorEmpty", BackupErrorCategory.InvalidOperation, path,
        $"The mirror '{path}' is empty, and all {deletions} objects under {where} would be deleted; none was.",
        "Check that the right drive is mounted and that stage 1 really ran. If the mirror is meant to be empty, run with -AllowEmptySource.");

    public static BackupException DeleteLimitExceeded(long deletions, long existing, long allowed, string where, IEnumerable<string> first) => Refusal(
        "DeleteLimitExceeded", BackupErrorCategory.LimitsExceeded, where,
        $"{deletions} of {existing} objects under {where} would be deleted, and {allowed} are allowed; none was. The first: {string.Join(", ", first)}.",
        "Look whether the mirror lost something. If the deletions are right, raise maxDelete (options.rsync.maxDelete or -MaxDelete) for one run.");

    public static BackupException OutOfOrder(string side, string previous, string next) => Failure(
        "S3ListingUnordered", BackupErrorCategory.InvalidData, next,
        $"{side} is not in key order: '{next}' came after '{previous}'. Nothing was deleted.",
        "Directory buckets and some S3-compatible stores list without order; use a general purpose bucket.");

    public static BackupException ListingIncomplete(string bucket, string reason, Exception? cause = null) => Failure(
        "S3ListingIncomplete", BackupErrorCategory.ReadError, bucket,
        $"The listing of bucket '{bucket}' did not arrive whole ({reason}). Nothing was deleted.",
        "Run again; if it happens again, look at the network or the store's logs.", cause);

    public static BackupError CatalogFailed(string path, SqliteException exception) => Stage2(
        "CatalogFailed", exception.IsBusy ? BackupErrorCategory.ResourceBusy : BackupErrorCategory.ReadError, path,
        $"The catalog of what S3 holds, '{path}', failed ({exception.Message}). Nothing was deleted.",
        exception.IsBusy
            ? "Another program has the file open; close it, then run stage 2 again."
            : "Run stage 2 again. If it happens again, look at the drive's health and free space, and delete the file: the next run "
            + "makes it anew from a full comparison, and sends nothing again that S3 has.");

    public static BackupError Cancelled(string bucket) => Stage2(
        "RunCancelled", BackupErrorCategory.OperationStopped, bucket,
        "Stage 2 was stopped before its end. What was uploaded until then stays; nothing was left half-made.",
        "Run it again; only what is missing is sent.");

    public static BackupError PartialTransfer(long failed, long total, string? bucket) => Stage2(
        "S3PartialTransfer", BackupErrorCategory.WriteError, bucket,
        $"{failed} of {total} entries of the mirror were not brought to S3; the others were.",
        SeeFailedItems);

    public static BackupException EndpointUnreachable(string endpoint, Exception cause) =>
        new(Unreachable(endpoint, FindNetworkFailure(cause) ?? cause.Message), cause);

    public static BackupException TlsRefused(string endpoint, Exception cause) => new(TlsFailed(endpoint, cause), cause);

    /// <summary>True when the two sides met and did not agree on TLS: the same certificate or the same port would answer again.</summary>
    public static bool IsAboutTls(Exception exception)
    {
        // Of a connection that broke in the middle of the handshake, the HttpRequestException holds an IOException instead.
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
                return true;
        }

        return false;
    }

    public static BackupException Stalled(string endpoint, TimeSpan timeout, Exception cause) => Failure(
        "S3Stalled", BackupErrorCategory.OperationTimeout, endpoint,
        $"Requests to {endpoint} are under way, and nothing of them has moved for {HumanText.Duration(timeout)}.",
        "Check the network and the store, then run stage 2 again; only what is missing is sent.", cause);

    public static BackupException InsecureEndpoint(string endpoint) => ParameterError(
        "S3InsecureEndpoint", endpoint,
        $"The endpoint '{endpoint}' is plain HTTP on another machine: data and requests could be read and changed on the way.",
        "Use https, or say -AllowInsecureEndpoint if the network between is trusted.");

    public static BackupException ProfileMissing(string profile) => ParameterError(
        "S3ProfileNotFound", profile,
        $"There is no profile '{profile}' in the AWS configuration and credentials files.",
        "Run 'aws configure list-profiles' to see which there are, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.");

    public static BackupException RegionMissing(string bucket) => ParameterError(
        "S3RegionMissing", bucket,
        $"The region of bucket '{bucket}' is not known: neither the job nor the profile nor the environment names one.",
        "Set destination.region (or -Region), or AWS_REGION.");

    public static BackupException ParameterInvalid(string what, string value, string problem) => ParameterError(
        "InvalidParameter", value, $"{what}: {problem}", "Correct the value; docs/configuration.md says what is allowed.");

    public static BackupError NameNotUtf8(string path) => Item(
        "NameNotUtf8", BackupErrorCategory.InvalidData, path,
        $"The name of '{path}' is not UTF-8, so S3 cannot hold it; it is only in the mirror.",
        "Rename the file, for example with 'convmv'.");

    public static BackupError KeyTooLong(string path, int length) => Item(
        "KeyTooLong", BackupErrorCategory.LimitsExceeded, path,
        $"The key of '{path}' would have {length} bytes; S3 takes 1,024.", "Use a shorter key prefix, or shorter names.");

    public static BackupError FileTooLarge(string path, long size) => Item(
        "FileTooLarge", BackupErrorCategory.LimitsExceeded, path,
        $"'{path}' has {HumanText.Bytes(size)}; the largest object S3 takes has 48.8 TiB.", "Split the file, or exclude it.");

    public static BackupError FileUnreadable(string path, string reason) => Item(
        "FileUnreadable", BackupErrorCategory.ReadError, path,
        $"'{path}' cannot be read ({reason}); its copy in S3 stays as it is.", "Give the user that runs the backup the right to read it.");

    public static BackupError FolderUnreadable(string path, string reason) => Item(
        "FolderUnreadable", BackupErrorCategory.ReadError, path,
        $"The folder '{path}' cannot be read ({reason}); nothing beneath it in S3 is changed.",
        "Give the user that runs the backup the right to read it, or look at the disk.");

    public static BackupError FileChanged(string path) => Item(
        "FileChangedDuringUpload", BackupErrorCategory.ReadError, path,
        $"'{path}' changed each time it was read; its copy in S3 stays as it is.",
        "Something writes into the mirror while it is sent to S3; stop that, then run again.");

    public static BackupError DeleteFailed(string key, string code, string message) => Item(
        "S3DeleteFailed", BackupErrorCategory.WriteError, key,
        $"S3 did not delete '{key}' ({code}: {message}).", "Run again; if S3 denies it, the credentials need s3:DeleteObject.")
        with
    { S3ErrorCode = code };

    /// <summary>One entry could not be sent, for a reason that S3 or the network gave.</summary>
    public static BackupError ItemFailed(string path, Exception exception, S3Target target)
    {
        BackupError cause = From(exception, target);
        return cause with
        {
            Message = $"'{path}' was not sent to S3. {cause.Message}",
            Target = path,
        };
    }

    /// <summary>
    /// Not one entry was sent, and S3 refused all of them for one reason: that is what is wrong with the run. The entries' own
    /// errors give the reason and the way out, so this one does not say them again.
    /// </summary>
    public static BackupError NothingSent(BackupError first, long failed, string bucket) => first with
    {
        Target = bucket,
        Message = failed == 1
            ? $"Nothing was sent to S3: it refused the only entry that there was to send ({first.S3ErrorCode})."
            : $"Nothing was sent to S3: it refused all {failed} entries that there were to send ({first.S3ErrorCode}).",
        RecommendedAction = SeeFailedItems,
    };

    /// <summary>So many entries failed without one success that the others were not tried.</summary>
    public static BackupError GivenUp(BackupError last, long failed) => last with
    {
        Message =
            $"Nothing was sent to S3: {failed} entries failed ({last.S3ErrorCode ?? last.Id}), so the others were not tried.",
        RecommendedAction = SeeFailedItems,
    };

    /// <summary>True for what would fail for every other entry just as well, so that going on makes no sense.</summary>
    public static bool EndsTheStage(BackupError error) => error.Id is
        "S3NoCredentials" or "S3InvalidAccessKey" or "S3SignatureMismatch" or "S3BucketNotFound" or "S3WrongRegion"
        or "S3ClockSkew" or "S3InvalidStorageClass" or "S3EndpointUnreachable" or "S3TlsFailed" or "S3CredentialsExpired";

    /// <summary>What an exception of the SDK, or of the layers below it, means.</summary>
    public static BackupError From(Exception exception, S3Target target)
    {
        // The SDK may have wrapped what a handler below it threw.
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is BackupException known)
                return known.Error;
        }

        if (exception is AmazonS3Exception answered && FromAnswer(answered, target) is { } error)
            return error with { S3ErrorCode = answered.ErrorCode, RequestId = answered.RequestId };
        if (IsAboutTls(exception))
            return TlsFailed(target.Endpoint, exception);
        if (FindNetworkFailure(exception) is { } reason)
            return Unreachable(target.Endpoint, reason);

        if (exception is AmazonClientException && IsAboutCredentials(exception))
        {
            return Stage2(
                "S3NoCredentials", BackupErrorCategory.AuthenticationError, target.Bucket,
                "No AWS credentials were found in the environment, the shared configuration, or the machine's role.",
                "Run 'aws configure' or 'aws sso login', set AWS_PROFILE, or give -ProfileName or -Credential.");
        }

        return Stage2(
            "S3RequestFailed", BackupErrorCategory.NotSpecified, target.Bucket,
            $"A request to bucket '{target.Bucket}' failed: {exception.Message}", "Run stage 2 again; the log has the details.")
            with
        { S3ErrorCode = (exception as AmazonServiceException)?.ErrorCode, RequestId = (exception as AmazonServiceException)?.RequestId };
    }

    private static BackupError? FromAnswer(AmazonS3Exception exception, S3Target target) => exception.ErrorCode switch
    {
        "NoSuchBucket" => Stage2(
            "S3BucketNotFound", BackupErrorCategory.ObjectNotFound, target.Bucket,
            $"There is no bucket '{target.Bucket}' at {target.Endpoint}.",
            "Check the bucket's name and region; this module does not make buckets."),
        "InvalidAccessKeyId" => Stage2(
            "S3InvalidAccessKey", BackupErrorCategory.AuthenticationError, target.Bucket,
            $"{target.Endpoint} does not know the access key.", "Check which credentials are used: profile, environment, -Credential."),
        "SignatureDoesNotMatch" => Stage2(
            "S3SignatureMismatch", BackupErrorCategory.AuthenticationError, target.Bucket,
            $"{target.Endpoint} rejects the signature: the secret key does not belong to the access key.",
            "Enter the secret key again; look for a lost or an added character."),
        "ExpiredToken" or "TokenRefreshRequired" => Stage2(
            "S3CredentialsExpired", BackupErrorCategory.AuthenticationError, target.Bucket,
            "The session's credentials have expired.", "Sign in again, for example with 'aws sso login', and run stage 2 again."),
        "RequestTimeTooSkewed" => Stage2(
            "S3ClockSkew", BackupErrorCategory.InvalidOperation, target.Endpoint,
            $"This machine's clock ({DateTime.UtcNow:u}) and that of {target.Endpoint} differ by more than 15 minutes.",
            "Set the clock, for example by switching on NTP."),
        "InvalidStorageClass" => Stage2(
            "S3InvalidStorageClass", BackupErrorCategory.InvalidArgument, target.StorageClass,
            $"The store does not have the storage class {target.StorageClass}.", "Choose another one, or leave it out for STANDARD."),
        "AuthorizationHeaderMalformed" or "PermanentRedirect" or "IllegalLocationConstraintException" or "TemporaryRedirect" => Stage2(
            "S3WrongRegion", BackupErrorCategory.InvalidArgument, target.Region,
            $"Bucket '{target.Bucket}' is not in region '{target.Region}'. S3 says: {exception.Message}",
            "Set destination.region (or -Region) to the bucket's region."),
        "EntityTooLarge" or "InvalidRequest" or "BadDigest" or "XAmzContentChecksumMismatch" or "InvalidDigest" => null,
        "InvalidBucketName" => Stage2(
            "S3BucketNotFound", BackupErrorCategory.InvalidArgument, target.Bucket,
            $"{target.Endpoint} does not accept '{target.Bucket}' as a bucket's name.", "Check the bucket's name."),
        "SlowDown" or "ServiceUnavailable" or "InternalError" or "RequestTimeout" => Stage2(
            "S3Unavailable", BackupErrorCategory.ResourceBusy, target.Endpoint,
            $"{target.Endpoint} kept answering {exception.ErrorCode} after several tries.",
            "Run stage 2 again later, or with a lower -ThrottleLimit."),
        _ when exception.StatusCode == HttpStatusCode.Forbidden => Stage2(
            "S3AccessDenied", BackupErrorCategory.PermissionDenied, target.Bucket,
            $"Access to bucket '{target.Bucket}' is denied ({exception.ErrorCode}).",
            "The credentials need s3:ListBucket on the bucket, s3:PutObject and s3:AbortMultipartUpload on its objects, "
            + "and s3:DeleteObject when deleteFromS3 is on. The bucket's policy and its KMS key can deny it too."),
        // Of a load balancer or a proxy, say, which has codes of its own.
        _ when exception.StatusCode >= HttpStatusCode.InternalServerError && exception.StatusCode != HttpStatusCode.NotImplemented => Stage2(
            "S3Unavailable", BackupErrorCategory.ResourceBusy, target.Endpoint,
            $"{target.Endpoint} kept answering {(int)exception.StatusCode} ({exception.ErrorCode}) after several tries.",
            "Run stage 2 again later; look at the store's logs if it is yours."),
        _ when exception.StatusCode == HttpStatusCode.MovedPermanently => Stage2(
            "S3WrongRegion", BackupErrorCategory.InvalidArgument, target.Region,
            $"Bucket '{target.Bucket}' is not in region '{target.Region}'.", "Set destination.region (or -Region) to the bucket's region."),
        _ => null,
    };

    /// <summary>True when a file could not be read. A connection that broke is an <see cref="IOException"/> too, with its reason inside.</summary>
    public static bool IsAboutFile(Exception exception) =>
        exception is UnauthorizedAccessException or IOException { InnerException: null } and not HttpIOException;

    /// <summary>False when it is sure that S3 did not do what the request that failed asked for: it said no, or was never asked.</summary>
    public static bool MayBeCarriedOut(Exception exception) => exception switch
    {
        _ when IsAboutFile(exception) => false,
        // To a second try of a completion whose answer was lost.
        AmazonServiceException { ErrorCode: "NoSuchUpload" } => true,
        AmazonServiceException answer => answer.StatusCode is not (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
            || answer.StatusCode == HttpStatusCode.RequestTimeout,
        _ => true,
    };

    private static string? FindNetworkFailure(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException socket:
                    return socket.Message;
                case TimeoutException or TaskCanceledException:
                    return "no answer in time";
                case HttpRequestException or HttpIOException:
                    if (cause.InnerException is null)
                        return cause.Message;
                    break;
                default:
                    break;
            }
        }

        return null;
    }

    private static BackupError Unreachable(string endpoint, string reason) => Stage2(
        "S3EndpointUnreachable", BackupErrorCategory.ConnectionError, endpoint,
        $"{endpoint} does not answer ({reason}).",
        "Check the network, the region and the endpoint's address and port; then run stage 2 again. The mirror is good.");

    private static BackupError TlsFailed(string endpoint, Exception cause) => Stage2(
        "S3TlsFailed", BackupErrorCategory.ConnectionError, endpoint,
        $"No trusted connection to {endpoint} can be made ({cause.GetBaseException().Message.TrimEnd('.')}).",
        "Check the endpoint's address and port, that its certificate is valid for this name, and that this machine trusts who signed it.");

    // The SDK has no exception type of its own for this.
    private static bool IsAboutCredentials(Exception exception) =>
        exception.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase);

    private static BackupError Stage2(string id, BackupErrorCategory category, string? target, string message, string action) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Stage2Failed);

    private static BackupError Item(string id, BackupErrorCategory category, string target, string message, string action) =>
        Stage2(id, category, target, message, action);

    private static BackupException Failure(
        string id, BackupErrorCategory category, string target, string message, string action, Exception? cause = null) =>
        new(Stage2(id, category, target, message, action), cause);

    private static BackupException Refusal(string id, BackupErrorCategory category, string target, string message, string action) =>
        new(Stage2(id, category, target, message, action) with { ExitCode = BackupExitCode.Refused });

    private static BackupException ParameterError(string id, string target, string message, string action) =>
        new(Stage2(id, BackupErrorCategory.InvalidArgument, target, message, action) with { ExitCode = BackupExitCode.BadConfiguration });
}

/// <summary>What an error message names: where the requests went.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Endpoint">The endpoint's address.</param>
/// <param name="Region">The region the requests were signed for.</param>
/// <param name="StorageClass">The storage class asked for.</param>
internal sealed record S3Target(string Bucket, string Endpoint, string Region, string StorageClass)
{
    /// <summary>What is known before the client is made.</summary>
    public static S3Target Unresolved(S3SyncRequest request) => new(
        request.Destination.Bucket, request.Destination.EndpointUrl ?? "AWS", request.Destination.Region ?? "", request.Options.StorageClass);
}
