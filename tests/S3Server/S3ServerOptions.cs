using System.Security.Cryptography.X509Certificates;

namespace S3Server;

/// <summary>How a <see cref="LoopbackS3Server"/> behaves. The defaults suit tests.</summary>
public sealed record S3ServerOptions
{
    /// <summary>The TCP port on 127.0.0.1; 0 takes any free one.</summary>
    public int Port { get; init; }

    public string AccessKey { get; init; } = "LOOPBACKACCESSKEY001";

    public string SecretKey { get; init; } = "loopback/secret+key=0000000000000000000001";

    public string Region { get; init; } = "us-east-1";

    /// <summary>The account that owns every bucket.</summary>
    public string AccountId { get; init; } = "123456789012";

    /// <summary>Where contents are stored as files; null keeps them in memory. Names and metadata are always in memory.</summary>
    public string? Folder { get; init; }

    /// <summary>The certificate of an HTTPS server; null for plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The largest page of a listing. S3's own is 1,000.</summary>
    public int MaxKeys { get; init; } = 1000;

    /// <summary>False answers requests without looking at their signatures.</summary>
    public bool RequireSignature { get; init; } = true;

    /// <summary>
    /// False keeps only size and hashes of contents, for benchmarks; reading an object is then an error. What a backup itself reads again,
    /// markers and manifests, is kept: contents of up to <see cref="KeptAnyway"/> bytes.
    /// </summary>
    public bool KeepContent { get; init; } = true;

    /// <summary>Bytes.</summary>
    internal const int KeptAnyway = 1024;

    /// <summary>
    /// False gives random ETags, as S3 does for objects encrypted with a KMS key, and saves the server the time of MD5.
    /// </summary>
    public bool Md5ETags { get; init; } = true;

    /// <summary>Whether a CRC64NVME is computed and stored when the client sends no checksum, as S3 does.</summary>
    public bool DefaultChecksum { get; init; } = true;

    /// <summary>The smallest part of a multipart upload but the last; S3's own is 5 MiB. Tests may lower it.</summary>
    public long MinimumPartSize { get; init; } = 5 * 1024 * 1024;

    /// <summary>Whether each request is kept for <see cref="LoopbackS3Server.GetRequestLog"/>.</summary>
    public bool KeepRequestLog { get; init; }
}
