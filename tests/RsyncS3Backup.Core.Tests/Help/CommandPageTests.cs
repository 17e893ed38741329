using System.Xml.Linq;
using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class CommandPageTests
{
    private const string GoodPage = """
        ---
        external help file: RsyncS3Backup.dll-Help.xml
        Module Name: RsyncS3Backup
        online version:
        schema: 2.0.0
        ---

        # Get-Thing

        ## SYNOPSIS
        Gets *things*.

        ## SYNTAX

        ### ByPath (Default)
        ```
        Get-Thing [-Path] <String[]> [-Kind <String>] [-Force] [<CommonParameters>]
        ```

        ### ByName
        ```
        Get-Thing -Name <String> [-Force] [<CommonParameters>]
        ```

        ## DESCRIPTION
        Reads `a` and
        [the list](https://example.org/list). See [here](other.md).

        - one
        - two

        ## EXAMPLES

        ### Example 1: Get one
        ```powershell
        Get-Thing ./a
        ```

        ```output
        a
        ```

        It is a.

        ## PARAMETERS

        ### -Path
        Where it is.

        ```yaml
        Type: String[]
        Parameter Sets: ByPath
        Aliases: FullName, PSPath

        Required: True
        Position: 0
        Default value: None
        Accept pipeline input: True (ByValue)
        Accept wildcard characters: True
        ```

        ### -Kind
        What it is.

        ```yaml
        Type: String
        Parameter Sets: ByPath
        Aliases:
        Accepted values: Small, Large

        Required: False
        Position: Named
        Default value: Small
        Accept pipeline input: False
        Accept wildcard characters: False
        ```

        ### -Name
        Its name.

        ```yaml
        Type: String
        Parameter Sets: ByName
        Aliases:

        Required: True
        Position: Named
        Default value: None
        Accept pipeline input: False
        Accept wildcard characters: False
        ```

        ### -Force
        Even so.

        ```yaml
        Type: SwitchParameter
        Parameter Sets: (All)
        Aliases:

        Required: False
        Position: Named
        Default value: False
        Accept pipeline input: False
        Accept wildcard characters: False
        ```

        ### CommonParameters
        See about_CommonParameters.

        ## INPUTS

        ### System.String[]
        Paths.

        ## OUTPUTS

        ### Thing
        One each.

        ## NOTES

        ## RELATED LINKS

        [Set-Thing](Set-Thing.md)
        """;

    [Fact]
    public void A_page_in_the_layout_of_platyPS_has_no_problems() => Assert.Empty(Problems(GoodPage));

    [Fact]
    public void Each_parameter_set_becomes_one_syntax_with_its_own_parameters()
    {
        string[][] syntaxes = [.. Maml().Elements("syntax").Elements("syntaxItem")
            .Select(item => item.Elements("parameter").Elements("name").Select(name => name.Value).ToArray())];

        Assert.Equal([["Path", "Kind", "Force"], ["Name", "Force"]], syntaxes);
    }

    [Fact]
    public void The_only_parameter_set_needs_no_heading()
    {
        string page = GoodPage[..GoodPage.IndexOf("### ByName", StringComparison.Ordinal)].Replace("### ByPath (Default)\n", "", StringComparison.Ordinal)
            + GoodPage[GoodPage.IndexOf("## DESCRIPTION", StringComparison.Ordinal)..];
        page = page.Replace("ByPath", "(All)", StringComparison.Ordinal)
            .Replace("ByName", "(All)", StringComparison.Ordinal)
            .Replace("[-Force]", "[-Name <String>] [-Force]", StringComparison.Ordinal);

        Assert.Empty(Problems(page));
    }

    [Fact]
    public void A_parameter_keeps_what_its_yaml_block_says()
    {
        XElement path = Parameter("Path");

        Assert.Equal(
            "required=true variableLength=true globbing=true pipelineInput=True (ByValue) position=0 aliases=FullName, PSPath",
            string.Join(' ', path.Attributes().Select(attribute => $"{attribute.Name}={attribute.Value}")));
    }

    [Fact]
    public void A_switch_shows_no_value_in_the_syntax()
    {
        XElement force = Maml().Descendants("syntaxItem").First().Elements("parameter").Last();

        Assert.Empty(force.Elements("parameterValue"));
    }

    [Fact]
    public void Accepted_values_are_shown_in_the_syntax()
    {
        XElement kind = Maml().Descendants("syntaxItem").First().Elements("parameter").ElementAt(1);

        Assert.Equal(["Small", "Large"], kind.Elements("parameterValueGroup").Elements().Select(value => value.Value));
    }

    [Fact]
    public void An_example_shows_its_code_and_its_output_before_its_text()
    {
        XElement example = Maml().Descendants("example").Single();

        Assert.Equal("Get-Thing ./a\n\na", example.Element("code")!.Value);
        Assert.Equal("It is a.", example.Element("remarks")!.Elements().First().Value);
    }

    [Fact]
    public void Markup_becomes_plain_text_and_only_absolute_links_keep_their_address()
    {
        IEnumerable<string> paragraphs = Maml().Elements("description").Elements("para").Select(paragraph => paragraph.Value);

        Assert.Equal(["Reads a and the list (https://example.org/list). See here.", "- one\n- two"], paragraphs);
    }

    [Fact]
    public void Inputs_outputs_and_links_are_there()
    {
        XElement command = Maml();

        Assert.Equal("System.String[]", command.Element("inputTypes")!.Descendants("name").Single().Value);
        Assert.Equal("Thing", command.Element("returnValues")!.Descendants("name").Single().Value);
        Assert.Equal("Set-Thing", command.Element("relatedLinks")!.Descendants("linkText").Single().Value);
    }

    [Theory]
    [InlineData("## NOTES", "## NOTE", 1, "'## NOTES' is missing")]
    [InlineData("## NOTES", "## NOTE", 121, "Unknown section 'NOTE'")]
    [InlineData("Position: 0", "Place: 0", 56, "Unknown key 'Place'")]
    [InlineData("Position: 0", "", 50, "The key 'Position' is missing")]
    [InlineData("Required: True\nPosition: 0", "Required: Yes\nPosition: 0", 55, "'Required' must be True or False")]
    [InlineData("```yaml\nType: SwitchParameter", "```text\nType: SwitchParameter", 93, "'-Force' has no yaml block")]
    [InlineData("Its name.", "", 78, "'-Name' has no text")]
    [InlineData("[-Kind <String>] ", "", 15, "lacks -Kind")]
    [InlineData("Get-Thing -Name", "Get-Thing -Other <String> -Name", 20, "names -Other")]
    [InlineData("Parameter Sets: ByName", "Parameter Sets: ByNone", 78, "'ByNone', which SYNTAX does not have")]
    [InlineData("### Example 1: Get one", "### Get one", 34, "must read 'Example 1: what it shows'")]
    [InlineData("# Get-Thing\n", "# Get-Other\n", 8, "must be '# Get-Thing'")]
    [InlineData("schema: 2.0.0", "schema: 1.0", 5, "must be 2.0.0")]
    [InlineData("Module Name: RsyncS3Backup\n", "", 1, "The key 'Module Name' is missing")]
    [InlineData("### CommonParameters", "### -Common", 108, "has no yaml block")]
    [InlineData("Gets *things*.", "", 10, "'SYNOPSIS' has no text")]
    public void A_mistake_is_reported_with_its_line(string good, string bad, int line, string message)
    {
        Assert.Contains(good, GoodPage, StringComparison.Ordinal);

        IReadOnlyList<PageProblem> problems = Problems(GoodPage.Replace(good, bad, StringComparison.Ordinal));

        Assert.Contains(problems, problem => problem.Message.Contains(message, StringComparison.Ordinal) && problem.Line == line);
    }

    [Fact]
    public void A_problem_reads_like_an_error_of_a_compiler()
    {
        PageProblem problem = new("docs/Get-Thing.md", 7, "It is wrong.");

        Assert.Equal("docs/Get-Thing.md(7): error HELP: It is wrong.", problem.ToString());
    }

    private static List<PageProblem> Problems(string markdown)
    {
        List<PageProblem> problems = [];
        CommandPageReader.Read("Get-Thing.md", markdown, problems);
        return problems;
    }

    /// <summary>The command's element, with names without their namespaces.</summary>
    private static XElement Maml()
    {
        CommandPage page = CommandPageReader.Read("Get-Thing.md", GoodPage, []);
        return WithoutNamespaces(MamlWriter.Write([page]).Root!.Elements().Single());
    }

    private static XElement Parameter(string name) =>
        Maml().Elements("parameters").Elements().Single(parameter => parameter.Element("name")!.Value == name);

    private static XElement WithoutNamespaces(XElement element) =>
        new(element.Name.LocalName,
            element.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration),
            element.Nodes().Select(node => node is XElement child ? WithoutNamespaces(child) : node));
}
