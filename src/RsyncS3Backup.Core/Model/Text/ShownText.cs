using System.Globalization;
using System.Text;

namespace RsyncS3Backup;

/// <summary>
/// Text for people: on terminals, in logs, mails and chats. Names of files and answers of servers can hold what moves the cursor, colours, hides or
/// turns around what stands beside it; here that is shown as what it is.
/// </summary>
internal static class ShownText
{
    /// <summary>The text with <c>\u001B</c> and the like for what is no character to read.</summary>
    /// <param name="text">The text.</param>
    /// <param name="keepsLines">True for a text of several lines, in which nothing foreign can have made one.</param>
    public static string Of(string text, bool keepsLines = false)
    {
        int first = FirstUnsafe(text, keepsLines);
        if (first < 0)
            return text;
        StringBuilder shown = new(text.Length + 16);
        shown.Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            if (IsUnsafe(text, i, keepsLines))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            else
                shown.Append(text[i]);
        }

        return shown.ToString();
    }

    /// <summary>The text on one line, with a space for each of them: for what others have written, such as an answer.</summary>
    public static string OneLine(string text) => FirstUnsafe(text, keepsLines: false) < 0
        ? text
        : string.Create(text.Length, text, (line, whole) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = IsUnsafe(whole, i, keepsLines: false) ? ' ' : whole[i];
        });

    private static int FirstUnsafe(string text, bool keepsLines)
    {
        for (int i = 0; i < text.Length; i++)
        {
            // Most text is nothing else.
            if (text[i] is not (>= ' ' and <= '~') && IsUnsafe(text, i, keepsLines))
                return i;
        }

        return -1;
    }

    // C0, DEL and C1; the separators of lines and paragraphs; what sets the direction of text (Unicode Standard Annex 9); halves of pairs.
    private static bool IsUnsafe(string text, int at, bool keepsLines)
    {
        char character = text[at];
        if (keepsLines && (character is '\n' or '\r'))
            return false;
        return char.IsControl(character)
            || character is '\u2028' or '\u2029' or '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')
            || (char.IsHighSurrogate(character) && (at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1])))
            || (char.IsLowSurrogate(character) && (at == 0 || !char.IsHighSurrogate(text[at - 1])));
    }
}
