using System.Globalization;
using System.Security;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>What the table of keys makes for the cmdlets with a parameter for each key: the parameters, and their help.</summary>
internal static partial class ConfigurationParameterPages
{
    private const int Columns = 110;
    private const int CodeColumns = 130;

    /// <summary>The parameters that the cmdlets declare themselves, because they are mandatory in one of them.</summary>
    private static readonly HashSet<string> Declared = ["Source", "MirrorPath", "BucketName", "LocalOnly"];

    /// <summary>What a parameter is called elsewhere: in AWS' own tools, or by earlier versions.</summary>
    private static readonly Dictionary<string, string[]> Aliases = new()
    {
        ["KeyPrefix"] = ["Prefix"],
        ["ProfileName"] = ["StoredCredentials", "AWSProfileName"],
        ["Region"] = ["RegionToCall"],
        ["RequestLimit"] = ["ThrottleLimit"],
    };

    private static IEnumerable<ConfigurationParameter> Made =>
        ConfigurationKeys.Parameters.Where(parameter => !Declared.Contains(parameter.Name));

    public static string Source()
    {
        StringBuilder source = new("""
            using System.Collections;
            using System.Management.Automation;
            using RsyncS3Backup.Completers;
            using RsyncS3Backup.Pipeline;

            namespace RsyncS3Backup.Commands;

            /// <summary>
            /// A parameter for each key of a configuration. <c>ConfigurationDocumentsTests</c> makes it from the table of keys: what
            /// is to be different is changed there.
            /// </summary>
            public abstract class ConfigurationParametersCmdlet : AsyncCmdlet
            {
                private protected ConfigurationParametersCmdlet()
                {
                }

            """);
        foreach (ConfigurationParameter parameter in Made)
        {
            string alias = Aliases.TryGetValue(parameter.Name, out string[]? names)
                ? $"    [Alias({string.Join(", ", names.Select(alias => $"\"{alias}\""))})]\n"
                : "";
            string completer = Completer(parameter.Key) is { } name ? $"    [ArgumentCompleter(typeof({name}))]\n" : "";
            source.Append(CultureInfo.InvariantCulture, $$"""

                {{Summary(parameter.Key)}}
                    [Parameter]
                {{alias}}{{completer}}    public {{TypeOf(parameter.Key.Kind)}} {{parameter.Name}} { get; set; }

                """);
        }

        return source.Append("}\n").ToString();
    }

    /// <summary>The page of a cmdlet, with the parameters in its syntax and its list.</summary>
    public static string Help(string page)
    {
        Match[] sections = ParameterSection().Matches(page).ToArray();
        string Name(Match section) => section.Groups[1].Value;
        Dictionary<string, string> made = Made.ToDictionary(parameter => parameter.Name, HelpOf);
        string[] always = ["Confirm", "WhatIf"];
        IEnumerable<string> list = sections.Where(section => !made.ContainsKey(Name(section)) && !always.Contains(Name(section)))
            .Select(section => (Name: Name(section), Text: section.Value))
            .Concat(made.Select(parameter => (Name: parameter.Key, Text: parameter.Value)))
            .OrderBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase)
            .Select(parameter => parameter.Text)
            .Concat(sections.Where(section => always.Contains(Name(section))).Select(section => section.Value));
        string before = page[..sections[0].Index];
        string after = page[(sections[^1].Index + sections[^1].Length)..];
        return SyntaxBlock().Replace(before, block => Syntax(block.Value)) + string.Concat(list) + after;
    }

    private static string Syntax(string block)
    {
        List<string> words = [.. SyntaxWord().Matches(block).Select(word => word.Value)];
        words.RemoveAll(word => Made.Any(parameter => word.StartsWith($"[-{parameter.Name}", StringComparison.Ordinal)
            && !char.IsAsciiLetter(word[parameter.Name.Length + 2])));
        int at = words.FindIndex(word => word == "[-PassThru]");
        words.InsertRange(at, Made.Select(parameter => SyntaxOf(parameter)));
        StringBuilder made = new("```\n");
        int column = 0;
        foreach (string word in words)
        {
            string lead = made.Length == 4 ? "" : column + word.Length + 1 > Columns ? "\n " : " ";
            column = lead == "\n " ? word.Length + 1 : column + lead.Length + word.Length;
            made.Append(lead).Append(word);
        }

        return made.Append("\n```\n").ToString();
    }

    private static string SyntaxOf(ConfigurationParameter parameter) =>
        TypeName(parameter.Key.Kind) is not "SwitchParameter" and { } type
            ? $"[-{parameter.Name} <{type}>]"
            : $"[-{parameter.Name}]";

    private static string HelpOf(ConfigurationParameter parameter)
    {
        string type = TypeName(parameter.Key.Kind);
        string form = parameter.Key.Kind switch
        {
            ConfigurationValueKind.Objects => $" Hashtables with the keys of a file{ExampleOf(parameter.Key)}.",
            ConfigurationValueKind.TextMap or ConfigurationValueKind.NumberMap => " A hashtable.",
            ConfigurationValueKind.TextsOrObject => " The program and its arguments, or a hashtable with the keys of a file.",
            _ when parameter.Key.Rule == KeyRule.Duration => " A whole number with `d`, `h`, `m` or `s`, or `[days.]hh:mm:ss`.",
            _ => "",
        };
        return $"""
            ### -{parameter.Name}
            {ConfigurationReference.WithoutLinks(parameter.Key.Description)}{form} Sets `{string.Join('.', parameter.Path)}`.

            ```yaml
            Type: {type}
            Parameter Sets: (All)
            Aliases:{string.Concat(Aliases.GetValueOrDefault(parameter.Name, []).Select((alias, index) => (index > 0 ? ", " : " ") + alias))}

            Required: False
            Position: Named
            Default value: {(type == "SwitchParameter" ? "False" : "None")}
            Accept pipeline input: False
            Accept wildcard characters: False
            ```


            """;
    }

    // Of a list whose objects need all of their keys: with less it would be no example.
    private static string ExampleOf(ConfigurationKey key) =>
        key.Members.All(member => member is { Required: true, Examples: not null })
            ? $", such as `@{{ {string.Join("; ", key.Members.Select(member => $"{member.Name} = {FirstExample(member)}"))} }}`"
            : "";

    private static string FirstExample(ConfigurationKey key) =>
        JsonNode.Parse(key.Examples!)![0]!.ToJsonString().Replace('"', '\'');

    private static string Summary(ConfigurationKey key)
    {
        string plain = ConfigurationReference.Plain(key.Description);
        int end = plain.IndexOf(". ", StringComparison.Ordinal);
        string first = end < 0 ? plain : plain[..(end + 1)];
        string text = SecurityElement.Escape(first).Replace("&apos;", "'", StringComparison.Ordinal);
        string line = $"    /// <summary>{text}</summary>";
        return line.Length <= CodeColumns ? line : $"    /// <summary>\n{string.Join('\n', Wrapped(text))}\n    /// </summary>";
    }

    private static IEnumerable<string> Wrapped(string text)
    {
        string line = "    ///";
        foreach (string word in text.Split(' '))
        {
            if (line.Length + word.Length + 1 > CodeColumns)
            {
                yield return line;
                line = "    ///";
            }

            line += " " + word;
        }

        yield return line;
    }

    private static string? Completer(ConfigurationKey key) =>
        key.Rule == KeyRule.Region ? "RegionCompleter"
        : key.Rule == KeyRule.TimeZone ? "TimeZoneCompleter"
        : key.Rule == KeyRule.Profile ? "ProfileNameCompleter"
        : key.Values.Count > 0 || key.Kind == ConfigurationValueKind.TextOrNumber
            || key.Rule == KeyRule.Duration || key.Rule == KeyRule.CronExpression || key.Rule == KeyRule.TimeOfDay
            ? "ConfigurationValueCompleter"
        : null;

    private static string TypeOf(ConfigurationValueKind kind) => kind switch
    {
        ConfigurationValueKind.Flag => "SwitchParameter",
        ConfigurationValueKind.Number => "int",
        ConfigurationValueKind.Texts => "string[]?",
        ConfigurationValueKind.Decimal => "decimal",
        ConfigurationValueKind.TextMap or ConfigurationValueKind.NumberMap => "Hashtable?",
        ConfigurationValueKind.Objects => "object[]?",
        ConfigurationValueKind.TextsOrObject => "object?",
        _ => "string?",
    };

    private static string TypeName(ConfigurationValueKind kind) => TypeOf(kind).TrimEnd('?') switch
    {
        "int" => "Int32",
        "decimal" => "Decimal",
        "string" => "String",
        "string[]" => "String[]",
        "object" => "Object",
        "object[]" => "Object[]",
        string name => name,
    };

    [GeneratedRegex(@"^### -(\w+)\n.*?(?:^```yaml\n.*?^```\n\n)+", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ParameterSection();

    [GeneratedRegex(@"^```\n(?:New|Set)-.*?^```\n", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex SyntaxBlock();

    [GeneratedRegex(@"\[<CommonParameters>\]|\[?\[?-\w+\]?(?: <[^>]+>)?\]?|(?:New|Set)-\w+")]
    private static partial Regex SyntaxWord();
}
