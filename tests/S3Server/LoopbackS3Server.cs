using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace S3Server;

/// <summary>
/// An S3 server on 127.0.0.1 for tests, benchmarks and the demo. Kestrel runs bare, without a host, so that a request costs
/// little but the work that S3 asks for.
/// </summary>
public sealed class LoopbackS3Server : IAsyncDisposable
{
    private readonly KestrelServer kestrel;
    private readonly ServiceProvider services;
    private readonly ConcurrentQueue<LoggedRequest> log = new();
    private readonly S3ServerOptions options;

    private LoopbackS3Server(S3ServerOptions options)
    {
        this.options = options;
        Store = new S3Store(options);
        services = Services(withHttps: options.Certificate is not null).BuildServiceProvider();
        var settings = new KestrelServerOptions
        {
            ApplicationServices = services,
            AddServerHeader = false,
            // Bytes in headers must reach the signature as they were sent.
            RequestHeaderEncodingSelector = _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = _ => Encoding.Latin1,
        };
        settings.Limits.MaxRequestBodySize = null;
        settings.Limits.MinRequestBodyDataRate = null;
        settings.Limits.MinResponseDataRate = null;
        settings.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
        settings.Limits.MaxRequestLineSize = 32 * 1024;
        settings.Listen(IPAddress.Loopback, options.Port, listen =>
        {
            if (options.Certificate is { } certificate)
                listen.UseHttps(certificate);
        });
        kestrel = new KestrelServer(Options.Create(settings),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
    }

    /// <summary><c>http://127.0.0.1:port</c>, or <c>https</c> with a certificate.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1");

    public string AccessKey => options.AccessKey;

    public string SecretKey => options.SecretKey;

    public string Region => options.Region;

    /// <summary>How many requests came, by operation.</summary>
    public RequestCounter Requests { get; } = new();

    /// <summary>The faults to inject; empty at first.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>What the server holds.</summary>
    public S3Store Store { get; }

    public static async Task<LoopbackS3Server> StartAsync(S3ServerOptions? options = null)
    {
        var server = new LoopbackS3Server(options ?? new S3ServerOptions());
        try
        {
            Action<LoggedRequest>? log = server.options.KeepRequestLog ? server.log.Enqueue : null;
            var router = new RequestRouter(server.options, server.Store, server.Requests, server.Faults, log);
            await server.kestrel.StartAsync(new Application(router), CancellationToken.None);
            server.Endpoint = new Uri(server.kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    // What HTTPS needs of Kestrel is registered by its extension of the web host only.
    private static IServiceCollection Services(bool withHttps)
    {
        if (!withHttps)
            return new ServiceCollection().AddLogging();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        return builder.Services;
    }

    /// <summary>The requests so far, oldest first, when <see cref="S3ServerOptions.KeepRequestLog"/> is set.</summary>
    public IReadOnlyList<LoggedRequest> GetRequestLog() => log.ToArray();

    public async ValueTask DisposeAsync()
    {
        Faults.Clear();
        // Clients' idle connections must not delay the end of a test.
        using var atOnce = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await kestrel.StopAsync(atOnce.Token);
        kestrel.Dispose();
        Store.Dispose();
        await services.DisposeAsync();
    }

    private sealed class Application(RequestRouter router) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => router.HandleAsync(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
