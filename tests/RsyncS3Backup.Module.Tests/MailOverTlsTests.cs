using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>What mail servers of today demand: TLS before the password.</summary>
[Trait("Category", "Slow")]
public sealed class MailOverTlsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly X509Certificate2 certificate = SelfSigned();

    public void Dispose()
    {
        certificate.Dispose();
        folder.Dispose();
    }

    [SkippableFact]
    public void A_mail_is_sent_after_STARTTLS_to_a_server_that_is_trusted()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only OpenSSL takes a trusted certificate from the environment");
        using SmtpServer mail = new() { Login = ("somebody", "password"), Certificate = certificate };
        string trust = Path.Combine(folder.Path, "trusted.pem");
        File.WriteAllText(trust, certificate.ExportCertificatePem());
        Directory.CreateDirectory(Path.Combine(folder.Path, "source"));
        File.WriteAllText(Path.Combine(folder.Path, "source", "file"), "content");

        string[] lines = FreshProcess.Run(
            $$"""
            Import-Module '{{Repository.Manifest}}'
            $secret = [securestring]::new(); 'password'.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
            $sent = Invoke-RsyncStage '{{folder.Path}}/source' '{{folder.Path}}/mirror' |
                Send-BackupNotification -SmtpServer localhost -SmtpPort {{mail.Port}} -From a@example.com -To b@example.com `
                    -Credential ([pscredential]::new('somebody', $secret))
            "$($sent.Status) $($sent.Error)"
            """,
            ("SSL_CERT_FILE", trust),
            ("RSYNCS3BACKUP_STATE", Path.Combine(folder.Path, "state")));

        Assert.Equal("Succeeded", lines[0].Trim());
        Assert.Single(mail.Mails);
        string[] verbs = [.. mail.Commands.Select(command => command.Split(' ')[0])];
        Assert.True(Array.IndexOf(verbs, "STARTTLS") < Array.IndexOf(verbs, "AUTH"));
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
