using System.Globalization;

namespace S3Server;

/// <summary>The lock of one version.</summary>
public sealed record ObjectLock(string Mode, DateTimeOffset Until);

/// <summary>
/// S3 Object Lock, as far as tests need it: buckets that have it, locks by header and by request, and who may not delete. Source: "Object Lock
/// considerations" and "Locking objects with Object Lock" in the Amazon S3 User Guide.
/// </summary>
internal static class ObjectLocks
{
    public const string ModeHeader = "x-amz-object-lock-mode";
    public const string UntilHeader = "x-amz-object-lock-retain-until-date";

    private const string Enabled =
        $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ObjectLockConfiguration xmlns=\"{S3Xml.Namespace}\"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

    public static byte[] Configuration => System.Text.Encoding.UTF8.GetBytes(Enabled);

    /// <summary>The lock that a request gives the object that it makes; null for none.</summary>
    public static ObjectLock? Read(S3Call call, S3Bucket bucket)
    {
        var mode = call.Header(ModeHeader);
        var until = call.Header(UntilHeader);
        if ((mode is null && until is null) || call.Fault?.Kind == FaultKind.LockIgnored)
            return null;
        if (!bucket.HasObjectLock)
            throw S3Exception.InvalidRequest("Bucket is missing Object Lock Configuration");
        if (mode is null || until is null)
            throw S3Exception.InvalidArgument($"{ModeHeader} and {UntilHeader} must both be supplied");
        var hasDigest = call.Header("Content-MD5") is not null || call.Header("x-amz-trailer") is not null
            || Checksums.All.Any(algorithm => call.Header(Checksums.HeaderName(algorithm)) is not null);
        if (call.Operation == "PutObject" && !hasDigest)
        {
            throw S3Exception.InvalidRequest(
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters");
        }
        return Parse(mode, until, call.Now);
    }

    /// <summary>The lock that a document demands in place of the one that the object has.</summary>
    public static ObjectLock Replace(S3Call call, byte[] document, ObjectLock? held)
    {
        var retention = S3Xml.Parse(document, "Retention");
        var wanted = Parse(retention.Element("Mode")?.Value, retention.Element("RetainUntilDate")?.Value, call.Now);
        if (held is null || held.Until <= call.Now)
            return wanted;
        var isWeaker = wanted.Until < held.Until || wanted.Mode != held.Mode;
        if (isWeaker && (held.Mode == "COMPLIANCE" || call.Header("x-amz-bypass-governance-retention") != "true"))
            throw S3Exception.AccessDenied("Access Denied because object protected by object lock.");
        return wanted;
    }

    /// <summary>Nobody deletes a version that is locked.</summary>
    public static void RequireUnlocked(S3Call call, StoredObject? version)
    {
        if (version?.Lock is not { } held || held.Until <= call.Now)
            return;
        if (held.Mode == "COMPLIANCE" || call.Header("x-amz-bypass-governance-retention") != "true")
            throw S3Exception.AccessDenied("Access Denied because object protected by object lock.");
    }

    public static void Write(S3Call call, ObjectLock? held)
    {
        if (held is null)
            return;
        call.Response.Headers[ModeHeader] = held.Mode;
        call.Response.Headers[UntilHeader] = Text(held.Until);
    }

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static ObjectLock Parse(string? mode, string? until, DateTimeOffset now)
    {
        if (mode is not ("GOVERNANCE" or "COMPLIANCE"))
            throw S3Exception.InvalidArgument("Unknown wormMode directive.");
        if (!DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            throw S3Exception.InvalidArgument("The retain until date must be provided in ISO 8601 format");
        return time > now ? new ObjectLock(mode, time) : throw S3Exception.InvalidArgument("The retain until date must be in the future!");
    }
}
