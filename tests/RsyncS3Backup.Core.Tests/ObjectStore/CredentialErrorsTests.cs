using System.Net;
using System.Net.Sockets;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>What is wrong with credentials, with the real SDK and real configuration files; nothing is asked over the network.</summary>
public sealed class CredentialErrorsTests : IDisposable
{
    private const string Profiles = """
        [profile sign-on]
        sso_session = corp
        sso_account_id = 123456789012
        sso_role_name = Backup

        [sso-session corp]
        sso_start_url = https://corp.invalid/start
        sso_region = eu-west-1

        [profile old-sign-on]
        sso_start_url = https://corp.invalid/start
        sso_region = eu-west-1
        sso_account_id = 123456789012
        sso_role_name = Backup

        [profile device]
        role_arn = arn:aws:iam::123456789012:role/backup
        source_profile = keys
        mfa_serial = arn:aws:iam::123456789012:mfa/me

        [profile keys]
        aws_access_key_id = AKIAIOSFODNN7EXAMPLE
        aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY

        [profile program]
        credential_process = /bin/sh -c "echo the vault is sealed >&2; exit 3"

        [profile token]
        role_arn = arn:aws:iam::123456789012:role/backup
        web_identity_token_file = /nowhere/token

        [profile half]
        aws_access_key_id = AKIAIOSFODNN7EXAMPLE

        [profile role]
        role_arn = arn:aws:iam::123456789012:role/backup

        [profile no-source]
        role_arn = arn:aws:iam::123456789012:role/backup
        source_profile = nobody

        [profile region-only]
        region = eu-west-1
        """;

    private static readonly (string Profile, string Id, string Cause, string Command)[] Cases =
    [
        ("sign-on", "S3CredentialsExpired", "No valid SSO Token could be found", "aws sso login --profile sign-on"),
        ("old-sign-on", "S3CredentialsExpired", "No valid SSO Token could be found", "aws sso login --profile old-sign-on"),
        ("device", "S3NoCredentials", "MfaTokenCodeCallback", "aws configure export-credentials --profile device"),
        ("program", "S3NoCredentials", "the vault is sealed", "aws configure get credential_process --profile program"),
        ("token", "S3NoCredentials", "'/nowhere/token' cannot be read", "Get-Item /nowhere/token"),
        ("half", "S3NoCredentials", "no aws_secret_access_key", "aws configure --profile half"),
        ("role", "S3NoCredentials", "neither source_profile nor", "aws configure --profile role"),
        ("no-source", "S3NoCredentials", "Source profile [nobody] was not found", "aws configure --profile nobody"),
        ("region-only", "S3NoCredentials", "no keys", "aws configure --profile region-only"),
    ];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // The SDK waits between its tries to read a token.
    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task The_cause_is_told_and_the_command_that_mends_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no /bin/sh");

        string[] errors = await AskAsync([.. Cases.Select(item => item.Profile)]);

        Assert.All(Cases.Zip(errors), pair => AssertTold(pair.First, pair.Second));
        Assert.Equal(Cases.Length, errors.Length);
    }

    [SkippableTheory]
    [InlineData("sign-on")]
    [InlineData("device")]
    [InlineData("half")]
    [Trait("Category", "Slow")]
    public async Task So_it_is_of_the_profile_that_the_environment_names(string profile)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no /bin/sh");

        string error = Assert.Single(await AskAsync(["-"], ("AWS_PROFILE", profile)));

        AssertTold(Cases.Single(item => item.Profile == profile), error);
    }

    [SkippableTheory]
    [InlineData("[default]\nregion = eu-west-1\n", null, "S3NoCredentials\tNo AWS credentials were found")]
    [InlineData("[profile other]\nregion = eu-west-1\n", "nobody", "S3ProfileNotFound\tThere is no profile 'nobody'")]
    [InlineData("[default]\naws_access_key_id = A\n", null, "S3NoCredentials\tProfile 'default' is not whole")]
    [InlineData(
        "[default]\nsso_start_url = https://corp.invalid\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = A\n",
        null, "S3CredentialsExpired\tThe single sign-on of profile 'default' has ended")]
    public async Task What_the_usual_profile_lacks_is_told_and_one_that_nobody_meant_is_none(
        string content, string? profile, string expected)
    {
        Skip.If(OperatingSystem.IsWindows(), "paths are others");
        folder.File("config", content);

        string error = Assert.Single(await AskAsync(["-"], ("AWS_PROFILE", profile)));

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_is_dead_is_named_and_not_the_endpoint()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        string proxy = $"http://{closed.LocalEndpoint}";
        closed.Stop();
        IWebProxy usual = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new ProxyFor("store.invalid", new Uri(proxy.Replace("//", "//me:secret@", StringComparison.Ordinal)), usual);
        try
        {
            RsyncS3Backup.ObjectStore.S3Access access = new()
            {
                Destination = new S3Destination { Bucket = "bucket", Region = "eu-west-1", EndpointUrl = "https://store.invalid" },
                Credentials = new S3Credentials("key", "secret"),
            };
            using S3ObjectStore store = new(access, "", 1);
            Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => store.ReadAsync("key", 10, default));
            BackupError error = S3Errors.From(exception, store.Target);

            Assert.Equal(("S3ProxyUnreachable", proxy), (error.Id, error.Target));
            Assert.Contains($"The proxy {proxy}, through which requests to https://store.invalid", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
            Assert.True(error.IsTransient);
        }
        finally
        {
            HttpClient.DefaultProxy = usual;
        }
    }

    private static void AssertTold((string Profile, string Id, string Cause, string Command) expected, string error)
    {
        string[] parts = error.Split('\t');
        Assert.Equal(expected.Id, parts[0]);
        Assert.Contains(expected.Cause, parts[1], StringComparison.Ordinal);
        Assert.Contains(expected.Command, parts[2], StringComparison.Ordinal);
    }

    private async Task<string[]> AskAsync(string[] profiles, params (string Name, string? Value)[] variables)
    {
        if (!File.Exists(folder["config"]))
            folder.File("config", Profiles);
        Dictionary<string, string?> environment = new()
        {
            ["AWS_CONFIG_FILE"] = folder["config"],
            ["AWS_SHARED_CREDENTIALS_FILE"] = folder["credentials"],
            ["AWS_EC2_METADATA_DISABLED"] = "true",
            ["AWS_PROFILE"] = null,
            ["AWS_ACCESS_KEY_ID"] = null,
            ["AWS_SECRET_ACCESS_KEY"] = null,
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = null,
        };
        foreach ((string name, string? value) in variables)
            environment[name] = value;
        using StageProcess process = StageProcess.StartForCredentials(profiles, environment);
        Assert.Equal(0, await process.WaitAsync());
        return process.Output.Split('\n');
    }

    /// <summary>A proxy for one name; other tests run meanwhile.</summary>
    private sealed class ProxyFor(string host, Uri proxy, IWebProxy others) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsMeant(destination) ? proxy : others.GetProxy(destination);

        public bool IsBypassed(Uri destination) => !IsMeant(destination) && others.IsBypassed(destination);

        private bool IsMeant(Uri destination) => destination.Host.EndsWith(host, StringComparison.Ordinal);
    }
}
