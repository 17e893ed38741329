using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace S3Server;

/// <summary>Writes S3's answers. Keys may hold characters that XML 1.0 cannot express; those come out as references.</summary>
internal sealed class S3Xml
{
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
    private readonly ArrayBufferWriter<byte> output = new(1024);

    public S3Xml(string root, string? rootNamespace = Namespace)
    {
        Root = root;
        Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
        Raw(root);
        if (rootNamespace is not null)
        {
            Raw(" xmlns=\"");
            Raw(rootNamespace);
            Raw("\"");
        }
        Raw(">");
    }

    private string Root { get; }

    public S3Xml Open(string element)
    {
        Raw("<");
        Raw(element);
        Raw(">");
        return this;
    }

    public S3Xml Close(string element)
    {
        Raw("</");
        Raw(element);
        Raw(">");
        return this;
    }

    public S3Xml Add(string element, string? value)
    {
        if (value is null)
            return this;
        Open(element);
        Text(value);
        return Close(element);
    }

    public S3Xml Add(string element, long value) => Add(element, value.ToString(CultureInfo.InvariantCulture));

    public S3Xml Add(string element, bool value) => Add(element, value ? "true" : "false");

    public S3Xml Add(string element, DateTimeOffset value) => Add(element, Timestamp(value));

    public ReadOnlyMemory<byte> Finish()
    {
        Close(Root);
        return output.WrittenMemory;
    }

    public static string Timestamp(DateTimeOffset value) =>
        value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A request's document, its namespace taken off, or MalformedXML.</summary>
    public static XElement Parse(byte[] body, string root)
    {
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = false };
            using var reader = XmlReader.Create(new MemoryStream(body), settings);
            var document = XElement.Load(reader, LoadOptions.PreserveWhitespace);
            foreach (var element in document.DescendantsAndSelf())
                element.Name = element.Name.LocalName;
            return document.Name.LocalName == root ? document : throw S3Exception.MalformedXml();
        }
        catch (XmlException)
        {
            throw S3Exception.MalformedXml();
        }
    }

    private void Text(string value)
    {
        var rest = value.AsSpan();
        while (true)
        {
            var special = rest.IndexOfAnyExceptInRange(' ', '\uD7FF') is var control and >= 0
                ? Math.Min(control, NextReserved(rest))
                : NextReserved(rest);
            if (special == int.MaxValue)
            {
                Raw(rest);
                return;
            }
            Raw(rest[..special]);
            var unit = rest[special];
            var length = 1;
            switch (unit)
            {
                case '<': Raw("&lt;"); break;
                case '>': Raw("&gt;"); break;
                case '&': Raw("&amp;"); break;
                case '"': Raw("&quot;"); break;
                case < ' ' or '\uFFFE' or '\uFFFF': Raw(string.Create(CultureInfo.InvariantCulture, $"&#x{(int)unit:x};")); break;
                default:
                    length = char.IsHighSurrogate(unit) ? 2 : 1;
                    Raw(rest.Slice(special, length));
                    break;
            }
            rest = rest[(special + length)..];
        }
    }

    private static int NextReserved(ReadOnlySpan<char> text) => text.IndexOfAny("<>&\"") is var index and >= 0 ? index : int.MaxValue;

    private void Raw(ReadOnlySpan<char> text)
    {
        var span = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, span));
    }
}
