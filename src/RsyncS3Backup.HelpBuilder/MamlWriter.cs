using System.Xml.Linq;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>Writes the XML that <c>Get-Help</c> reads. Source of the form: the MAML schema in PowerShell's own help files.</summary>
internal static class MamlWriter
{
    private static readonly XNamespace Help = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static XDocument Write(IEnumerable<CommandPage> pages) =>
        new(new XDeclaration("1.0", "utf-8", null),
            new XElement(Help + "helpItems", new XAttribute("schema", "maml"), pages.Select(Page)));

    private static XElement Page(CommandPage page)
    {
        string[] verbAndNoun = page.Name.Split('-', 2);
        return new XElement(Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Maml),
            new XAttribute(XNamespace.Xmlns + "command", Command),
            new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(Command + "details",
                new XElement(Command + "name", page.Name),
                new XElement(Command + "verb", verbAndNoun[0]),
                new XElement(Command + "noun", verbAndNoun[^1]),
                Description(page.Synopsis)),
            Description(page.Description),
            new XElement(Command + "syntax", page.Syntax.Select(syntax => SyntaxItem(page, syntax))),
            new XElement(Command + "parameters", page.Parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal)
                .Select(parameter => Parameter(parameter, parameter.Bindings[0], inSyntax: false))),
            new XElement(Command + "inputTypes", page.Inputs.Select(type => Type("inputType", type))),
            new XElement(Command + "returnValues", page.Outputs.Select(type => Type("returnValue", type))),
            new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(page.Notes))),
            new XElement(Command + "examples", page.Examples.Select(Example)),
            new XElement(Command + "relatedLinks", page.Links.Select(link => new XElement(Maml + "navigationLink",
                new XElement(Maml + "linkText", link.Text), new XElement(Maml + "uri", link.Uri)))));
    }

    private static XElement SyntaxItem(CommandPage page, CommandSyntax syntax) =>
        new(Command + "syntaxItem",
            new XElement(Maml + "name", page.Name),
            syntax.ParameterNames.Select(name =>
            {
                CommandParameter parameter = page.Parameters.First(candidate => candidate.Name == name);
                return Parameter(parameter, parameter.In(syntax.Name)!, inSyntax: true);
            }));

    private static XElement Parameter(CommandParameter parameter, ParameterBinding binding, bool inSyntax)
    {
        bool isArray = binding.Type.EndsWith("[]", StringComparison.Ordinal);
        XElement element = new(Command + "parameter",
            new XAttribute("required", Lower(binding.Required)),
            new XAttribute("variableLength", Lower(isArray)),
            new XAttribute("globbing", Lower(binding.Wildcards)),
            new XAttribute("pipelineInput", binding.PipelineInput),
            new XAttribute("position", binding.Position.ToLowerInvariant()),
            new XAttribute("aliases", binding.Aliases.Count > 0 ? string.Join(", ", binding.Aliases) : "none"),
            new XElement(Maml + "name", parameter.Name),
            Description(parameter.Description));
        if (inSyntax && binding.AcceptedValues.Count > 0)
        {
            element.Add(new XElement(Command + "parameterValueGroup", binding.AcceptedValues.Select(value => ParameterValue(value, false))));
        }

        // A switch takes no value, so its syntax shows none; the parameter's own entry still names the type.
        if (!inSyntax || !binding.IsSwitch)
            element.Add(ParameterValue(binding.Type, !binding.IsSwitch));
        element.Add(new XElement(Dev + "type", new XElement(Maml + "name", binding.Type), new XElement(Maml + "uri")));
        element.Add(new XElement(Dev + "defaultValue", binding.DefaultValue));
        return element;
    }

    private static XElement ParameterValue(string value, bool required) =>
        new(Command + "parameterValue", new XAttribute("required", Lower(required)), new XAttribute("variableLength", "false"), value);

    private static XElement Type(string element, CommandType type) =>
        new(Command + element,
            new XElement(Dev + "type", new XElement(Maml + "name", type.Name)),
            Description(type.Description));

    private static XElement Example(CommandExample example)
    {
        string rule = new('-', Math.Max(3, (72 - example.Title.Length) / 2));
        return new XElement(Command + "example",
            new XElement(Maml + "title", $"{rule} {example.Title} {rule}"),
            new XElement(Dev + "code", example.Code),
            // The last, empty paragraph keeps a line free between two examples.
            new XElement(Dev + "remarks", Paragraphs(example.Remarks), new XElement(Maml + "para")));
    }

    private static XElement Description(IReadOnlyList<string> paragraphs) => new(Maml + "description", Paragraphs(paragraphs));

    private static IEnumerable<XElement> Paragraphs(IReadOnlyList<string> paragraphs) =>
        paragraphs.Select(paragraph => new XElement(Maml + "para", paragraph));

    private static string Lower(bool value) => value ? "true" : "false";
}
