using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Mirror;
using static RsyncS3Backup.ObjectStore.Rights.BackupRights;

namespace RsyncS3Backup.ObjectStore.Rights;

/// <summary>
/// The least IAM policy for what a job does: for its bucket and its prefix only. Which action and which resource a request needs
/// is from "Actions, resources, and condition keys for Amazon S3" of the Service Authorization Reference.
/// </summary>
internal static class PolicyDocument
{
    private const string Anything = "*";

    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The policy as JSON.</summary>
    /// <exception cref="BackupException">The job is local only, or its bucket is an alias.</exception>
    public static string Make(PolicyRequest request)
    {
        BackupConfiguration job = request.Configuration;
        S3Destination destination = job is { Destination: { } named, Options.Rsync.SyncToS3.Enabled: true }
            ? named
            : throw PolicyErrors.NoBucket(job.Name);
        if (AccessPointArn.IsAlias(destination.Bucket))
            throw PolicyErrors.OfAlias(destination.Bucket);
        bool isAccessPoint = AccessPointArn.Is(destination.Bucket);
        string bucket = isAccessPoint ? destination.Bucket : $"arn:{request.Partition}:s3:::{destination.Bucket}";
        // Source: "Configuring IAM policies for using access points" in the Amazon S3 User Guide.
        string objects = isAccessPoint ? bucket + "/object" : bucket;
        (string keys, string listed) = Prefixes(request.Configuration);
        JsonArray statements =
        [
            .. Listings(request, bucket, listed), .. Objects(request, objects, keys), .. Keys(request, destination),
        ];
        JsonObject policy = new() { ["Version"] = "2012-10-17", ["Statement"] = statements };
        return policy.ToJsonString(Readable).ReplaceLineEndings("\n");
    }

    /// <summary>The rights that something takes.</summary>
    internal static IReadOnlyList<BackupRight> For(PolicyRequest request)
    {
        S3SyncOptions sync = request.Configuration.Options.Rsync.SyncToS3;
        bool tags = sync.Tags.Count > 0;
        bool locks = sync.Protection?.ObjectLock is not null;
        bool asksVersioning = sync.Protection is { RequireVersioning: true, ObjectLock: null };
        bool deletes = !request.NoDeletion && (sync.DeleteFromS3 || Prunes(sync));
        bool archives = request.Retrieval || S3StorageClasses.IsArchive(sync.StorageClass)
            || sync.StorageClass == "INTELLIGENT_TIERING";
        IEnumerable<BackupRight?> rights = request.Purpose switch
        {
            BackupPolicyPurpose.Backup =>
            [
                ListBucket, ListUploads, GetObject, PutObject, AbortUpload, ListParts, deletes ? DeleteObject : null,
                tags ? PutTagging : null, locks ? PutRetention : null, locks ? GetRetention : null, locks ? GetObjectLock : null,
                asksVersioning ? GetVersioning : null,
            ],
            BackupPolicyPurpose.Restore =>
            [
                ListBucket, GetObject, request.Versions ? ListVersions : null, request.Versions ? GetVersioning : null,
                request.Versions ? GetVersion : null, archives ? RestoreObject : null,
            ],
            BackupPolicyPurpose.Test => [ListBucket, GetObject],
            // The manifest of a snapshot that goes is written over first.
            _ =>
            [
                ListBucket, ListUploads, GetObject, PutObject, DeleteObject, AbortUpload, tags ? PutTagging : null,
                locks ? PutRetention : null, locks ? GetRetention : null, locks ? GetObjectLock : null,
                asksVersioning ? GetVersioning : null,
            ],
        };
        return [.. rights.OfType<BackupRight>()];
    }

    private static bool IsOfBucket(BackupRight right) => right == ListUploads || right == GetVersioning || right == GetObjectLock;

    private static bool Prunes(S3SyncOptions sync) =>
        (sync.KeepLast ?? sync.KeepDaily ?? sync.KeepWeekly ?? sync.KeepMonthly ?? sync.KeepYearly) is not null;

    private static IEnumerable<JsonObject> Listings(PolicyRequest request, string bucket, string prefix)
    {
        BackupRight[] rights = [.. For(request).Where(right => right == ListBucket || right == ListVersions)];
        JsonObject listings = Statement("ListPrefix", rights, [bucket]);
        // The bucket's root needs no condition: everything is in it.
        if (prefix.Length > 0)
        {
            string[] listed = [prefix + Anything, .. MarkersAbove(request)];
            listings["Condition"] = new JsonObject { ["StringLike"] = new JsonObject { ["s3:prefix"] = Texts(listed) } };
        }

        yield return listings;
        // These know no prefix.
        BackupRight[] whole = [.. For(request).Where(IsOfBucket)];
        if (whole.Length > 0)
            yield return Statement("LookAtBucket", whole, [bucket]);
    }

    private static IEnumerable<JsonObject> Objects(PolicyRequest request, string bucket, string prefix)
    {
        BackupRight[] rights =
        [
            .. For(request).Where(right => right != ListBucket && right != ListVersions && !IsOfBucket(right)),
        ];
        yield return Statement("UsePrefix", rights, [$"{bucket}/{prefix}{Anything}"]);
        string[] markers = [.. MarkersAbove(request)];
        if (markers.Length > 0)
            yield return Statement("SeeOwnersAbove", [GetObject], [.. markers.Select(marker => $"{bucket}/{marker}")]);
    }

    private static IEnumerable<JsonObject> Keys(PolicyRequest request, S3Destination destination)
    {
        bool isKms = destination.Encryption is { Mode: S3EncryptionMode.SseKms or S3EncryptionMode.DsseKms };
        string? key = request.KmsKeyArn ?? (isKms ? destination.Encryption!.KmsKeyId : null);
        // The key policy of the account's own key for S3 (aws/s3) allows whoever may use S3.
        if (key is null)
            yield break;
        bool writes = request.Purpose is BackupPolicyPurpose.Backup or BackupPolicyPurpose.Prune;
        string account = destination.ExpectedBucketOwner ?? Anything;
        string anyKey = $"arn:{request.Partition}:kms:{destination.Region ?? Anything}:{account}:key/";
        bool isArn = key.StartsWith("arn:", StringComparison.Ordinal);
        string last = key[(key.LastIndexOf(':') + 1)..];
        string? alias = last.StartsWith("alias/", StringComparison.Ordinal) ? last : null;
        string resource = alias is not null ? anyKey + Anything : isArn ? key : anyKey + key;
        JsonObject statement = Statement("UseKey", writes ? [GenerateKey, Decrypt] : [Decrypt], [resource]);
        JsonObject condition = new() { ["StringLike"] = new JsonObject { ["kms:ViaService"] = "s3.*.amazonaws.com*" } };
        // An alias is no resource of these actions.
        if (alias is not null)
            condition["ForAnyValue:StringEquals"] = new JsonObject { ["kms:ResourceAliases"] = alias };
        statement["Condition"] = condition;
        yield return statement;
    }

    /// <summary>What keys start with, and what starts the listings that find them: of dated snapshots less.</summary>
    private static (string Keys, string Listed) Prefixes(BackupConfiguration configuration)
    {
        string? given = configuration.Options.Rsync.SyncToS3.S3Prefix;
        if (!KeyPrefix.HasDateTokens(given))
        {
            string prefix = Literal(KeyPrefix.Resolve(given, configuration.Name, DateTimeOffset.UnixEpoch, timezone: null));
            return (prefix, prefix);
        }

        DatedPrefix dated = new(given!);
        string keys = string.Concat(dated.Segments.Select(segment => Pattern(segment.Text) + "/"));
        return (keys, Literal(dated.Start));
    }

    // A folder's tokens in the wildcards of IAM: digits are counted, names of days and months are not.
    private static string Pattern(string segment) => string.Concat(DatedPrefix.Parts(segment).Select(part =>
        !part.IsToken ? Literal(part.Text)
        : IsFixed(part.Text) ? string.Concat(part.Text.Select(letter => char.IsAsciiLetter(letter) ? '?' : letter))
        : Anything));

    private static bool IsFixed(string token) =>
        token.Split('-', '_', '.').All(unit => unit is "yyyy" or "yy" or "MM" or "dd" or "HH" or "mm" or "ss");

    // What a file name may have and a policy takes for a wildcard or a variable. Source: "IAM policy elements: Variables and
    // tags".
    private static string Literal(string text) => text
        .Replace("$", "${$}", StringComparison.Ordinal)
        .Replace("*", "${*}", StringComparison.Ordinal)
        .Replace("?", "${?}", StringComparison.Ordinal);

    /// <summary>A backup looks whose the prefixes above its own are, before it takes that.</summary>
    private static IEnumerable<string> MarkersAbove(PolicyRequest request)
    {
        if (request.Purpose != BackupPolicyPurpose.Backup)
            yield break;
        string prefix = Prefixes(request.Configuration).Keys;
        string[] folders = prefix.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int count = folders.Length - 1; count >= 0; count--)
            yield return string.Concat(folders.Take(count).Select(folder => folder + "/")) + MirrorMarker.FileName;
    }

    private static JsonObject Statement(
        string id, IReadOnlyCollection<BackupRight> rights, IReadOnlyCollection<string> resources) => new()
        {
            ["Sid"] = id,
            ["Effect"] = "Allow",
            ["Action"] = Texts(rights.Select(right => right.Action)),
            ["Resource"] = Texts(resources),
        };

    private static JsonNode Texts(IEnumerable<string> texts) => texts.ToArray() is [var only]
        ? JsonValue.Create(only)
        : new JsonArray([.. texts.Select(text => (JsonNode)JsonValue.Create(text)!)]);
}
