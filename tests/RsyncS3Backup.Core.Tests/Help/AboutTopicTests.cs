using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class AboutTopicTests
{
    private const string Page = """
        # about_Things

        ## Short description
        What things are.

        ## Long description
        A thing is a thing that is described in a paragraph that is so long that it does not fit into one line of a console.

        | id | meaning |
        | --- | --- |
        | A | first |

        ### Detail
        - `one`
        """;

    [Fact]
    public void The_fifth_line_is_the_synopsis_that_Get_Help_lists() =>
        Assert.Equal("    What things are.", Lines(Page)[4]);

    [Fact]
    public void No_line_is_wider_than_80_columns() => Assert.All(Lines(Page), line => Assert.InRange(line.Length, 0, 80));

    [Fact]
    public void Sections_lists_and_tables_read_as_plain_text()
    {
        string[] expected = ["", "    id  meaning", "    --  -------", "    A   first", "", "  Detail", "    - one", ""];

        Assert.Equal(expected, Lines(Page)[^8..]);
    }

    [Fact]
    public void A_table_that_is_too_wide_is_a_problem_with_its_line()
    {
        List<PageProblem> problems = [];

        AboutTopic.Read("about_Things.md", Page.Replace("first", new string('x', 80), StringComparison.Ordinal), problems);

        Assert.Equal(9, Assert.Single(problems).Line);
    }

    [Fact]
    public void A_page_without_a_short_description_is_a_problem()
    {
        List<PageProblem> problems = [];

        AboutTopic.Read("about_Things.md", Page.Replace("Short description", "Summary", StringComparison.Ordinal), problems);

        Assert.Equal(3, Assert.Single(problems).Line);
    }

    private static string[] Lines(string page)
    {
        List<PageProblem> problems = [];
        string text = AboutTopic.Read("about_Things.md", page, problems).Text;
        Assert.Empty(problems);
        return text.Split('\n');
    }
}
