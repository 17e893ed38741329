using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json.Nodes;

namespace RsyncS3Backup.Input;

/// <summary>Writes a hashtable or a custom object as the JSON of a configuration file, so that one reader judges both.</summary>
internal static class JsonFromObject
{
    // Deeper than any configuration; an object that contains itself ends here.
    private const int DeepestLevel = 16;

    /// <summary>The JSON of a hashtable or custom object.</summary>
    /// <exception cref="ArgumentException">The object is nested too deeply.</exception>
    internal static string Convert(object value) => Node(value, 0)?.ToJsonString() ?? "null";

    private static JsonNode? Node(object? value, int level)
    {
        if (level > DeepestLevel)
            throw new ArgumentException($"The object is nested more than {DeepestLevel} levels deep.", nameof(value));
        object? plain = value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : value;
        return plain switch
        {
            null => null,
            string text => JsonValue.Create(text),
            bool flag => JsonValue.Create(flag),
            SwitchParameter given => JsonValue.Create(given.IsPresent),
            Enum name => JsonValue.Create(name.ToString()),
            byte or sbyte or short or ushort or int or uint or long => JsonValue.Create(
                System.Convert.ToInt64(plain, CultureInfo.InvariantCulture)),
            float or double => JsonValue.Create(System.Convert.ToDouble(plain, CultureInfo.InvariantCulture)),
            decimal number => JsonValue.Create(number),
            IDictionary dictionary => Object(dictionary, level),
            PSObject custom => Object(custom, level),
            IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(item => Node(item, level + 1))]),
            IFormattable formattable => JsonValue.Create(formattable.ToString(null, CultureInfo.InvariantCulture)),
            _ => JsonValue.Create(plain.ToString()),
        };
    }

    private static JsonObject Object(IDictionary dictionary, int level)
    {
        JsonObject result = [];
        foreach (DictionaryEntry entry in dictionary)
            result[System.Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!] = Node(entry.Value, level + 1);
        return result;
    }

    private static JsonObject Object(PSObject custom, int level)
    {
        JsonObject result = [];
        foreach (PSPropertyInfo property in custom.Properties)
            result[property.Name] = Node(property.Value, level + 1);
        return result;
    }
}
