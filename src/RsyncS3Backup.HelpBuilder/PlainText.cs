using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Extensions.Yaml;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>Turns parsed markdown into the text that a console shows.</summary>
internal static class PlainText
{
    private const string CodeMargin = "    ";

    // A space that wrapping leaves alone; Paragraphs gives the plain one back.
    private const char NoBreak = '\u00a0';

    // Code up to this length stays on one line.
    private const int LongestWhole = 40;

    public static MarkdownPipeline Pipeline { get; } = new MarkdownPipelineBuilder().UseYamlFrontMatter().UsePipeTables().Build();

    /// <summary>One string a block. The lines of a list, a table and a code block stay lines.</summary>
    /// <param name="blocks">The blocks of one section.</param>
    /// <param name="width">Where lines are wrapped; null leaves that to the console.</param>
    public static IReadOnlyList<string> Paragraphs(IEnumerable<Block> blocks, int? width = null) =>
        [.. blocks.Select(block => Render(block, width).Replace(NoBreak, ' ')).Where(text => text.Length > 0)];

    public static string Of(LeafBlock block) => block.Inline is null ? block.Lines.ToString() : Of(block.Inline);

    /// <param name="inlines">What a block holds.</param>
    /// <param name="marksCode">Whether code stays recognisable and whole, in a text whose lines are wrapped here.</param>
    public static string Of(ContainerInline inlines, bool marksCode = false)
    {
        StringBuilder text = new();
        foreach (Inline inline in inlines)
        {
            switch (inline)
            {
                case LiteralInline literal:
                    text.Append(literal.Content.AsSpan());
                    break;
                case CodeInline code:
                    text.Append(marksCode ? Marked(code) : code.Content);
                    break;
                case LineBreakInline lineBreak:
                    text.Append(lineBreak.IsHard ? '\n' : ' ');
                    break;
                case AutolinkInline autolink:
                    text.Append(autolink.Url);
                    break;
                case LinkInline link:
                    text.Append(OfLink(link, marksCode));
                    break;
                case HtmlEntityInline entity:
                    text.Append(entity.Transcoded.AsSpan());
                    break;
                case ContainerInline container:
                    text.Append(Of(container, marksCode));
                    break;
            }
        }

        return text.ToString();
    }

    /// <summary>A heading in capitals, but for what is code: names of keys mean nothing in another case.</summary>
    public static string Capitals(HeadingBlock heading) => string.Concat(heading.Inline!.Select(inline => inline switch
    {
        LiteralInline literal => literal.Content.ToString().ToUpperInvariant(),
        CodeInline code => code.Content,
        ContainerInline container => Of(container).ToUpperInvariant(),
        _ => "",
    }));

    /// <summary>Wraps at spaces; a word longer than the width keeps a line of its own.</summary>
    public static string Wrap(string text, int? width)
    {
        if (width is null)
            return text;
        StringBuilder wrapped = new();
        foreach (string line in text.Split('\n'))
        {
            int column = 0;
            if (wrapped.Length > 0)
                wrapped.Append('\n');
            foreach (string word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (column > 0 && column + 1 + word.Length > width)
                {
                    wrapped.Append('\n');
                    column = 0;
                }
                else if (column > 0)
                {
                    wrapped.Append(' ');
                    column++;
                }

                wrapped.Append(word);
                column += word.Length;
            }
        }

        return wrapped.ToString();
    }

    public static string Indent(string text, string indent) =>
        string.Join('\n', text.Split('\n').Select(line => line.Length > 0 ? indent + line : line));

    // Without its marks, a key such as `before` reads as a word of the sentence. What stands alone, as in a table, needs none.
    private static string Marked(CodeInline code)
    {
        bool isWord = code.Content.All(char.IsAsciiLetterLower) && (code.PreviousSibling ?? code.NextSibling) is not null;
        string text = isWord ? $"'{code.Content}'" : code.Content;
        return text.Length <= LongestWhole ? text.Replace(' ', NoBreak) : text;
    }

    private static string OfLink(LinkInline link, bool marksCode)
    {
        string text = Of(link, marksCode);
        if (link.Url is not { } url)
            return text;
        if (url.Contains("://", StringComparison.Ordinal))
            return $"{text} ({url})";
        // A relative address leads nowhere from a console; what a guide says is in its topic.
        string? topic = Guide.TopicOf(url);
        return topic is null || text == topic ? text
            : text.EndsWith(".md", StringComparison.Ordinal) ? topic
            : $"{text} ({topic})";
    }

    private static string Render(Block block, int? width) => block switch
    {
        ListBlock list => RenderList(list, width),
        Table table => TextTable.Render(table, width),
        CodeBlock code => Indent(RenderCode(code, width - CodeMargin.Length), CodeMargin),
        QuoteBlock quote => string.Join("\n\n", Paragraphs(quote, width)),
        ParagraphBlock paragraph => Wrap(Of(paragraph.Inline!, marksCode: width is not null), width),
        HeadingBlock heading => Wrap(Of(heading), width),
        YamlFrontMatterBlock or HtmlBlock or LinkReferenceDefinitionGroup => "",
        _ => throw new NotSupportedException($"{block.GetType().Name} in line {block.Line + 1}"),
    };

    // A line of code that a user pastes must be whole, so the page has to break it. Of other text, such as a line of a crontab, which
    // cannot be broken, the rest goes below, where a console would put it too, but between words.
    private static string RenderCode(CodeBlock block, int? width)
    {
        string code = block.Lines.ToString().TrimEnd();
        if (width is null || block is FencedCodeBlock { Info: "powershell" or "json" })
            return code;
        return string.Join('\n', code.Split('\n').Select(line =>
        {
            if (line.Length <= width)
                return line;
            string start = line[..^line.TrimStart().Length];
            string[] wrapped = Wrap(line, width - start.Length - CodeMargin.Length).Split('\n');
            return start + string.Join("\n" + start + CodeMargin, wrapped);
        }));
    }

    private static string RenderList(ListBlock list, int? width)
    {
        List<string> lines = [];
        int number = int.TryParse(list.OrderedStart, out int start) ? start : 1;
        foreach (ListItemBlock item in list.Cast<ListItemBlock>())
        {
            string bullet = list.IsOrdered ? $"{number++}. " : "- ";
            string rest = new(' ', bullet.Length);
            string text = string.Join('\n', Paragraphs(item, width - bullet.Length));
            lines.Add(bullet + Indent(text, rest)[rest.Length..]);
        }

        return string.Join('\n', lines);
    }
}
