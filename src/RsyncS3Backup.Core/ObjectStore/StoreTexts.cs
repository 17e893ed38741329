using System.Globalization;

namespace RsyncS3Backup.ObjectStore;

/// <summary>What people are told of a store that does not do all that S3 does.</summary>
internal static class StoreTexts
{
    /// <summary>When a run has found it out.</summary>
    public static string Found(StoreLack lack, string endpoint) =>
        $"{endpoint} {What(lack.Feature)} ({lack.Reason}). {Instead(lack.Feature)} "
        + $"This is remembered for {StoreMemory.Lasts.Days} days.";

    /// <summary>When an earlier run has.</summary>
    public static string Known(StoreLack lack, string endpoint) => string.Create(
        CultureInfo.InvariantCulture,
        $"{endpoint} {What(lack.Feature)} ({lack.Reason}), as was found out on {lack.Since:yyyy-MM-dd}. {Instead(lack.Feature)}");

    /// <summary>When objects were sent because they could not be looked at, or copied.</summary>
    public static string ReadingDenied(string bucket) =>
        $"The credentials may not read the objects of bucket '{bucket}', so some were uploaded again that a copy inside S3 would "
        + "have done for. With s3:GetObject they would not be.";

    private static string What(StoreFeature feature) => feature switch
    {
        StoreFeature.CopyObject => "does not copy objects",
        StoreFeature.CopyParts => "does not copy parts of objects",
        StoreFeature.DeleteObjects => "does not delete several objects with one request",
        StoreFeature.Checksums => "refuses checksum headers",
        _ => "refuses DeleteObjects with a CRC32",
    };

    private static string Instead(StoreFeature feature) => feature switch
    {
        StoreFeature.CopyObject => "What has new attributes or another name is uploaded instead.",
        StoreFeature.CopyParts => "A large file that changed is uploaded whole.",
        StoreFeature.DeleteObjects => "Each object is deleted with a request of its own.",
        StoreFeature.Checksums => "Content-MD5 is sent instead, as with destination.checksumMode: whenRequired.",
        _ => "Content-MD5 is sent with it instead.",
    };
}
