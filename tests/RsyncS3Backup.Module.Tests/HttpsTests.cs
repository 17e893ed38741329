using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>What users have: HTTPS. Bodies are not signed then, only their checksums are.</summary>
[Trait("Category", "Slow")]
public sealed class HttpsTests : IDisposable
{
    private const string Bucket = "https-tests";
    private readonly TemporaryFolder folder = new();
    private readonly X509Certificate2 certificate = SelfSigned();

    public void Dispose()
    {
        certificate.Dispose();
        folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("WhenSupported")]
    [InlineData("WhenRequired")]
    public async Task A_mirror_goes_over_HTTPS_with_one_request_for_each_file_and_part(string checksumMode)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only OpenSSL takes a trusted certificate from the environment");
        await using LoopbackS3Server server = await LoopbackS3Server.StartAsync(new S3ServerOptions { Certificate = certificate });
        server.Store.CreateBucket(Bucket);
        byte[] large = RandomNumberGenerator.GetBytes((16 * 1024 * 1024) + 1);
        string mirror = Mirror(large);

        string[] lines = Run(server, mirror, checksumMode, trusted: true);

        // One listing of the objects, one of unfinished uploads; whose the prefix and the one above it is, and the marker that says so.
        Assert.Equal(["Succeeded", "7 PUT, 2 LIST, 2 GET"], lines[..2]);
        Assert.True(large.AsSpan().SequenceEqual(server.Store.GetBytes(Bucket, "p/large.bin")));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_and_not_tried_again()
    {
        await using LoopbackS3Server server = await LoopbackS3Server.StartAsync(new S3ServerOptions { Certificate = certificate });
        server.Store.CreateBucket(Bucket);

        // The probe ends with an error because the script had one.
        InvalidOperationException failed = Assert.Throws<InvalidOperationException>(
            () => Run(server, Mirror([1]), "WhenSupported", trusted: false));

        Assert.Contains("S3TlsFailed", failed.Message, StringComparison.Ordinal);
        Assert.Contains("1 attempts", failed.Message, StringComparison.Ordinal);
        Assert.Empty(server.Store.Keys(Bucket));
    }

    private string Mirror(byte[] large)
    {
        string mirror = Directory.CreateDirectory(Path.Combine(folder.Path, "mirror")).FullName;
        File.WriteAllBytes(Path.Combine(mirror, "large.bin"), large);
        File.WriteAllText(Path.Combine(mirror, "small + 100%.txt"), "small");
        return mirror;
    }

    private string[] Run(LoopbackS3Server server, string mirror, string checksumMode, bool trusted)
    {
        string trust = Path.Combine(folder.Path, "trusted.pem");
        File.WriteAllText(trust, certificate.ExportCertificatePem());
        string script = $$"""
            Import-Module '{{Repository.Manifest}}'
            $result = Invoke-S3SyncStage -Path '{{mirror}}' -BucketName {{Bucket}} -KeyPrefix p/ -Region {{server.Region}} `
                -EndpointUrl {{server.Endpoint.ToString().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}} -ChecksumMode {{checksumMode}} -ErrorAction Ignore
            "$($result.Status)"
            "$($result.Requests)"
            "$($result.Error.Id)"
            "$($result.Attempts) attempts"
            """;
        return FreshProcess.Run(
            script,
            ("SSL_CERT_FILE", trusted ? trust : ""),
            ("AWS_ACCESS_KEY_ID", server.AccessKey),
            ("AWS_SECRET_ACCESS_KEY", server.SecretKey),
            ("RSYNCS3BACKUP_STATE", Path.Combine(folder.Path, "state")));
    }

    private static X509Certificate2 SelfSigned()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
