using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace RsyncS3Backup.ObjectStore.Lifecycle;

/// <summary>
/// A bucket's whole lifecycle configuration, as text of XML: the SDK's classes lose what they do not know when they are written again, and S3 takes
/// only the whole. Immutable.
/// </summary>
internal sealed class LifecycleDocument
{
    private const string RuleName = "Rule";

    private static readonly XNamespace S3 = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly XDocument xml;

    private LifecycleDocument(XDocument xml, string? smallObjects)
    {
        this.xml = xml;
        SmallObjects = smallObjects;
        Rules = [.. xml.Root!.Elements().Where(IsRule).Select(rule => new LifecycleRule(rule))];
    }

    /// <summary>That of a bucket without any.</summary>
    public static LifecycleDocument Empty { get; } = new(new XDocument(new XElement(S3 + "LifecycleConfiguration")), null);

    /// <summary>The rules, in the store's order.</summary>
    public IReadOnlyList<LifecycleRule> Rules { get; }

    /// <summary>
    /// What the header <c>x-amz-transition-default-minimum-object-size</c> said, which is of the whole configuration and goes back with it: S3 takes its
    /// default where it is missing.
    /// </summary>
    public string? SmallObjects { get; }

    /// <summary>Reads what a store sent.</summary>
    /// <param name="text">The body.</param>
    /// <param name="smallObjects">The header; null for none.</param>
    /// <exception cref="XmlException">It is no lifecycle configuration.</exception>
    public static LifecycleDocument Parse(byte[] text, string? smallObjects)
    {
        XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false };
        using XmlReader reader = XmlReader.Create(new MemoryStream(text, writable: false), settings);
        XDocument xml = XDocument.Load(reader, LoadOptions.PreserveWhitespace);
        return xml.Root?.Name.LocalName == "LifecycleConfiguration"
            ? new LifecycleDocument(xml, smallObjects)
            : throw new XmlException($"The document is a '{xml.Root?.Name.LocalName}'.");
    }

    /// <summary>One with some rules in the place of others; the rest stays to the letter.</summary>
    /// <param name="isReplaced">Which go.</param>
    /// <param name="rules">Which come, in the place of the first of those, or behind all.</param>
    public LifecycleDocument With(Func<LifecycleRule, bool> isReplaced, IEnumerable<LifecycleRule> rules)
    {
        XDocument changed = new(xml);
        XElement root = changed.Root!;
        XElement[] gone = [.. root.Elements().Where(IsRule).Where(rule => isReplaced(new LifecycleRule(rule)))];
        XElement[] come = [.. rules.Select(rule => rule.In(root.Name.Namespace))];
        if (gone.Length > 0)
            gone[0].AddBeforeSelf(come);
        else
            root.Add(come);
        foreach (XElement rule in gone)
            rule.Remove();
        return new LifecycleDocument(changed, SmallObjects);
    }

    /// <summary>As it is sent.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream text = new();
        XmlWriterSettings settings = new()
        {
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            // A carriage return in a prefix is one.
            NewLineHandling = NewLineHandling.Entitize,
            CheckCharacters = false,
        };
        using (XmlWriter writer = XmlWriter.Create(text, settings))
            xml.Save(writer);
        return text.ToArray();
    }

    /// <summary>The first rule that is in one of both only, or is another one there; null when both have the same.</summary>
    public LifecycleRule? FirstDifference(LifecycleDocument other)
    {
        List<LifecycleRule> rest = [.. other.Rules];
        foreach (LifecycleRule rule in Rules)
        {
            int same = rest.FindIndex(candidate => candidate.Form == rule.Form);
            if (same < 0)
                return rule;
            rest.RemoveAt(same);
        }

        return rest.FirstOrDefault();
    }

    private static bool IsRule(XElement element) => element.Name.LocalName == RuleName;
}
