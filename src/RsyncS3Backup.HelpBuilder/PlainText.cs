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
    public static MarkdownPipeline Pipeline { get; } = new MarkdownPipelineBuilder().UseYamlFrontMatter().UsePipeTables().Build();

    /// <summary>One string a block. The lines of a list, a table and a code block stay lines.</summary>
    /// <param name="blocks">The blocks of one section.</param>
    /// <param name="width">Where lines are wrapped; null leaves that to the console.</param>
    public static IReadOnlyList<string> Paragraphs(IEnumerable<Block> blocks, int? width = null) =>
        [.. blocks.Select(block => Render(block, width)).Where(text => text.Length > 0)];

    public static string Of(LeafBlock block) => block.Inline is null ? block.Lines.ToString() : Of(block.Inline);

    public static string Of(ContainerInline inlines)
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
                    text.Append(code.Content);
                    break;
                case LineBreakInline lineBreak:
                    text.Append(lineBreak.IsHard ? '\n' : ' ');
                    break;
                case AutolinkInline autolink:
                    text.Append(autolink.Url);
                    break;
                case LinkInline link:
                    text.Append(Of(link));
                    // A relative address leads nowhere from a console.
                    if (link.Url is { } url && url.Contains("://", StringComparison.Ordinal))
                        text.Append(" (").Append(url).Append(')');
                    break;
                case HtmlEntityInline entity:
                    text.Append(entity.Transcoded.AsSpan());
                    break;
                case ContainerInline container:
                    text.Append(Of(container));
                    break;
            }
        }

        return text.ToString();
    }

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

    private static string Render(Block block, int? width) => block switch
    {
        ListBlock list => RenderList(list, width),
        Table table => RenderTable(table),
        CodeBlock code => Indent(code.Lines.ToString().TrimEnd(), "    "),
        QuoteBlock quote => string.Join("\n\n", Paragraphs(quote, width)),
        ParagraphBlock or HeadingBlock => Wrap(Of((LeafBlock)block), width),
        YamlFrontMatterBlock or HtmlBlock or LinkReferenceDefinitionGroup => "",
        _ => throw new NotSupportedException($"{block.GetType().Name} in line {block.Line + 1}"),
    };

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

    private static string RenderTable(Table table)
    {
        string[][] rows = [.. table.Cast<TableRow>().Select(row =>
            row.Cast<TableCell>().Select(cell => string.Join(' ', Paragraphs(cell))).ToArray())];
        int columns = rows.Max(row => row.Length);
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => column < row.Length ? row[column].Length : 0))];
        List<string> lines = [.. rows.Select(Line)];
        lines.Insert(1, Line([.. widths.Select(width => new string('-', width))]));
        return string.Join('\n', lines);

        string Line(string[] cells) => string.Join("  ", cells.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
    }
}
