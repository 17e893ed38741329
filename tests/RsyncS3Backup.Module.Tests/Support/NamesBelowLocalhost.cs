using System.Net;
using System.Net.Http;
using System.Runtime.CompilerServices;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>
/// Names below localhost are this machine (RFC 6761, section 6.3), but many systems do not resolve them. Requests to them go to
/// the address itself, as to a proxy; all others go their way. An <see cref="HttpClient"/> takes its proxy when it is made: hence
/// before all tests.
/// </summary>
internal sealed class NamesBelowLocalhost : IWebProxy
{
    public ICredentials? Credentials { get; set; }

    public Uri GetProxy(Uri destination) => new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", destination.Port).Uri;

    public bool IsBypassed(Uri host) =>
        host.Scheme != Uri.UriSchemeHttp || !host.Host.EndsWith(".localhost", StringComparison.Ordinal);

    [ModuleInitializer]
    internal static void Use() => HttpClient.DefaultProxy = new NamesBelowLocalhost();
}
