namespace S3Server;

/// <summary>An error answer: status, S3's code, message, and further elements of the error document.</summary>
internal sealed class S3Exception(int status, string code, string message, params (string Name, string Value)[] details)
    : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyList<(string Name, string Value)> Details { get; } = details;

    public static S3Exception AccessDenied(string message = "Access Denied") => new(403, "AccessDenied", message);

    public static S3Exception InvalidArgument(string message) => new(400, "InvalidArgument", message);

    public static S3Exception InvalidRequest(string message) => new(400, "InvalidRequest", message);

    public static S3Exception MalformedXml() => new(400, "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema");

    public static S3Exception NoSuchBucket(string bucket) => new(404, "NoSuchBucket",
        "The specified bucket does not exist", ("BucketName", bucket));

    public static S3Exception NoSuchKey(string key) => new(404, "NoSuchKey", "The specified key does not exist.", ("Key", key));

    public static S3Exception NoSuchVersion(string key, string version) => new(404, "NoSuchVersion",
        "The specified version does not exist.", ("Key", key), ("VersionId", version));

    public static S3Exception NoSuchUpload(string upload) => new(404, "NoSuchUpload",
        "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        + "completed.", ("UploadId", upload));

    public static S3Exception PreconditionFailed(string condition) => new(412, "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold", ("Condition", condition));

    public static S3Exception MethodNotAllowed(string method) => new(405, "MethodNotAllowed",
        "The specified method is not allowed against this resource.", ("Method", method));

    public static S3Exception NotImplemented(string what) => new(501, "NotImplemented",
        "A header or a query you provided implies functionality that is not implemented: " + what);

    public static S3Exception BadDigest(string algorithm) => new(400, "BadDigest",
        $"The {algorithm} you specified did not match the calculated checksum.");
}
