using System.Net;
using Amazon.S3;

namespace RsyncS3Backup.ObjectStore;

/// <summary>What it can mean that a store says no.</summary>
internal static class StoreRefusals
{
    /// <summary>True when the store does not know what it was asked for.</summary>
    public static bool IsUnknownRequest(AmazonS3Exception refusal) =>
        refusal.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed
        || refusal.ErrorCode is "NotImplemented" or "MethodNotAllowed";

    /// <summary>True when it may be a header of the request that the store does not take.</summary>
    public static bool MayBeAboutHeader(AmazonS3Exception refusal) =>
        refusal.StatusCode == HttpStatusCode.NotImplemented
        || refusal.ErrorCode == "NotImplemented"
        // To a HEAD there is no document with a better word.
        || (refusal.StatusCode == HttpStatusCode.BadRequest
            && refusal.ErrorCode is "InvalidRequest" or "InvalidArgument" or "BadRequest");

    /// <summary>True when the credentials may not do it, and everything else is right about them.</summary>
    public static bool IsDenied(AmazonS3Exception refusal) =>
        refusal.StatusCode == HttpStatusCode.Forbidden && refusal.ErrorCode is "AccessDenied" or "Forbidden";

    /// <summary>The refusal in two words.</summary>
    public static string Describe(AmazonS3Exception refusal) => ShownText.Of($"{(int)refusal.StatusCode} {refusal.ErrorCode}");
}
