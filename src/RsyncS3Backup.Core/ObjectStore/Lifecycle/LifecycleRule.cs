using System.Xml.Linq;

namespace RsyncS3Backup.ObjectStore.Lifecycle;

/// <summary>
/// One rule of a bucket's lifecycle configuration: the element as the store wrote it, and what can be read in it. What this module does not know
/// stays in the element and in what is compared.
/// </summary>
internal sealed class LifecycleRule
{
    private readonly XElement element;

    /// <param name="element">The <c>Rule</c>; not changed.</param>
    public LifecycleRule(XElement element) => this.element = element;

    /// <summary>The rule's id; null for one without.</summary>
    public string? Id => Child("ID")?.Value;

    /// <summary>What errors and lists call it.</summary>
    public string ShownName => Id is { Length: > 0 } id ? $"'{id}'" : $"without an id for keys that start with '{Prefix}'";

    /// <summary>True when S3 acts by it.</summary>
    public bool IsEnabled => Child("Status")?.Value.Trim() == "Enabled";

    /// <summary>What the keys start with; empty: all keys. The old form has it outside of a filter.</summary>
    public string Prefix => (Child("Prefix") ?? Condition("Prefix").FirstOrDefault())?.Value ?? "";

    /// <summary>The tags that an object must have, all of them.</summary>
    public IEnumerable<KeyValuePair<string, string>> Tags =>
        Condition("Tag").Select(tag => KeyValuePair.Create(Child(tag, "Key")?.Value ?? "", Child(tag, "Value")?.Value ?? ""));

    /// <summary>True when it gives up uploads in parts that nobody completed.</summary>
    public bool GivesUpUploads => Child("AbortIncompleteMultipartUpload") is not null;

    /// <summary>When it deletes current objects, in words; null when it does not.</summary>
    public string? Expires => Child("Expiration") is { } expiration && When(expiration, "Days") is { } when ? when : null;

    /// <summary>Where it moves current objects to.</summary>
    public IEnumerable<(string StorageClass, string When)> Moves => Children("Transition")
        .Select(step => (Child(step, "StorageClass")?.Value.Trim() ?? "", When(step, "Days") ?? "at some time"));

    /// <summary>
    /// The rule in one form: children in an order of their own, and without white space between them. Two rules are the same when theirs is: stores
    /// write the children in orders of their own.
    /// </summary>
    public string Form => FormOf(element);

    /// <summary>A copy of the element in a namespace.</summary>
    public XElement In(XNamespace ns)
    {
        XElement copy = new(element);
        foreach (XElement part in copy.DescendantsAndSelf())
            part.Name = ns + part.Name.LocalName;
        return copy;
    }

    /// <summary>What it does, a line for each step.</summary>
    public IEnumerable<string> Actions()
    {
        foreach (XElement part in element.Elements())
        {
            foreach (string line in LinesOf(part))
                yield return line;
        }
    }

    /// <summary>All of it as lines: which rule, which objects, and what becomes of them.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"rule {ShownName}{(IsEnabled ? "" : ", which is not enabled")}";
        string[] conditions = [.. Conditions()];
        yield return "    " + (conditions.Length == 0 ? "all objects of the bucket" : string.Join(", ", conditions));
        foreach (string action in Actions())
            yield return "    " + action;
    }

    private IEnumerable<string> Conditions()
    {
        if (Prefix.Length > 0)
            yield return $"keys that start with '{Prefix}'";
        foreach ((string key, string value) in Tags)
            yield return $"with the tag {key}={value}";
        foreach (XElement size in Condition("ObjectSizeGreaterThan"))
            yield return $"more than {size.Value.Trim()} bytes";
        foreach (XElement size in Condition("ObjectSizeLessThan"))
            yield return $"less than {size.Value.Trim()} bytes";
        string[] known = ["Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And"];
        foreach (XElement other in Filters().SelectMany(filter => filter.Elements()).Where(part => !known.Contains(part.Name.LocalName)))
            yield return FormOf(other);
    }

    private static IEnumerable<string> LinesOf(XElement part)
    {
        switch (part.Name.LocalName)
        {
            case "ID" or "Status" or "Filter" or "Prefix":
                break;
            case "Transition":
                yield return $"to {Child(part, "StorageClass")?.Value.Trim()} {When(part, "Days")}";
                break;
            case "NoncurrentVersionTransition":
                string? storageClass = Child(part, "StorageClass")?.Value.Trim();
                yield return $"old versions to {storageClass} {When(part, "NoncurrentDays")}{ButForNewest(part)}";
                break;
            case "NoncurrentVersionExpiration":
                yield return $"old versions expire {When(part, "NoncurrentDays")}{ButForNewest(part)}";
                break;
            case "Expiration" when When(part, "Days") is { } when:
                yield return $"expire {when}";
                break;
            case "Expiration" when Child(part, "ExpiredObjectDeleteMarker")?.Value.Trim() == "true":
                yield return "delete markers without versions go";
                break;
            case "AbortIncompleteMultipartUpload":
                yield return $"unfinished uploads are given up {When(part, "DaysAfterInitiation")}";
                break;
            default:
                yield return FormOf(part);
                break;
        }
    }

    private static string? When(XElement step, string days) =>
        Child(step, days)?.Value.Trim() is { } number ? $"after {number} {(number == "1" ? "day" : "days")}"
        : Child(step, "Date")?.Value.Trim() is { } date ? $"from {date} on"
        : null;

    private static string ButForNewest(XElement step) =>
        Child(step, "NewerNoncurrentVersions")?.Value.Trim() is { } newest ? $", but for the newest {newest}" : "";

    private IEnumerable<XElement> Filters() =>
        Children("Filter").SelectMany(filter => filter.Elements().Where(part => part.Name.LocalName == "And").Prepend(filter));

    private IEnumerable<XElement> Condition(string name) =>
        Filters().SelectMany(filter => filter.Elements().Where(part => part.Name.LocalName == name));

    private IEnumerable<XElement> Children(string name) => element.Elements().Where(part => part.Name.LocalName == name);

    private XElement? Child(string name) => Child(element, name);

    private static XElement? Child(XElement parent, string name) => parent.Elements().FirstOrDefault(part => part.Name.LocalName == name);

    private static string FormOf(XElement part)
    {
        string name = part.Name.LocalName;
        if (!part.HasElements)
            // In these spaces count.
            return $"{name}='{(name is "Prefix" or "ID" or "Key" or "Value" ? part.Value : part.Value.Trim())}'";
        return $"{name}({string.Join(", ", part.Elements().Select(FormOf).Order(StringComparer.Ordinal))})";
    }
}
