using System.Text.Json;
using RsyncS3Backup.Configuration.Keys;

namespace RsyncS3Backup.Configuration;

/// <summary>A key that a parameter of a cmdlet sets.</summary>
/// <param name="Name">The parameter's name, without its hyphen.</param>
/// <param name="Path">The names from the root to the key.</param>
/// <param name="Key">The key.</param>
internal sealed record ConfigurationParameter(string Name, IReadOnlyList<string> Path, ConfigurationKey Key)
{
    /// <summary>The JSON path of the key.</summary>
    public string JsonPath { get; } = "$." + string.Join('.', Path);
}

/// <summary>The table of all keys. Its parts, one for each object of a file, are in the folder Keys.</summary>
internal static class ConfigurationKeys
{
    /// <summary>The version that began with most of the keys.</summary>
    public const string FirstVersion = "0.1.0";

    /// <summary>The keys of a job.</summary>
    public static readonly JobKeys Job = new();

    /// <summary>Every key with the JSON path of the object that it belongs in.</summary>
    public static readonly IReadOnlyList<(string Parent, ConfigurationKey Key)> All = [.. WithParents("$", Job.Keys)];

    /// <summary>The keys that parameters set.</summary>
    public static readonly IReadOnlyList<ConfigurationParameter> Parameters = [.. ParametersOf([], Job.Keys)];

    /// <summary>The JSON name of an enumeration's value.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => value switch
        {
            // As S3's documentation writes them.
            S3EncryptionMode.SseS3 => "SSE-S3",
            S3EncryptionMode.SseKms => "SSE-KMS",
            S3EncryptionMode.DsseKms => "DSSE-KMS",
            PriceTable.AwsUsEast1 => "aws-us-east-1",
            _ => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()),
        };

    /// <summary>The value of an enumeration that has a JSON name.</summary>
    public static T ValueOf<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);

    private static IEnumerable<(string Parent, ConfigurationKey Key)> WithParents(
        string parent, IReadOnlyList<ConfigurationKey> keys)
    {
        foreach (ConfigurationKey key in keys)
        {
            yield return (parent, key);
            string path = key.Kind == ConfigurationValueKind.Objects ? $"{parent}.{key.Name}[]" : $"{parent}.{key.Name}";
            foreach ((string Parent, ConfigurationKey Key) member in WithParents(path, key.Members))
                yield return member;
        }
    }

    private static IEnumerable<ConfigurationParameter> ParametersOf(
        IReadOnlyList<string> parent, IReadOnlyList<ConfigurationKey> keys)
    {
        foreach (ConfigurationKey key in keys.Where(key => key.Parameter != ""))
        {
            string[] path = [.. parent, key.Name];
            string name = key.Parameter ?? char.ToUpperInvariant(key.Name[0]) + key.Name[1..];
            if (key.Kind != ConfigurationValueKind.Object)
                yield return new ConfigurationParameter(name, path, key);
            else
                foreach (ConfigurationParameter parameter in ParametersOf(path, key.Members))
                    yield return parameter;
        }
    }
}
