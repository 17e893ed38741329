using System.Xml;

namespace RsyncS3Backup.Schedulers;

/// <summary>What XML can hold.</summary>
internal static class XmlText
{
    /// <summary>False when a text has a control character or half a character, which no escape brings into XML 1.0.</summary>
    public static bool IsPossible(string text)
    {
        try
        {
            XmlConvert.VerifyXmlChars(text);
            // XML takes each line break for a line feed (2.11), and the programs that read a list may trim.
            return !text.Contains('\r', StringComparison.Ordinal);
        }
        catch (XmlException)
        {
            return false;
        }
    }
}
