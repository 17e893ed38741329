using System.Text.Json.Nodes;
using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Completers;

/// <summary>
/// Completes a parameter that sets a key of a configuration: the values that it may have, or some that show how they are written.
/// </summary>
public class ConfigurationValueCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() => [];

    private protected override IEnumerable<string> Words(string parameterName)
    {
        ConfigurationKey? key = ConfigurationKeys.Parameters
            .FirstOrDefault(parameter => parameter.Name.Equals(parameterName, StringComparison.OrdinalIgnoreCase))?.Key;
        if (key is null)
            return [];
        return key.Values.Count > 0
            ? key.Values
            : JsonNode.Parse(key.Examples ?? "[]")!.AsArray().Select(example => example!.ToString());
    }
}
