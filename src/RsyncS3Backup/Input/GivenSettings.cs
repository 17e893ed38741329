using System.Collections;
using System.Globalization;
using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>The keys of a configuration that a cmdlet's parameters set.</summary>
/// <param name="cmdlet">The cmdlet.</param>
internal sealed class GivenSettings(PSCmdlet cmdlet)
{
    private readonly FileSystemPaths paths = new(cmdlet);

    /// <summary>The values that were given.</summary>
    /// <exception cref="BackupException">One is a path that cannot be resolved.</exception>
    internal ConfigurationSettings Read()
    {
        Dictionary<string, object> given = cmdlet.MyInvocation.BoundParameters;
        return new ConfigurationSettings(
        [
            .. ConfigurationKeys.Parameters.Where(parameter => given.ContainsKey(parameter.Name))
                .Select(parameter => (parameter, Json(parameter, given[parameter.Name]))),
        ]);
    }

    /// <summary>The parameters that names mean, in any case.</summary>
    /// <exception cref="BackupException">One is the name of none.</exception>
    internal static IReadOnlyList<ConfigurationParameter> Named(IEnumerable<string> names) => [.. names.Select(Named)];

    private static ConfigurationParameter Named(string name) =>
        ConfigurationKeys.Parameters
            .FirstOrDefault(known => known.Name.Equals(name.TrimStart('-'), StringComparison.OrdinalIgnoreCase))
            ?? throw new BackupException(ParameterErrors.NoSetting(name));

    private string Json(ConfigurationParameter parameter, object value)
    {
        object? plain = value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : value;
        return JsonFromObject.Convert((parameter.Key.Kind, plain) switch
        {
            _ when parameter.Name == "LocalOnly" => !((SwitchParameter)value).IsPresent,
            _ when parameter.Name == "Source" => ((IEnumerable)value).Cast<object?>().Select(Source).ToArray(),
            (_, string path) when parameter.Key.IsPath => paths.Resolve(path),
            (_, string[] files) when parameter.Key.IsPath => Array.ConvertAll(files, paths.Resolve),
            (ConfigurationValueKind.TextOrNumber, string text)
                when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) => number,
            (ConfigurationValueKind.TextMap, IDictionary map) => Texts(map),
            (ConfigurationValueKind.NumberMap, IDictionary map) => Numbers(map),
            (ConfigurationValueKind.TextsOrObject, string program) => new[] { program },
            _ => value,
        });
    }

    private static Hashtable Texts(IDictionary map)
    {
        Hashtable texts = [];
        foreach (DictionaryEntry entry in map)
            texts[entry.Key] = LanguagePrimitives.ConvertTo<string>(entry.Value);
        return texts;
    }

    private static Hashtable Numbers(IDictionary map)
    {
        Hashtable numbers = [];
        // What is no number is told as the key's problem.
        foreach (DictionaryEntry entry in map)
            numbers[entry.Key] = LanguagePrimitives.TryConvertTo(entry.Value, CultureInfo.InvariantCulture, out decimal number) ? number : entry.Value;
        return numbers;
    }

    private object? Source(object? item) => item is PSObject { BaseObject: string path } ? Source(path)
        : item is string text ? new Hashtable { ["path"] = paths.ResolveSource(text) } : item;
}
