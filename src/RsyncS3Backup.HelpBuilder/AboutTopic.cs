using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>A conceptual topic, as the text file that <c>Get-Help about_…</c> shows.</summary>
internal sealed record AboutTopic(string Name, string Text)
{
    private const int Width = 80;
    private const string Margin = "    ";

    public static AboutTopic Read(string file, string markdown, List<PageProblem> problems)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        MarkdownDocument document = Markdown.Parse(markdown, PlainText.Pipeline);
        List<HeadingBlock> headings = [.. document.OfType<HeadingBlock>()];
        if (headings.Count < 2 || headings[0].Level != 1 || PlainText.Of(headings[0]) != name)
            problems.Add(new PageProblem(file, 1, $"The page must begin with '# {name}' and then have sections."));
        else if (!PlainText.Of(headings[1]).Equals("SHORT DESCRIPTION", StringComparison.OrdinalIgnoreCase))
            problems.Add(new PageProblem(file, headings[1].Line + 1, "The first section must be 'Short description'."));

        // Get-Help takes the fifth line of the file as the topic's synopsis (HelpFileHelpInfo in PowerShell's source).
        StringBuilder text = new($"TOPIC\n{Margin}{name}\n");
        bool afterHeading = false;
        foreach (Block block in document.Where(block => block != headings.FirstOrDefault()))
        {
            if (block is HeadingBlock heading)
            {
                string title = PlainText.Of(heading);
                text.Append('\n').Append(heading.Level <= 2 ? title.ToUpperInvariant() : "  " + title).Append('\n');
                afterHeading = true;
                continue;
            }

            foreach (string paragraph in PlainText.Paragraphs([block], Width - Margin.Length))
            {
                if (!afterHeading)
                    text.Append('\n');
                text.Append(PlainText.Indent(paragraph, Margin)).Append('\n');
                afterHeading = false;
                if (block is Table or CodeBlock && paragraph.Split('\n').Any(line => line.Length + Margin.Length > Width))
                    problems.Add(new PageProblem(file, block.Line + 1, $"This is wider than the {Width} columns of a help text."));
            }
        }

        return new AboutTopic(name, text.ToString());
    }
}
