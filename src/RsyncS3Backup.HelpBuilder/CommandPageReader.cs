using System.Text.RegularExpressions;
using Markdig;
using Markdig.Extensions.Yaml;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>
/// Reads a page in the markdown layout of platyPS, schema 2.0.0. Every departure from it is a problem with its line, so that a page that
/// builds here is one that platyPS reads as well.
/// </summary>
internal sealed partial class CommandPageReader
{
    private static readonly string[] SectionNames =
        ["SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "PARAMETERS", "INPUTS", "OUTPUTS", "NOTES", "RELATED LINKS"];

    private static readonly string[] FrontMatterKeys = ["external help file", "Module Name", "online version", "schema"];

    private static readonly string[] ParameterKeys =
    [
        "Type", "Parameter Sets", "Aliases", "Required", "Position", "Default value", "Accept pipeline input",
        "Accept wildcard characters",
    ];

    private const string AcceptedValuesKey = "Accepted values";
    private const string CommonParameters = "CommonParameters";

    private readonly string file;
    private readonly List<PageProblem> problems;
    private readonly MarkdownDocument document;

    private CommandPageReader(string file, string markdown, List<PageProblem> problems)
    {
        this.file = file;
        this.problems = problems;
        document = Markdown.Parse(markdown, PlainText.Pipeline);
    }

    public static CommandPage Read(string file, string markdown, List<PageProblem> problems) =>
        new CommandPageReader(file, markdown, problems).Read();

    private CommandPage Read()
    {
        ReadFrontMatter();
        string name = ReadName();
        Dictionary<string, Section> sections = ReadSections();
        Section Of(string title) => sections.GetValueOrDefault(title) ?? new Section(title, 1, []);

        IReadOnlyList<CommandSyntax> syntax = ReadSyntax(Of("SYNTAX"), name);
        IReadOnlyList<CommandParameter> parameters = ReadParameters(Of("PARAMETERS"));
        CheckSyntaxAgainstParameters(syntax, parameters);
        return new CommandPage
        {
            Name = name,
            Synopsis = Text(Of("SYNOPSIS"), required: true),
            Syntax = syntax,
            Description = Text(Of("DESCRIPTION"), required: true),
            Examples = ReadExamples(Of("EXAMPLES")),
            Parameters = parameters,
            Inputs = ReadTypes(Of("INPUTS")),
            Outputs = ReadTypes(Of("OUTPUTS")),
            Notes = Text(Of("NOTES"), required: false),
            Links = ReadLinks(Of("RELATED LINKS")),
        };
    }

    private void ReadFrontMatter()
    {
        if (document.FirstOrDefault() is not YamlFrontMatterBlock block)
        {
            Problem(1, "The page must begin with a front matter block between '---' lines.");
            return;
        }

        Dictionary<string, (string Value, int Line)> values = ReadYaml(block, FrontMatterKeys, []);
        if (values.TryGetValue("schema", out (string Value, int Line) schema) && schema.Value != "2.0.0")
            Problem(schema.Line, $"The schema must be 2.0.0, not '{schema.Value}'.");
    }

    private string ReadName()
    {
        string expected = Path.GetFileNameWithoutExtension(file);
        HeadingBlock? heading = document.OfType<HeadingBlock>().FirstOrDefault();
        if (heading is not { Level: 1 } || PlainText.Of(heading) != expected)
            Problem(heading?.Line + 1 ?? 1, $"The first heading must be '# {expected}', as the file is named.");
        if (!CommandName().IsMatch(expected))
            Problem(1, $"'{expected}' is not a command's name (Verb-Noun).");
        return expected;
    }

    private Dictionary<string, Section> ReadSections()
    {
        Dictionary<string, Section> sections = [];
        foreach (Section section in Split(document, level: 2))
        {
            if (!SectionNames.Contains(section.Title))
                Problem(section.Line, $"Unknown section '{section.Title}'. Known: {string.Join(", ", SectionNames)}.");
            else if (!sections.TryAdd(section.Title, section))
                Problem(section.Line, $"The section '{section.Title}' is there twice.");
        }

        foreach (string missing in SectionNames.Except(sections.Keys))
            Problem(1, $"The section '## {missing}' is missing.");
        return sections;
    }

    private List<CommandSyntax> ReadSyntax(Section section, string command)
    {
        List<CommandSyntax> sets = [];
        List<Section> headed = Split(section.Blocks, level: 3);
        // A command with one parameter set has no heading for it.
        if (headed.Count == 0 && section.Blocks.OfType<FencedCodeBlock>().Any())
            headed.Add(new Section(ParameterBinding.AllSets, section.Line, section.Blocks));
        foreach (Section set in headed)
        {
            bool isDefault = set.Title.EndsWith(" (Default)", StringComparison.Ordinal);
            string name = isDefault ? set.Title[..^" (Default)".Length] : set.Title;
            string? line = set.Blocks.OfType<FencedCodeBlock>().FirstOrDefault()?.Lines.ToString();
            if (line is null || !line.StartsWith(command + " ", StringComparison.Ordinal))
                Problem(set.Line, $"The parameter set '{name}' needs a code block that begins with '{command}'.");
            IReadOnlyList<string> names = [.. ParameterName().Matches(line ?? "").Select(match => match.Groups[1].Value)];
            sets.Add(new CommandSyntax(name, isDefault, names, set.Line));
        }

        if (sets.Count == 0)
            Problem(section.Line, "SYNTAX has no parameter set ('### Name (Default)' and a code block).");
        if (sets.Count > 1 && sets.Count(set => set.IsDefault) > 1)
            Problem(section.Line, "SYNTAX has more than one default parameter set.");
        return sets;
    }

    private List<CommandExample> ReadExamples(Section section)
    {
        List<CommandExample> examples = [];
        foreach (Section example in Split(section.Blocks, level: 3))
        {
            List<string> codes = [.. example.Blocks.OfType<FencedCodeBlock>().Select(block => block.Lines.ToString().TrimEnd())];
            if (codes.Count == 0)
                Problem(example.Line, $"'{example.Title}' has no code block.");
            if (!ExampleTitle().IsMatch(example.Title))
                Problem(example.Line, $"'{example.Title}' must read 'Example {examples.Count + 1}: what it shows'.");
            IReadOnlyList<string> remarks = PlainText.Paragraphs(example.Blocks.Where(block => block is not FencedCodeBlock));
            examples.Add(new CommandExample(example.Title, string.Join("\n\n", codes), remarks));
        }

        if (examples.Count == 0)
            Problem(section.Line, "EXAMPLES has no example ('### Example 1: title').");
        return examples;
    }

    private List<CommandParameter> ReadParameters(Section section)
    {
        List<CommandParameter> parameters = [];
        bool hasCommonParameters = false;
        foreach (Section part in Split(section.Blocks, level: 3))
        {
            if (part.Title == CommonParameters)
            {
                hasCommonParameters = true;
                continue;
            }

            if (!part.Title.StartsWith('-'))
            {
                Problem(part.Line, $"'{part.Title}' must be '-Name' or {CommonParameters}.");
                continue;
            }

            List<ParameterBinding> bindings = [.. part.Blocks.OfType<FencedCodeBlock>().Where(IsYaml).Select(ReadBinding)];
            IReadOnlyList<string> text = PlainText.Paragraphs(part.Blocks.Where(block => !IsYaml(block)));
            if (bindings.Count == 0)
                Problem(part.Line, $"The parameter '{part.Title}' has no yaml block.");
            if (text.Count == 0)
                Problem(part.Line, $"The parameter '{part.Title}' has no text.");
            if (parameters.Exists(parameter => parameter.Name == part.Title[1..]))
                Problem(part.Line, $"The parameter '{part.Title}' is there twice.");
            parameters.Add(new CommandParameter(part.Title[1..], text, bindings, part.Line));
        }

        if (!hasCommonParameters)
            Problem(section.Line, $"PARAMETERS must end with '### {CommonParameters}'.");
        return parameters;

        static bool IsYaml(Block block) => block is FencedCodeBlock { Info: "yaml" };
    }

    private ParameterBinding ReadBinding(FencedCodeBlock block)
    {
        Dictionary<string, (string Value, int Line)> values = ReadYaml(block, ParameterKeys, [AcceptedValuesKey]);
        string Value(string key) => values.TryGetValue(key, out (string Value, int Line) value) ? value.Value : "";
        foreach (string key in new[] { "Required", "Accept wildcard characters" })
        {
            if (Value(key) is not ("True" or "False"))
                Problem(values.GetValueOrDefault(key).Line is > 0 and var line ? line : block.Line + 1, $"'{key}' must be True or False.");
        }

        return new ParameterBinding
        {
            Type = Value("Type"),
            Sets = List(Value("Parameter Sets")),
            Aliases = List(Value("Aliases")),
            AcceptedValues = List(Value(AcceptedValuesKey)),
            Required = Value("Required") == "True",
            Position = Value("Position"),
            DefaultValue = Value("Default value"),
            PipelineInput = Value("Accept pipeline input"),
            Wildcards = Value("Accept wildcard characters") == "True",
        };

        static IReadOnlyList<string> List(string value) =>
            value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private Dictionary<string, (string Value, int Line)> ReadYaml(LeafBlock block, string[] required, string[] optional)
    {
        Dictionary<string, (string Value, int Line)> values = [];
        // The block's own line is its fence.
        int number = block.Line + 1;
        foreach (string line in block.Lines.ToString().Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            string[] parts = line.Split(':', 2);
            string key = parts[0].Trim();
            if (parts.Length == 1)
                Problem(number, $"'{line.Trim()}' is not 'key: value'.");
            else if (!required.Contains(key) && !optional.Contains(key))
                Problem(number, $"Unknown key '{key}'. Known: {string.Join(", ", required.Concat(optional))}.");
            else if (!values.TryAdd(key, (parts[1].Trim(), number)))
                Problem(number, $"The key '{key}' is there twice.");
        }

        foreach (string missing in required.Except(values.Keys))
            Problem(block.Line + 1, $"The key '{missing}' is missing.");
        return values;
    }

    private void CheckSyntaxAgainstParameters(IReadOnlyList<CommandSyntax> syntax, IReadOnlyList<CommandParameter> parameters)
    {
        foreach (CommandSyntax set in syntax)
        {
            IEnumerable<string> described = parameters.Where(parameter => parameter.In(set.Name) is not null).Select(parameter => parameter.Name);
            foreach (string name in set.ParameterNames.Except(described))
                Problem(set.Line, $"The syntax of '{set.Name}' names -{name}, which PARAMETERS does not have in that set.");
            foreach (string name in described.Except(set.ParameterNames))
                Problem(set.Line, $"The syntax of '{set.Name}' lacks -{name}, which PARAMETERS has in that set.");
        }

        foreach (CommandParameter parameter in parameters)
        {
            IEnumerable<string> sets = parameter.Bindings.SelectMany(binding => binding.Sets).Where(set => set != ParameterBinding.AllSets);
            foreach (string unknown in sets.Except(syntax.Select(set => set.Name)))
                Problem(parameter.Line, $"-{parameter.Name} names the parameter set '{unknown}', which SYNTAX does not have.");
        }
    }

    private static List<CommandType> ReadTypes(Section section) =>
        [.. Split(section.Blocks, level: 3).Select(type => new CommandType(type.Title, PlainText.Paragraphs(type.Blocks)))];

    private static List<CommandLink> ReadLinks(Section section) =>
    [
        .. section.Blocks
            .SelectMany(block => block is LeafBlock leaf ? leaf.Inline?.Descendants<LinkInline>() ?? [] : block.Descendants<LinkInline>())
            .Select(link => new CommandLink(PlainText.Of(link), link.Url is { } url && url.Contains("://", StringComparison.Ordinal) ? url : "")),
    ];

    private IReadOnlyList<string> Text(Section section, bool required)
    {
        IReadOnlyList<string> paragraphs = PlainText.Paragraphs(section.Blocks);
        if (required && paragraphs.Count == 0)
            Problem(section.Line, $"The section '{section.Title}' has no text.");
        return paragraphs;
    }

    private static List<Section> Split(IEnumerable<Block> blocks, int level)
    {
        List<Section> sections = [];
        foreach (Block block in blocks)
        {
            if (block is HeadingBlock heading && heading.Level == level)
                sections.Add(new Section(PlainText.Of(heading).Trim(), block.Line + 1, []));
            else if (sections.Count > 0)
                sections[^1].Blocks.Add(block);
        }

        return sections;
    }

    private void Problem(int line, string message) => problems.Add(new PageProblem(file, line, message));

    [GeneratedRegex("^[A-Z][A-Za-z]+-[A-Z][A-Za-z0-9]+$")]
    private static partial Regex CommandName();

    // A parameter's name follows a space or a bracket; the hyphen inside a command's name follows a letter.
    [GeneratedRegex(@"(?<=[\s\[])-([A-Za-z][A-Za-z0-9]*)")]
    private static partial Regex ParameterName();

    [GeneratedRegex(@"^Example \d+: \S")]
    private static partial Regex ExampleTitle();

    private sealed record Section(string Title, int Line, List<Block> Blocks);
}
