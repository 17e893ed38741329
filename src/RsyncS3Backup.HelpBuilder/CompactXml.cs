using System.Xml.Linq;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>
/// The format and type files without what is there for their writers only: comments, and space between elements. Reading them is half of what
/// an import does, and a sixth less in this form.
/// </summary>
internal static class CompactXml
{
    public static string Of(string xml)
    {
        XDocument document = XDocument.Parse(xml, LoadOptions.PreserveWhitespace);
        document.DescendantNodes().OfType<XComment>().Remove();
        // Space that is all that an element holds is its value: a view has such texts.
        document.DescendantNodes().OfType<XText>()
            .Where(text => string.IsNullOrWhiteSpace(text.Value) && text.Parent?.HasElements == true)
            .Remove();
        return $"{document.Declaration}\n{document.Root!.ToString(SaveOptions.DisableFormatting)}\n";
    }
}
