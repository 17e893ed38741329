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

    /// <summary>A page that was written as an about topic.</summary>
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
        StringBuilder text = Begin(name);
        Append(text, document.Where(block => block != headings.FirstOrDefault()), file, problems);
        return new AboutTopic(name, text.ToString());
    }

    /// <summary>A guide: its first page's title gives way to the topic's name, those of the others head their part.</summary>
    public static AboutTopic Read(Guide guide, string folder, List<PageProblem> problems)
    {
        StringBuilder text = Begin(guide.Topic);
        text.Append("\nSHORT DESCRIPTION\n").Append(Margin).Append(guide.Synopsis).Append('\n');
        foreach (string name in guide.Files)
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file))
            {
                problems.Add(new PageProblem(file, 1, $"The page is missing; {guide.Topic} is made of it."));
                continue;
            }

            MarkdownDocument document = Markdown.Parse(File.ReadAllText(file), PlainText.Pipeline);
            if (document.FirstOrDefault() is not HeadingBlock { Level: 1 } title)
            {
                problems.Add(new PageProblem(file, 1, "The page must begin with '# ' and its title."));
                continue;
            }

            bool isFirst = name == guide.Files[0];
            if (isFirst)
                text.Append("\nLONG DESCRIPTION\n");
            Append(text, document.Where(block => !isFirst || block != title), file, problems, afterHeading: isFirst);
        }

        return new AboutTopic(guide.Topic, text.ToString());
    }

    private static StringBuilder Begin(string name) => new($"TOPIC\n{Margin}{name}\n");

    private static void Append(
        StringBuilder text, IEnumerable<Block> blocks, string file, List<PageProblem> problems, bool afterHeading = false)
    {
        foreach (Block block in blocks)
        {
            if (block is HeadingBlock heading)
            {
                string title = heading.Level <= 2 ? PlainText.Capitals(heading) : "  " + PlainText.Of(heading);
                text.Append('\n').Append(title).Append('\n');
                afterHeading = true;
                continue;
            }

            foreach (string paragraph in PlainText.Paragraphs([block], Width - Margin.Length))
            {
                if (!afterHeading)
                    text.Append('\n');
                text.Append(PlainText.Indent(paragraph, Margin)).Append('\n');
                afterHeading = false;
                if (block is Table or CodeBlock && paragraph.Split('\n').Any(IsTooWide))
                    problems.Add(new PageProblem(file, block.Line + 1, $"This is wider than the {Width} columns of a help text."));
            }
        }
    }

    // The address of a page cannot be broken.
    private static bool IsTooWide(string line) =>
        line.Length + Margin.Length > Width && (line.Trim().Contains(' ', StringComparison.Ordinal) || !line.Contains("://", StringComparison.Ordinal));
}
