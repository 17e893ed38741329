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

    [Fact]
    public void A_table_wraps_its_last_column_while_that_stays_wide_enough()
    {
        string page = Page.Replace("first", string.Join(' ', Enumerable.Repeat("word", 20)), StringComparison.Ordinal);

        string[] lines = Lines(page);

        Assert.Equal("    A   " + string.Join(' ', Enumerable.Repeat("word", 14)), lines[^6]);
        Assert.Equal("        " + string.Join(' ', Enumerable.Repeat("word", 6)), lines[^5]);
    }

    [Fact]
    public void A_table_whose_columns_are_too_wide_becomes_an_entry_for_each_row()
    {
        string text = Guide("""
            # Things

            | id | category | meaning | way out |
            | --- | --- | --- | --- |
            | SomethingRatherLong | InvalidOperation | a thing that is not as it should be | use `a \| b`, or press the other button |
            | Empty | | nothing | none |

            """);

        Assert.EndsWith("""
            LONG DESCRIPTION
                SomethingRatherLong
                  Category: InvalidOperation
                  a thing that is not as it should be
                  Way out: use a | b, or press the other button

                Empty
                  nothing
                  Way out: none

            """, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_that_reads_as_a_word_keeps_marks_and_code_with_spaces_stays_on_one_line()
    {
        string text = Guide(
            "# Things\n\nA program that is called `before` all others is due at the times of `0 2 * * *` in spring.\n");

        Assert.EndsWith(
            "    A program that is called 'before' all others is due at the times of\n    0 2 * * * in spring.\n",
            text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_another_guide_names_its_topic()
    {
        string text = Guide(
            "# Things\n\n[errors.md](errors.md#stage-1), [all](configuration.md), [here](#below), [AWS](https://aws.amazon.com)\n");

        Assert.EndsWith(
            "    about_RsyncS3Backup_Errors, all (about_RsyncS3Backup_Configuration), here,\n    AWS (https://aws.amazon.com)\n",
            text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_heading_is_in_capitals_but_for_the_names_of_keys() =>
        Assert.Contains(
            "\noptions.rsync: STAGE 1\n", Guide("# Things\n\n## `options.rsync`: stage 1\n\nText.\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("powershell", true)]
    [InlineData("json", true)]
    [InlineData("", false)]
    public void Only_code_that_a_user_pastes_has_to_fit_as_it_is(string language, bool isProblem)
    {
        string code = "30 4 * * 0  pwsh -NoProfile -NonInteractive -Command \"Test-Backup photos -Level Checksums\"";

        string text = Guide($"# Things\n\n```{language}\n{code}\n```\n", out List<PageProblem> problems);

        Assert.Equal(isProblem, problems.Count > 0);
        Assert.Equal(isProblem, text.Contains(code, StringComparison.Ordinal));
    }

    [Fact]
    public void The_pages_of_a_guide_follow_one_another()
    {
        Assert.Equal(
            "TOPIC\n    about_Things\n\nSHORT DESCRIPTION\n    What things are.\n"
            + "\nLONG DESCRIPTION\n    First.\n\nMORE\n    Second.\n",
            Guide(out _, "# Things\n\nFirst.\n", "# More\n\nSecond.\n"));
    }

    [Fact]
    public void A_guide_whose_page_is_missing_or_has_no_title_is_a_problem()
    {
        Guide("Text.\n", out List<PageProblem> untitled);
        Guide(out List<PageProblem> missing);

        Assert.Contains("title", Assert.Single(untitled).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Single(missing).Message, StringComparison.Ordinal);
    }

    private static string Guide(string page)
    {
        string text = Guide(page, out List<PageProblem> problems);
        Assert.Empty(problems);
        return text;
    }

    private static string Guide(string page, out List<PageProblem> problems) => Guide(out problems, page);

    private static string Guide(out List<PageProblem> problems, params string[] pages)
    {
        string folder = Directory.CreateTempSubdirectory("guide").FullName;
        try
        {
            string[] names = [.. Enumerable.Range(1, Math.Max(1, pages.Length)).Select(number => $"{number}.md")];
            foreach ((string name, string page) in names.Zip(pages))
                File.WriteAllText(Path.Combine(folder, name), page);
            problems = [];
            return AboutTopic.Read(new Guide("about_Things", "What things are.", names), folder, problems).Text;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Lines(string page)
    {
        List<PageProblem> problems = [];
        string text = AboutTopic.Read("about_Things.md", page, problems).Text;
        Assert.Empty(problems);
        return text.Split('\n');
    }
}
