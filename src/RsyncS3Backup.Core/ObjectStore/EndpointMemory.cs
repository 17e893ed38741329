using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.State;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Where a destination's requests go, without asking the SDK each time: its rules take a fresh process longer than a run with nothing to do.
/// What they said is kept in the job's state folder, and holds while everything that they read is the same.
/// </summary>
internal static class EndpointMemory
{
    private const string FileName = "endpoint";

    // Source: "ServiceSpecificEndpoints", "Profiles" and "Dualstack and FIPS endpoints" in the AWS SDKs and Tools Reference Guide.
    private static readonly string[] Variables =
    [
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE",
        "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    ];

    /// <summary>The endpoint's address, as it is remembered or else as the SDK says.</summary>
    /// <param name="access">The destination.</param>
    /// <param name="jobName">Whose state folder remembers it.</param>
    /// <param name="resolve">Asks the SDK.</param>
    public static string Find(S3Access access, string jobName, Func<string> resolve) =>
        access.Destination.EndpointUrl ?? Recall(jobName, Inputs(access)) ?? resolve();

    /// <summary>Likewise, and what the SDK says is written down.</summary>
    public static string FindAndRemember(S3Access access, string jobName, Func<string> resolve)
    {
        if (access.Destination.EndpointUrl is { } named)
            return named;
        string inputs = Inputs(access);
        if (Recall(jobName, inputs) is { } known)
            return known;
        string resolved = resolve();
        Remember(jobName, $"{inputs}\n{resolved}\n");
        return resolved;
    }

    private static string? Recall(string jobName, string inputs)
    {
        try
        {
            string path = Path.Combine(StateFolder.PathFor(jobName), FileName);
            return File.Exists(path) && File.ReadAllLines(path) is [var known, var address] && known == inputs ? address : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then the SDK is asked.
            return null;
        }
    }

    private static void Remember(string jobName, string text)
    {
        try
        {
            using FileStream file = StateFolder.CreateFile(Path.Combine(StateFolder.ForJob(jobName).Path, FileName));
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then the SDK is asked again next time.
        }
    }

    /// <summary>A hash over what the SDK's rules read.</summary>
    private static string Inputs(S3Access access)
    {
        S3Destination destination = access.Destination;
        string home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws");
        // The SDK's own store of profiles on Windows; there is none elsewhere.
        string registered = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "AWSToolkit", "RegisteredAccounts.json");
        string?[] inputs =
        [
            typeof(EndpointMemory).Assembly.GetName().Version?.ToString(), destination.Bucket, destination.Region, destination.Profile,
            destination.ForcePathStyle?.ToString(), destination.UseDualStack?.ToString(), destination.UseFips?.ToString(),
            destination.UseAccelerate?.ToString(), .. Variables.Select(Environment.GetEnvironmentVariable),
            Version(Environment.GetEnvironmentVariable("AWS_CONFIG_FILE") ?? Path.Combine(home, "config")),
            Version(Environment.GetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(home, "credentials")),
            Version(registered),
        ];
        // Each with its length, so that no two lists have one text.
        string text = string.Concat(inputs.Select(input => $"{input?.Length ?? -1}:{input},"));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static string Version(string path)
    {
        FileInfo file = new(path);
        return file.Exists
            ? string.Create(CultureInfo.InvariantCulture, $"{path} {file.Length} {file.LastWriteTimeUtc.Ticks}")
            : path;
    }
}
