using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace RsyncS3Backup.Reports.Html;

/// <summary>Writes HTML. What stands in an interpolated text is markup, what is put into it is text and escaped: nobody can forget to.</summary>
internal sealed class HtmlWriter
{
    /// <summary>What was written.</summary>
    internal StringBuilder Written { get; } = new();

    /// <summary>Adds markup with texts in it.</summary>
    public HtmlWriter Add([InterpolatedStringHandlerArgument("")] HtmlTemplate template)
    {
        // The template has written to this writer already: the compiler makes it so.
        _ = template.Writer;
        return this;
    }

    /// <summary>Adds markup of ours.</summary>
    public HtmlWriter AddMarkup(string markup)
    {
        Written.Append(markup);
        return this;
    }

    /// <summary>All of it.</summary>
    public override string ToString() => Written.ToString();
}

/// <summary>An interpolated text whose values are escaped.</summary>
[InterpolatedStringHandler]
internal readonly ref struct HtmlTemplate
{
    /// <summary>Made by the compiler.</summary>
    public HtmlTemplate(int literalLength, int formattedCount, HtmlWriter writer)
    {
        _ = (literalLength, formattedCount);
        Writer = writer;
    }

    /// <summary>What it writes to.</summary>
    public HtmlWriter Writer { get; }

    /// <summary>Markup.</summary>
    public void AppendLiteral(string markup) => Writer.Written.Append(markup);

    /// <summary>Text.</summary>
    public void AppendFormatted(string? text) => HtmlText.Append(Writer.Written, text ?? "");

    /// <summary>A number.</summary>
    public void AppendFormatted(long number) => Writer.Written.Append(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>A coordinate: a tenth of a pixel is less than anybody sees.</summary>
    public void AppendFormatted(double coordinate) => Writer.Written.Append(coordinate.ToString("0.#", CultureInfo.InvariantCulture));
}
