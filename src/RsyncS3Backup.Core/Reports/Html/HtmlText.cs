using System.Text;

namespace RsyncS3Backup.Reports.Html;

/// <summary>Text of others in HTML and SVG. Names of files and jobs can hold anything; what comes out of here is text and no markup.</summary>
internal static class HtmlText
{
    /// <summary>Adds a text, within elements and within attributes in quotes.</summary>
    public static void Append(StringBuilder html, string text)
    {
        string shown = ShownText.Of(text);
        int done = 0;
        for (int i = 0; i < shown.Length; i++)
        {
            string? entity = shown[i] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ => null,
            };
            if (entity is null)
                continue;
            html.Append(shown, done, i - done).Append(entity);
            done = i + 1;
        }

        html.Append(shown, done, shown.Length - done);
    }
}
