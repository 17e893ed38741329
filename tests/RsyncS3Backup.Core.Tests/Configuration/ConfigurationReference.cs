using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>What the table of keys makes of docs/configuration.md: its tables. The prose around them stays.</summary>
internal static partial class ConfigurationReference
{
    private const string Head = "| key | type | default | meaning |";

    /// <summary>The objects of the tables, in the order of the page.</summary>
    private static readonly string[][] Tables =
    [
        ["$"], ["$.sources[]"], ["$.sources[].ssh"], ["$.options", "$.options.rsync"], ["$.options.rsync.syncToS3"],
        ["$.options.rsync.syncToS3.lifecycle"], ["$.options.rsync.syncToS3.lifecycle.transitions[]"],
        ["$.options.rsync.syncToS3.lifecycle.noncurrentVersions"],
        ["$.options.rsync.syncToS3.protection"], ["$.options.rsync.syncToS3.protection.objectLock"],
        ["$.destination"], ["$.destination.encryption"], ["$.schedule"], ["$.tests[]"], ["$.hooks"], ["$.hooks.before"], ["$.notifications[]"],
        ["$.retry"], ["$.log"], ["$.metrics"], ["$.prices"],
    ];

    public static string Make(string page)
    {
        StringBuilder made = new();
        int table = 0;
        bool isInTable = false;
        foreach (string line in page.Split('\n'))
        {
            if (line == Head)
            {
                isInTable = true;
                made.Append(TableOf(Tables[table++]));
            }

            isInTable &= line.StartsWith('|');
            if (!isInTable)
                made.Append(line).Append('\n');
        }

        return table == Tables.Length
            ? made.ToString(0, made.Length - 1)
            : throw new InvalidDataException($"The page has {table} tables of keys, and there are {Tables.Length}.");
    }

    /// <summary>Markdown as text: without links, and quotes in place of backticks.</summary>
    public static string Plain(string markdown) =>
        Quote().Replace(WithoutLinks(markdown), "'");

    /// <summary>Markdown without links, for a page that has no such headings.</summary>
    public static string WithoutLinks(string markdown) => Link().Replace(SeeLink().Replace(markdown, ""), "$1");

    private static string TableOf(string[] parents)
    {
        StringBuilder made = new();
        made.Append(Head).Append("\n| --- | --- | --- | --- |\n");
        foreach ((string _, ConfigurationKey key) in ConfigurationKeys.All.Where(known => parents.Contains(known.Parent)))
        {
            string since = key.Since == ConfigurationKeys.FirstVersion ? "" : $" Since version {key.Since}.";
            string meaning = key.Description + since;
            made.Append(CultureInfo.InvariantCulture, $"| `{key.Name}` | {TypeOf(key)} | {DefaultOf(key)} | {meaning} |\n");
        }

        return made.ToString();
    }

    private static string DefaultOf(ConfigurationKey key) => key switch
    {
        { Required: true } => "required",
        { Default: { } words } => words,
        { DefaultValue: JsonValue value } => $"`{value}`",
        _ => $"`{key.DefaultValue!.ToJsonString()}`",
    };

    private static string TypeOf(ConfigurationKey key) => key.Kind switch
    {
        ConfigurationValueKind.Text when key.Rule == KeyRule.Duration => "duration",
        ConfigurationValueKind.Text => "text",
        ConfigurationValueKind.Flag => "true or false",
        ConfigurationValueKind.Number => "number",
        ConfigurationValueKind.TextOrNumber => "number or text",
        ConfigurationValueKind.Texts => "list of texts",
        ConfigurationValueKind.TextMap => "object of texts",
        ConfigurationValueKind.Decimal => "number",
        ConfigurationValueKind.NumberMap => "object of numbers",
        ConfigurationValueKind.Objects => "list of objects",
        ConfigurationValueKind.TextsOrObject => "list of texts, or object",
        _ => "object",
    };

    [GeneratedRegex(@"(; see|:) \[[^\]]*\]\(#[^)]*\)| See \[[^\]]*\]\(#[^)]*\)\.")]
    private static partial Regex SeeLink();

    [GeneratedRegex("`\"?|\"`")]
    private static partial Regex Quote();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex Link();
}
