using System.Text;
using Markdig.Extensions.Tables;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>A table as text: in columns where they fit, else an entry for each row.</summary>
internal static class TextTable
{
    // With more before it, a last column that has to be wrapped would be too narrow to read.
    private const double WidestStart = 0.45;

    // What is no longer than this goes on one line with the others of its row.
    private const int ShortCell = 60;

    /// <param name="table">The table.</param>
    /// <param name="width">Where lines are wrapped; null leaves that to the console.</param>
    public static string Render(Table table, int? width)
    {
        string[][] rows = [.. table.Cast<TableRow>().Select(row => row.Cast<TableCell>().Select(Text).ToArray())];
        int columns = rows.Max(row => row.Length);
        rows = [.. rows.Select(row => row.Concat(Enumerable.Repeat("", columns - row.Length)).ToArray())];
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => row[column].Length))];
        int start = widths[..^1].Sum(column => column + 2);
        return width is null || start + widths[^1] <= width ? Grid(rows, widths)
            : start <= width * WidestStart ? Grid(rows, [.. widths[..^1], width.Value - start])
            : Entries(rows, widths, width.Value);

        // Lines are broken later, once the columns are known. In code, markdown leaves the backslash that a bar needs in a table.
        string Text(TableCell cell) =>
            string.Join(' ', PlainText.Paragraphs(cell, width is null ? null : int.MaxValue))
                .Replace("\\|", "|", StringComparison.Ordinal);
    }

    private static string Grid(string[][] rows, int[] widths)
    {
        IEnumerable<string> lines = rows.Select(Row);
        string rule = Row([.. widths.Select(width => new string('-', width))]);
        return string.Join('\n', lines.Take(1).Append(rule).Concat(lines.Skip(1)));

        string Row(string[] cells)
        {
            string start = string.Concat(cells[..^1].Select((cell, column) => cell.PadRight(widths[column] + 2)));
            string[] last = PlainText.Wrap(cells[^1], widths[^1]).Split('\n');
            string below = new(' ', start.Length);
            return string.Join('\n', last.Select((line, index) => ((index == 0 ? start : below) + line).TrimEnd()));
        }
    }

    private static string Entries(string[][] rows, int[] widths, int width)
    {
        const string indent = "  ";
        string[] headers = rows[0];
        int last = headers.Length - 1;
        return string.Join("\n\n", rows[1..].Select(row =>
        {
            StringBuilder entry = new(PlainText.Wrap(row[0], width));
            IEnumerable<int> filled = Enumerable.Range(1, last).Where(column => row[column].Length > 0);
            string facts = string.Join(", ", filled.Where(IsShort).Select(column => $"{headers[column]}: {row[column]}"));
            IEnumerable<string> texts = filled.Where(column => !IsShort(column)).Select(column =>
                headers.Length == 2 || IsMeaning(column) ? row[column] : $"{Capitalised(headers[column])}: {row[column]}");
            foreach (string text in texts.Prepend(Capitalised(facts)).Where(text => text.Length > 0))
                entry.Append('\n').Append(PlainText.Indent(PlainText.Wrap(text, width - indent.Length), indent));
            return entry.ToString();
        }));

        bool IsShort(int column) => column != last && widths[column] <= ShortCell && !IsMeaning(column);

        // What the first column's word means needs no word for what it is.
        bool IsMeaning(int column) => headers[column].Equals("meaning", StringComparison.OrdinalIgnoreCase);

        static string Capitalised(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
    }
}
