using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace S3Server;

/// <summary>
/// The policy of the credentials, as far as tests need one: statements that allow actions on resources, with conditions on
/// <c>s3:prefix</c>. What no statement allows is denied. The actions that a request takes are from "Actions, resources, and
/// condition keys for Amazon S3" of the Service Authorization Reference and from "Required permissions for Amazon S3 API
/// operations".
/// </summary>
public sealed class AccessPolicy
{
    private readonly List<Statement> statements = [];

    /// <summary>Reads a policy.</summary>
    public static AccessPolicy Parse(string json)
    {
        AccessPolicy policy = new();
        using JsonDocument document = JsonDocument.Parse(json);
        foreach (JsonElement statement in document.RootElement.GetProperty("Statement").EnumerateArray())
        {
            if (statement.GetProperty("Effect").GetString() != "Allow")
                throw new NotSupportedException("A statement that does not allow.");
            string[]? prefixes = null;
            if (statement.TryGetProperty("Condition", out JsonElement condition))
            {
                foreach (JsonProperty test in condition.EnumerateObject().SelectMany(@operator => @operator.Value.EnumerateObject()))
                {
                    if (test.Name == "s3:prefix")
                        prefixes = Texts(test.Value);
                    else if (!test.Name.StartsWith("kms:", StringComparison.Ordinal))
                        throw new NotSupportedException($"A condition on {test.Name}.");
                }
            }

            policy.statements.Add(new Statement(Texts(statement.GetProperty("Action")), Texts(statement.GetProperty("Resource")), prefixes));
        }

        return policy;
    }

    /// <summary>The requests that were denied, by action.</summary>
    public ConcurrentDictionary<string, long> Denied { get; } = new();

    internal bool Allows(string action, string? bucket, string? key, string? prefix = null)
    {
        string resource = action.StartsWith("kms:", StringComparison.Ordinal) ? "" : $"arn:aws:s3:::{bucket}{(key is null ? "" : "/" + key)}";
        bool isAllowed = statements.Exists(statement => statement.Actions.Contains(action)
            && (resource.Length == 0 || statement.Resources.Any(pattern => IsLike(resource, pattern)))
            // A condition on what a request does not have is not met.
            && (statement.Prefixes is null || (prefix is not null && statement.Prefixes.Any(pattern => IsLike(prefix, pattern)))));
        if (!isAllowed)
            Denied.AddOrUpdate(action, 1, (_, count) => count + 1);
        return isAllowed;
    }

    internal void Demand(S3Call call)
    {
        foreach ((string action, string? bucket, string? key) in Needs(call))
        {
            if (!Allows(action, bucket, key, call.Parameter("prefix")))
                throw S3Exception.AccessDenied($"User is not authorized to perform: {action}");
        }
    }

    /// <summary>
    /// S3 tells of an object that it is missing only to those who may list the bucket; the question about a key has no prefix.
    /// </summary>
    internal bool TellsMissing(S3Call call) => Allows("s3:ListBucket", call.Bucket, null);

    private static IEnumerable<(string Action, string? Bucket, string? Key)> Needs(S3Call call)
    {
        bool isKms = call.Header("x-amz-server-side-encryption")?.StartsWith("aws:kms", StringComparison.Ordinal) == true;
        (string Action, string? Bucket, string? Key) Own(string action) => (action, call.Bucket, call.Key);
        switch (call.Operation)
        {
            case "PutObject" or "CreateMultipartUpload" or "CopyObject":
                yield return Own("s3:PutObject");
                if (call.Header("x-amz-tagging") is { Length: > 0 })
                    yield return Own("s3:PutObjectTagging");
                if (call.Header(ObjectLocks.ModeHeader) is not null)
                    yield return Own("s3:PutObjectRetention");
                if (isKms)
                    yield return Own("kms:GenerateDataKey");
                if (isKms && call.Operation != "PutObject")
                    yield return Own("kms:Decrypt");
                break;
            case "UploadPart" or "UploadPartCopy" or "CompleteMultipartUpload":
                yield return Own("s3:PutObject");
                break;
            case "GetObject" or "HeadObject":
                yield return Own(call.Has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject");
                break;
            case "DeleteObject":
                yield return Own(call.Has("versionId") ? "s3:DeleteObjectVersion" : "s3:DeleteObject");
                break;
            // Of each key in the document.
            case "DeleteObjects":
                break;
            case "AbortMultipartUpload":
                yield return Own("s3:AbortMultipartUpload");
                break;
            case "ListParts":
                yield return Own("s3:ListMultipartUploadParts");
                break;
            case "ListObjectsV2" or "ListObjects" or "HeadBucket":
                yield return Own("s3:ListBucket");
                break;
            case "ListObjectVersions":
                yield return Own("s3:ListBucketVersions");
                break;
            case "ListMultipartUploads":
                yield return Own("s3:ListBucketMultipartUploads");
                break;
            case "GetObjectLockConfiguration" or "PutObjectLockConfiguration":
                yield return Own("s3:" + call.Operation.Replace("ObjectLock", "BucketObjectLock", StringComparison.Ordinal));
                break;
            default:
                yield return Own("s3:" + call.Operation);
                break;
        }

        if (call.Header("x-amz-copy-source") is { } source)
        {
            string path = UrlEncoding.Decode(source.Split('?')[0], plusIsSpace: false).TrimStart('/');
            int slash = path.IndexOf('/', StringComparison.Ordinal);
            yield return (source.Contains("?versionId=", StringComparison.Ordinal) ? "s3:GetObjectVersion" : "s3:GetObject", path[..slash], path[(slash + 1)..]);
        }
    }

    private static string[] Texts(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
        : [value.GetString()!];

    private static bool IsLike(string text, string pattern)
    {
        // ${*}, ${?} and ${$} are those characters themselves.
        string regex = Regex.Escape(pattern)
            .Replace(@"\$\{\*}", "\u0001", StringComparison.Ordinal).Replace(@"\$\{\?}", "\u0002", StringComparison.Ordinal)
            .Replace(@"\$\{\$}", "\u0003", StringComparison.Ordinal)
            .Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)
            .Replace("\u0001", @"\*", StringComparison.Ordinal).Replace("\u0002", @"\?", StringComparison.Ordinal)
            .Replace("\u0003", @"\$", StringComparison.Ordinal);
        return Regex.IsMatch(text, $"^{regex}$", RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    private sealed record Statement(string[] Actions, string[] Resources, string[]? Prefixes);
}
