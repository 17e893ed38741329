using System.Text.RegularExpressions;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// The ARN of an access point, which stands for a bucket in most requests:
/// <c>arn:aws:s3:us-east-1:123456789012:accesspoint/name</c>.
/// Source: "Referencing access points" and "Rules for naming Amazon S3 access points" in the Amazon S3 User Guide.
/// </summary>
/// <param name="Partition"><c>aws</c>, <c>aws-cn</c>, …</param>
/// <param name="Region">The access point's region.</param>
internal sealed partial record AccessPointArn(string Partition, string Region)
{
    /// <summary>What a value that is one looks like, for the schema too.</summary>
    public const string Pattern = "arn:aws[a-z-]*:s3:[a-z0-9-]+:[0-9]{12}:accesspoint/[a-z0-9][a-z0-9-]{1,48}[a-z0-9]";

    /// <summary>Reads one; null for what is none: a bucket's name, an ARN of something else.</summary>
    public static AccessPointArn? Find(string value)
    {
        string[] parts = Whole().IsMatch(value) ? value.Split(':') : [];
        return parts.Length > 0 ? new AccessPointArn(parts[1], parts[3]) : null;
    }

    /// <summary>True for the ARN of an access point.</summary>
    public static bool Is(string value) => Find(value) is not null;

    /// <summary>True for the alias of an access point, which is a bucket's name to requests about objects.</summary>
    public static bool IsAlias(string value) => value.EndsWith("-s3alias", StringComparison.Ordinal);

    [GeneratedRegex("^" + Pattern + "$", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}
