using System.Globalization;

namespace S3Server;

/// <summary>Conditional requests: on reads as HTTP has them, on writes as S3 does.</summary>
internal static class Conditions
{
    /// <summary>Throws 412; returns true for 304.</summary>
    public static bool IsNotModified(S3Call call, StoredObject stored, string prefix = "")
    {
        if (call.Header(prefix + "if-match") is { } match)
        {
            if (!Matches(match, stored.ETag))
                throw S3Exception.PreconditionFailed("If-Match");
        }
        else if (Time(call.Header(prefix + "if-unmodified-since")) is { } unmodified && Seconds(stored.LastModified) > unmodified)
        {
            throw S3Exception.PreconditionFailed("If-Unmodified-Since");
        }
        if (call.Header(prefix + "if-none-match") is { } noneMatch)
            return Matches(noneMatch, stored.ETag);
        return Time(call.Header(prefix + "if-modified-since")) is { } modified && Seconds(stored.LastModified) <= modified;
    }

    /// <summary>If-None-Match: * and If-Match of PUT and CompleteMultipartUpload, to be checked under the bucket's lock.</summary>
    public static Action<StoredObject?>? ForWrite(S3Call call)
    {
        var match = call.Header("if-match");
        var noneMatch = call.Header("if-none-match");
        if (match is null && noneMatch is null)
            return null;
        if (noneMatch is not (null or "*"))
            throw S3Exception.NotImplemented("If-None-Match with an ETag on a write");
        return current =>
        {
            if (noneMatch is not null && current is not null)
                throw S3Exception.PreconditionFailed("If-None-Match");
            if (match is null)
                return;
            if (current is null)
                throw S3Exception.NoSuchKey(call.RequiredKey);
            if (!Matches(match, current.ETag))
                throw S3Exception.PreconditionFailed("If-Match");
        };
    }

    private static bool Matches(string list, string etag) => list.Split(',', StringSplitOptions.TrimEntries)
        .Any(item => item == "*" || item.Trim('"') == etag);

    private static DateTimeOffset? Time(string? header) =>
        DateTimeOffset.TryParse(header, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static DateTimeOffset Seconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
