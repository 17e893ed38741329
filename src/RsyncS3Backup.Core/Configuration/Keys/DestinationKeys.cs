namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>destination</c>.</summary>
internal sealed class DestinationKeys() : ConfigurationSection<S3Destination>(new S3Destination { Bucket = "" })
{
    protected override IEnumerable<ConfigurationKey<S3Destination>> MakeTable() =>
    [
        Text("bucket", KeyRule.BucketName,
            destination => destination.Bucket, (destination, value) => destination with { Bucket = value },
            "The bucket's name, by [S3's rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html). "
            + "Or the ARN of an access point to it, or that access point's alias. No directory bucket.") with
        {
            Required = true,
            Examples = """["my-backups", "arn:aws:s3:us-east-1:123456789012:accesspoint/my-backups"]""",
            Parameter = "BucketName",
        },

        Text("region", KeyRule.Region,
            destination => destination.Region, (destination, value) => destination with { Region = value },
            "The bucket's region. An S3-compatible store may have names that AWS does not know.") with
        { Default = "what the profile or the environment says", Examples = """["us-east-1"]""" },

        Text("endpointUrl", KeyRule.EndpointUrl,
            destination => destination.EndpointUrl, (destination, value) => destination with { EndpointUrl = value },
            "The endpoint of an S3-compatible store: `https://` or `http://`, host and port, nothing else. Plain `http` to a "
            + "machine that is not this one is refused by the run unless `-AllowInsecureEndpoint` is given.") with
        { Default = "AWS", Examples = """["https://s3.example.com", "http://localhost:9000"]""" },

        Flag("forcePathStyle",
            destination => destination.ForcePathStyle, (destination, value) => destination with { ForcePathStyle = value },
            "Address the bucket by path (`host/bucket`) instead of by host name (`bucket.host`).") with
        { Default = "`true` with an `endpointUrl`, else `false`" },

        OneOf<S3ChecksumMode>("checksumMode", "checksum mode",
            destination => destination.ChecksumMode, (destination, value) => destination with { ChecksumMode = value },
            "`whenSupported` sends a CRC32 with every upload, and Content-MD5 to a store that refuses it. `whenRequired` sends Content-MD5 only, "
            + "with deletions too."),

        Text("profile", KeyRule.Profile,
            destination => destination.Profile, (destination, value) => destination with { Profile = value },
            "The profile of the shared AWS configuration files.") with
        { Default = "the AWS SDK's own chain", Examples = """["backup"]""", Parameter = "ProfileName" },

        Object("encryption", new EncryptionKeys(), "an object with 'mode'",
            destination => destination.Encryption, (destination, value) => destination with { Encryption = value },
            "How S3 encrypts new objects; see below.") with { Default = "as the bucket's own settings say" },

        Text("expectedBucketOwner", KeyRule.Account,
            destination => destination.ExpectedBucketOwner,
            (destination, value) => destination with { ExpectedBucketOwner = value },
            "The 12 digits of the account that must own the bucket. It goes with every request, and S3 refuses each one when "
            + "another account owns the bucket.") with
        { Default = "not checked", Examples = """["123456789012"]""" },

        Flag("useDualStack",
            destination => destination.UseDualStack, (destination, value) => destination with { UseDualStack = value },
            "Use AWS's endpoint that has IPv6 addresses too. Not with an `endpointUrl`.") with
        { Default = "what the profile or the environment says" },

        Flag("useFips",
            destination => destination.UseFips, (destination, value) => destination with { UseFips = value },
            "Use AWS's endpoint with cryptography that is validated by FIPS 140; not every region has one. Not with an `endpointUrl`.") with
        { Default = "what the profile or the environment says" },

        Flag("useAccelerate",
            destination => destination.UseAccelerate, (destination, value) => destination with { UseAccelerate = value },
            "Use AWS's endpoint for transfer acceleration, which the bucket must allow and which costs more; the estimates know nothing of "
            + "that. Not with an `endpointUrl`, `useFips`, `forcePathStyle`, or a bucket with a dot in its name.") with
        { Default = "`false`" },

        Flag("requesterPays",
            destination => destination.RequesterPays, (destination, value) => destination with { RequesterPays = value },
            "Say with each request that whoever makes it pays for it, as the owner of a bucket may ask for."),
    ];
}

/// <summary>The keys of <c>destination.encryption</c>.</summary>
internal sealed class EncryptionKeys() : ConfigurationSection<S3Encryption>(new S3Encryption { Mode = S3EncryptionMode.SseS3 })
{
    protected override IEnumerable<ConfigurationKey<S3Encryption>> MakeTable() =>
    [
        OneOf<S3EncryptionMode>("mode", "encryption mode",
            encryption => encryption.Mode, (encryption, value) => encryption with { Mode = value },
            "`SSE-S3` uses keys of S3's own, `SSE-KMS` those of the Key Management Service, `DSSE-KMS` the latter in two "
            + "layers.") with
        { Required = true, Parameter = "EncryptionMode" },

        Text("kmsKeyId", KeyRule.KmsKeyId,
            encryption => encryption.KmsKeyId, (encryption, value) => encryption with { KmsKeyId = value },
            "The id, ARN or alias of the KMS key; only with `SSE-KMS` and `DSSE-KMS`.") with
        { Default = "the account's own key for S3" },

        Flag("bucketKey", encryption => encryption.BucketKey, (encryption, value) => encryption with { BucketKey = value },
            "Ask KMS once a bucket and not once an object, which costs less; only with `SSE-KMS`.") with
        { Default = "as the bucket's own settings say" },
    ];
}
