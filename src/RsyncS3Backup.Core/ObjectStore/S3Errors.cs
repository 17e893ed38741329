using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>The errors of requests to S3, and what an answer or a broken connection means.</summary>
internal static class S3Errors
{
    public static BackupException OutOfOrder(string side, string previous, string next) => Failure(
        ErrorIds.S3ListingUnordered, BackupErrorCategory.InvalidData, next,
        $"{side} is not in key order: '{next}' came after '{previous}'. Nothing was deleted.",
        "Directory buckets and some S3-compatible stores list without order; use a general purpose bucket.");

    public static BackupException ListingIncomplete(string bucket, string reason, Exception? cause = null) => Failure(
        ErrorIds.S3ListingIncomplete, BackupErrorCategory.ReadError, bucket,
        $"The listing of bucket '{bucket}' did not arrive whole ({reason}). Nothing was deleted.",
        "Run again; if it happens again, look at the network or the store's logs.", cause);

    public static BackupException AnswerInvalid(string endpoint, string operation, string key, string lack, Exception? cause = null) => Failure(
        ErrorIds.S3AnswerInvalid, BackupErrorCategory.InvalidData, key,
        $"{endpoint} answered as if it had done what was asked ({operation} of '{key}'), but not as S3 does: the answer has {lack}. "
        + "So nothing is taken for done.",
        "Something on the way may answer in the store's place: a captive portal, a proxy, a load balancer. Check the network and the "
        + "endpoint's address, then run again.", cause);

    public static BackupException EndpointUnreachable(string endpoint, Exception cause) =>
        new(Unreachable(endpoint, FindNetworkFailure(cause) ?? cause.Message, cause), cause);

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
        ErrorIds.S3Stalled, BackupErrorCategory.OperationTimeout, endpoint,
        $"Requests to {endpoint} are under way, and nothing of them has moved for {HumanText.Duration(timeout)}.",
        "Check the network and the store, then run stage 2 again; only what is missing is sent.", cause);

    public static BackupException InsecureEndpoint(string endpoint) => ParameterError(
        ErrorIds.S3InsecureEndpoint, endpoint,
        $"The endpoint '{endpoint}' is plain HTTP on another machine: data and requests could be read and changed on the way.",
        "Use https, or say -AllowInsecureEndpoint if the network between is trusted.");

    public static BackupException ProfileMissing(string profile) => ParameterError(
        ErrorIds.S3ProfileNotFound, profile,
        $"There is no profile '{profile}' in the AWS configuration and credentials files.",
        "Run 'aws configure list-profiles' to see which there are, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.");

    public static BackupException RegionMissing(string bucket) => ParameterError(
        ErrorIds.S3RegionMissing, bucket,
        $"The region of bucket '{bucket}' is not known: neither the job nor the profile nor the environment names one.",
        "Set destination.region (or -Region), or AWS_REGION.");

    public static BackupException AccessPointElsewhere(string arn, string its, string given) => ParameterError(
        ErrorIds.S3WrongRegion, given, $"The access point '{arn}' is in region '{its}', and not in '{given}'.",
        "Leave destination.region (or -Region) out, or correct it.");

    public static BackupError DeleteFailed(string key, string code, string message) => Item(
        ErrorIds.S3DeleteFailed, BackupErrorCategory.WriteError, key,
        $"S3 did not delete '{key}' ({code}: {message}).", "Run again; if S3 denies it, the credentials need s3:DeleteObject.")
        with
    { S3ErrorCode = code };

    /// <summary>One entry could not be sent, for a reason that S3 or the network gave.</summary>
    public static BackupError ItemFailed(string path, Exception exception, S3Target target)
    {
        BackupError cause = From(exception, target);
        return cause with
        {
            Message = $"'{ShownText.Of(path)}' was not sent to S3. {cause.Message}",
            Target = path,
        };
    }

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
            return Unreachable(target.Endpoint, reason, exception);

        return Stage2(
            ErrorIds.S3RequestFailed, BackupErrorCategory.NotSpecified, target.Bucket,
            $"A request to bucket '{target.Bucket}' failed: {Reason(exception)}",
            $"Run {target.Work} again; the log has the details.")
            with
        { S3ErrorCode = (exception as AmazonServiceException)?.ErrorCode, RequestId = (exception as AmazonServiceException)?.RequestId };
    }

    // Some stores say nothing but a status.
    private static string Reason(Exception exception) =>
        exception is AmazonServiceException { StatusCode: var status } && string.IsNullOrWhiteSpace(exception.Message)
            ? $"the store answered {(int)status} and gave no reason."
            : exception.Message;

    private static BackupError? FromAnswer(AmazonS3Exception exception, S3Target target) => exception.ErrorCode switch
    {
        _ when exception is RefusedHeadersException refused => HeaderRefused(refused, target),
        // Ceph says so with 403, MinIO with 400 and 507.
        "QuotaExceeded" or "StorageQuotaExceeded" or "XMinioAdminBucketQuotaExceeded" or "XMinioStorageFull" => Stage2(
            ErrorIds.S3QuotaExceeded, BackupErrorCategory.LimitsExceeded, target.Bucket,
            $"The quota of bucket '{target.Bucket}' or of its owner at {target.Endpoint} is used up ({exception.ErrorCode}): nothing more is "
            + "stored.",
            $"Raise the quota, or delete what is not needed any more; then run {target.Work} again."),
        "NoSuchBucket" => Stage2(
            ErrorIds.S3BucketNotFound, BackupErrorCategory.ObjectNotFound, target.Bucket,
            $"There is no bucket '{target.Bucket}' at {target.Endpoint}.",
            "Check the bucket's name and region. Initialize-BackupBucket makes the bucket of a job."),
        "InvalidAccessKeyId" => Stage2(
            ErrorIds.S3InvalidAccessKey, BackupErrorCategory.AuthenticationError, target.Bucket,
            $"{target.Endpoint} does not know the access key.", "Check which credentials are used: profile, environment, -Credential."),
        "SignatureDoesNotMatch" => Stage2(
            ErrorIds.S3SignatureMismatch, BackupErrorCategory.AuthenticationError, target.Bucket,
            $"{target.Endpoint} rejects the signature: the secret key does not belong to the access key.",
            "Enter the secret key again; look for a lost or an added character."),
        "ExpiredToken" or "TokenRefreshRequired" => Stage2(
            ErrorIds.S3CredentialsExpired, BackupErrorCategory.AuthenticationError, target.Bucket,
            "The session's credentials have expired.",
            $"Sign in again, for example with 'aws sso login', and run {target.Work} again."),
        "RequestTimeTooSkewed" => Stage2(
            ErrorIds.S3ClockSkew, BackupErrorCategory.InvalidOperation, target.Endpoint,
            $"This machine's clock ({DateTime.UtcNow:u}) and that of {target.Endpoint} differ by more than 15 minutes.",
            "Set the clock, for example by switching on NTP."),
        "InvalidStorageClass" => Stage2(
            ErrorIds.S3InvalidStorageClass, BackupErrorCategory.InvalidArgument, target.StorageClass,
            $"The store does not have the storage class {target.StorageClass} (header x-amz-storage-class).",
            "Choose another options.rsync.syncToS3.storageClass, or leave it out: no header is sent then, and the store takes its own."),
        "AuthorizationHeaderMalformed" or "PermanentRedirect" or "IllegalLocationConstraintException" or "TemporaryRedirect" => Stage2(
            ErrorIds.S3WrongRegion, BackupErrorCategory.InvalidArgument, target.Region,
            $"Bucket '{target.Bucket}' is not in region '{target.Region}'. S3 says: {exception.Message}",
            "Set destination.region (or -Region) to the bucket's region."),
        "EntityTooLarge" or "InvalidRequest" or "BadDigest" or "XAmzContentChecksumMismatch" or "InvalidDigest" => null,
        "InvalidBucketName" => Stage2(
            ErrorIds.S3BucketNotFound, BackupErrorCategory.InvalidArgument, target.Bucket,
            $"{target.Endpoint} does not accept '{target.Bucket}' as a bucket's name.", "Check the bucket's name."),
        "SlowDown" or "ServiceUnavailable" or "InternalError" or "RequestTimeout" => Stage2(
            ErrorIds.S3Unavailable, BackupErrorCategory.ResourceBusy, target.Endpoint,
            $"{target.Endpoint} kept answering {exception.ErrorCode} after several tries.",
            $"Run {target.Work} again later, or with a lower -RequestLimit."),
        _ when exception.StatusCode == HttpStatusCode.Forbidden => Stage2(
            ErrorIds.S3AccessDenied, BackupErrorCategory.PermissionDenied, target.Bucket,
            $"Access to bucket '{target.Bucket}' is denied ({exception.ErrorCode}).",
            "The credentials need s3:ListBucket and s3:ListBucketMultipartUploads on the bucket; s3:GetObject, s3:PutObject, "
            + "s3:AbortMultipartUpload and s3:ListMultipartUploadParts on its objects; s3:DeleteObject when deleteFromS3 is on, "
            + "s3:PutObjectTagging with tags, kms:GenerateDataKey and kms:Decrypt with a KMS key. New-BackupPolicy writes the least policy "
            + "that does. The bucket's policy and its KMS key can deny it too."),
        // Of a load balancer or a proxy, say, which has codes of its own.
        _ when exception.StatusCode >= HttpStatusCode.InternalServerError && exception.StatusCode != HttpStatusCode.NotImplemented => Stage2(
            ErrorIds.S3Unavailable, BackupErrorCategory.ResourceBusy, target.Endpoint,
            $"{target.Endpoint} kept answering {(int)exception.StatusCode} ({exception.ErrorCode}) after several tries.",
            $"Run {target.Work} again later; look at the store's logs if it is yours."),
        _ when exception.StatusCode == HttpStatusCode.MovedPermanently => Stage2(
            ErrorIds.S3WrongRegion, BackupErrorCategory.InvalidArgument, target.Region,
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
        UploadPausedException => false,
        // To a second try of a completion whose answer was lost.
        AmazonServiceException { ErrorCode: "NoSuchUpload" } => true,
        AmazonServiceException { StatusCode: HttpStatusCode.NotImplemented } => false,
        AmazonServiceException answer => answer.StatusCode is not (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
            || answer.StatusCode == HttpStatusCode.RequestTimeout,
        _ => true,
    };

    /// <summary>True when somebody did not answer.</summary>
    public static bool IsAboutNetwork(Exception exception) => FindNetworkFailure(exception) is not null;

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

    private static BackupError Unreachable(string endpoint, string reason, Exception cause) =>
        FindProxy(endpoint, cause) is { } proxy
            ? Stage2(
                ErrorIds.S3ProxyUnreachable, BackupErrorCategory.ConnectionError, proxy,
                $"The proxy {proxy}, through which requests to {endpoint} go, makes no connection ({reason}).",
                "Check that the proxy runs, and what this machine's settings say of it: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, and NO_PROXY for "
                + "endpoints that are reached without it. Then run stage 2 again. The mirror is good.")
            : Stage2(
                ErrorIds.S3EndpointUnreachable, BackupErrorCategory.ConnectionError, endpoint,
                $"{endpoint} does not answer ({reason}).",
                "Check the network, the region and the endpoint's address and port; then run stage 2 again. The mirror is good.");

    /// <summary>The proxy to which, and not to the endpoint, a connection could not be made.</summary>
    private static string? FindProxy(string endpoint, Exception exception)
    {
        bool isConnection = false;
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            isConnection |= cause is SocketException or HttpRequestException
            {
                HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                    or HttpRequestError.ProxyTunnelError,
            };
        }

        if (!isConnection || !Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address)
            || S3ClientFactory.IsOnThisMachine(address))
            return null;
        Uri? proxy = HttpClient.DefaultProxy.IsBypassed(address) ? null : HttpClient.DefaultProxy.GetProxy(address);
        // Without the user and the password that may be in it.
        return proxy is null || proxy == address ? null : $"{proxy.Scheme}://{proxy.Authority}";
    }

    private static BackupError HeaderRefused(RefusedHeadersException refusal, S3Target target)
    {
        string said = $"{refusal.ErrorCode}: {refusal.Message.TrimEnd('.')}";
        const string others = "Checksum headers are not the cause: destination.checksumMode was tried both ways, or none were sent.";
        return refusal.Headers switch
        {
            [] => Stage2(
                ErrorIds.S3RequestFailed, BackupErrorCategory.NotSpecified, target.Bucket,
                $"{target.Endpoint} refuses to store objects in bucket '{target.Bucket}' ({said}).",
                $"No key of the job asks for a header that a store may lack. {others} The store's log may say more."),
            [AskedHeader header] => Stage2(
                ErrorIds.S3HeaderRefused, BackupErrorCategory.InvalidArgument, header.Key,
                $"{target.Endpoint} refuses the header {header.Name}, which the key {header.Key} asks for ({said}).",
                $"Leave {header.Key} out, if the store has nothing of the kind; else correct its value."),
            IReadOnlyList<AskedHeader> several => Stage2(
                ErrorIds.S3HeaderRefused, BackupErrorCategory.InvalidArgument, target.Bucket,
                $"{target.Endpoint} refuses to store objects ({said}), perhaps for one of the headers that these keys ask for: "
                + $"{string.Join(", ", several.Select(header => $"{header.Key} ({header.Name})"))}.",
                $"Leave out one after the other to see which the store does not take. {others}"),
        };
    }

    private static BackupError TlsFailed(string endpoint, Exception cause) => Stage2(
        ErrorIds.S3TlsFailed, BackupErrorCategory.ConnectionError, endpoint,
        $"No trusted connection to {endpoint} can be made ({cause.GetBaseException().Message.TrimEnd('.')}).",
        "Check the endpoint's address and port, that its certificate is valid for this name, and that this machine trusts who signed it.");

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
    /// <summary>What sends a mirror to S3.</summary>
    public const string Stage2 = "stage 2";

    /// <summary>What is to be run again.</summary>
    public string Work { get; init; } = Stage2;

    /// <summary>What is known before the client is made.</summary>
    public static S3Target Unresolved(S3Access request) => new(
        request.Destination.Bucket, request.Destination.EndpointUrl ?? "AWS", request.Destination.Region ?? "",
        request.AskedStorageClass ?? "")
    {
        Work = request.Work,
    };
}
