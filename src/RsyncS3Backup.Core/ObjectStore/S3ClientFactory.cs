using System.Net;
using System.Net.Sockets;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Makes the SDK's client for a destination: endpoint, region, credentials, checksums, retries, connections.</summary>
internal static class S3ClientFactory
{
    private const int Retries = 4;

    /// <summary>A connection whose every HTTP request is counted.</summary>
    /// <exception cref="BackupException">An insecure endpoint, an unknown profile, or no region.</exception>
    public static S3Connection Create(S3Access request, int connections, TransferLimits? limits = null, Traffic? traffic = null)
    {
        S3Destination destination = request.Destination;
        traffic ??= new Traffic(TimeProvider.System);
        CredentialProfile? profile = destination.Profile is { } name ? FindProfile(name) : null;
        SocketsHttpHandler handler = new()
        {
            MaxConnectionsPerServer = connections,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
        };
        RequestCounter counter = new(new TransferHandler(handler, traffic, limits ?? new TransferLimits(), TimeProvider.System));
        AmazonS3Config config = new()
        {
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            // How long a body may take depends on the line; the handler below ends a request that stands still.
            Timeout = Timeout.InfiniteTimeSpan,
            // Each request says for itself which checksum it has and wants; by itself the SDK would add what a store refuses.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new CountingHttpClientFactory(counter),
            ForcePathStyle = destination.ForcePathStyle
                ?? (destination.EndpointUrl is not null && !AccessPointArn.Is(destination.Bucket)),
        };
        SetEndpoint(config, request, profile);
        AWSCredentials credentials = Credentials(request, profile);
        AmazonS3Client client = new(credentials, config);
        KeyValuePair<string, string>[] always = [.. HeadersOfEveryRequest(destination)];
        if (always.Length > 0)
        {
            // Before the request is signed, and for every kind of request: none can be forgotten.
            client.BeforeRequestEvent += (_, sending) =>
            {
                foreach ((string name, string value) in always)
                    ((WebServiceRequestEventArgs)sending).Headers[name] = value;
            };
        }

        // By the SDK's own rules, which also know endpoints from the environment and from profiles.
        Uri address = new(client.DetermineServiceOperationEndpoint(new HeadBucketRequest { BucketName = destination.Bucket }).URL);
        // What does not leave this machine must not go through another one, where a proxy that the environment names would send it.
        handler.UseProxy = !IsOnThisMachine(address);
        if (IsBelowLocalhost(address))
            handler.ConnectCallback = ConnectToThisMachineAsync;
        try
        {
            RequireSecure(address, request);
        }
        catch
        {
            client.Dispose();
            counter.Dispose();
            throw;
        }

        S3Target target = new(
            destination.Bucket,
            destination.EndpointUrl ?? address.GetLeftPart(UriPartial.Authority),
            config.AuthenticationRegion ?? config.RegionEndpoint?.SystemName ?? "",
            request.AskedStorageClass ?? "")
        {
            Work = request.Work,
        };
        return new S3Connection(client, counter, credentials, address, target) { HeadersOfEveryRequest = always };
    }

    private static IEnumerable<KeyValuePair<string, string>> HeadersOfEveryRequest(S3Destination destination)
    {
        if (destination.ExpectedBucketOwner is { } owner)
            yield return new("x-amz-expected-bucket-owner", owner);
        if (destination.RequesterPays)
            yield return new("x-amz-request-payer", "requester");
    }

    /// <summary>Refuses plain HTTP to another machine.</summary>
    /// <exception cref="BackupException">An insecure endpoint.</exception>
    public static void RequireSecure(Uri address, S3Access request)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !address.IsLoopback && !request.AllowInsecureEndpoint)
            throw S3Errors.InsecureEndpoint(address.GetLeftPart(UriPartial.Authority));
    }

    /// <summary>True for an address that leaves this machine never, and goes through no proxy.</summary>
    public static bool IsOnThisMachine(Uri address) => address.IsLoopback || IsBelowLocalhost(address);

    // The bucket's name may stand before that of the machine.
    private static bool IsBelowLocalhost(Uri address) => address.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    // Names below localhost are this machine (RFC 6761, section 6.3), but many systems do not resolve them, or ask others.
    private static async ValueTask<Stream> ConnectToThisMachineAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether the profile that counts where no job names one is there, with credentials or the way to them.</summary>
    public static bool HasProfileWithCredentials() =>
        new CredentialProfileStoreChain().TryGetProfile(UsualProfile(), out CredentialProfile profile)
            && profile.CanCreateAWSCredentials;

    private static void SetEndpoint(AmazonS3Config config, S3Access request, CredentialProfile? profile)
    {
        AccessPointArn? accessPoint = AccessPointArn.Find(request.Destination.Bucket);
        string? region = request.Destination.Region ?? accessPoint?.Region ?? profile?.Region?.SystemName ?? FallbackRegion();
        if (accessPoint is not null && region != accessPoint.Region)
            throw S3Errors.AccessPointElsewhere(request.Destination.Bucket, accessPoint.Region, region!);
        if (request.Destination.EndpointUrl is { } endpoint)
        {
            config.ServiceURL = endpoint;
            // Compatible stores sign for a region too; most take this one.
            config.AuthenticationRegion = region ?? "us-east-1";
            return;
        }

        config.RegionEndpoint = RegionEndpoint.GetBySystemName(region ?? throw S3Errors.RegionMissing(request.Destination.Bucket));
        if (request.Destination.UseDualStack is { } dualStack)
            config.UseDualstackEndpoint = dualStack;
        if (request.Destination.UseFips is { } fips)
            config.UseFIPSEndpoint = fips;
        config.UseAccelerateEndpoint = request.Destination.UseAccelerate == true;
    }

    private static string? FallbackRegion()
    {
        string? fromEnvironment = Environment.GetEnvironmentVariable("AWS_REGION") ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION");
        if (!string.IsNullOrEmpty(fromEnvironment))
            return fromEnvironment;
        return new CredentialProfileStoreChain().TryGetProfile(UsualProfile(), out CredentialProfile found)
            ? found.Region?.SystemName
            : null;
    }

    private static string UsualProfile() =>
        Environment.GetEnvironmentVariable("AWS_PROFILE") is { Length: > 0 } chosen ? chosen : "default";

    private static CredentialProfile FindProfile(string name) =>
        new CredentialProfileStoreChain().TryGetProfile(name, out CredentialProfile profile) ? profile : throw S3Errors.ProfileMissing(name);

    private static AWSCredentials Credentials(S3Access request, CredentialProfile? profile)
    {
        if (request.Credentials is { } given)
        {
            return given.SessionToken is { Length: > 0 } token
                ? new SessionAWSCredentials(given.AccessKey, given.SecretKey, token)
                : new BasicAWSCredentials(given.AccessKey, given.SecretKey);
        }

        string bucket = request.Destination.Bucket;
        profile ??= NamedProfileThatAsks();
        try
        {
            return new FoundCredentials(
                profile?.GetAWSCredentials(new CredentialProfileStoreChain()) ?? DefaultAWSCredentialsIdentityResolver.GetCredentials(),
                bucket, profile);
        }
        catch (ProfileNotFoundException)
        {
            throw S3Errors.ProfileMissing(UsualProfile());
        }
        catch (Exception exception) when (FoundCredentials.IsProblem(exception))
        {
            CredentialProfile? meant = profile ?? UsualProfileThatIsMeant();
            if (profile is null && meant is not null && CredentialErrors.SignsOn(meant))
                return new FoundCredentials(meant.GetAWSCredentials(new CredentialProfileStoreChain()), bucket, meant);
            throw meant is null ? CredentialErrors.Missing(bucket, exception) : CredentialErrors.Unavailable(bucket, meant, exception);
        }
    }

    // Of a profile that the environment names the SDK takes neither, though of one that the job names it takes both.
    private static CredentialProfile? NamedProfileThatAsks()
    {
        bool isMeant = IsSet("AWS_PROFILE") && !IsSet("AWS_ACCESS_KEY_ID") && !IsSet("AWS_WEB_IDENTITY_TOKEN_FILE");
        return isMeant && FindUsualProfile() is { } usual
            && (CredentialErrors.SignsOn(usual) || CredentialErrors.NeedsDevice(usual)) ? usual : null;
    }

    // One that has a region and nothing else means no credentials, unless somebody named it.
    private static CredentialProfile? UsualProfileThatIsMeant()
    {
        CredentialProfile? usual = FindUsualProfile();
        return usual is not null && (IsSet("AWS_PROFILE") || CredentialErrors.SignsOn(usual)
            || usual.Options is not { AccessKey: null, SecretKey: null, RoleArn: null }) ? usual : null;
    }

    private static CredentialProfile? FindUsualProfile() =>
        new CredentialProfileStoreChain().TryGetProfile(UsualProfile(), out CredentialProfile found) ? found : null;

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };

    private sealed class CountingHttpClientFactory(HttpMessageHandler handler) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(handler, disposeHandler: false)
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}

/// <summary>The SDK's client and what it was made from.</summary>
/// <param name="Client">The client.</param>
/// <param name="Counter">Sends and counts the requests.</param>
/// <param name="Credentials">Who signs.</param>
/// <param name="BucketAddress">The bucket's address, with the bucket in the host or as the first part of the path.</param>
/// <param name="Target">What error messages name.</param>
internal sealed record S3Connection(
    AmazonS3Client Client, RequestCounter Counter, AWSCredentials Credentials, Uri BucketAddress, S3Target Target) : IDisposable
{
    /// <summary>Names and values of the headers that go with every request, names in lower case.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> HeadersOfEveryRequest { get; init; } = [];

    /// <summary>True when nobody on the way can read or change a request.</summary>
    public bool IsHttps => BucketAddress.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc/>
    public void Dispose()
    {
        Client.Dispose();
        Counter.Dispose();
    }
}
