using System.Globalization;
using System.Xml.Linq;

namespace S3Server;

/// <summary>
/// What S3 says about a lifecycle configuration before it takes it. Sources: PutBucketLifecycleConfiguration in the S3 API reference, and
/// "Transitioning objects using Amazon S3 Lifecycle" in the user guide. Nothing acts by the rules here.
/// </summary>
internal static class LifecycleRules
{
    /// <summary>The header by which a configuration says from which size on objects are moved by default.</summary>
    public const string SmallObjectsHeader = "x-amz-transition-default-minimum-object-size";

    private const int MostRules = 1000;
    private const int LongestId = 255;
    private const int InfrequentDays = 30;

    private static readonly string[] Classes = ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

    private static readonly string[] ActionNames =
    [
        "Transition", "NoncurrentVersionTransition", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload",
    ];

    // In this order an object may go down and not up; the classes of one row are alternatives with limits of their own.
    private static readonly Dictionary<string, string[]> Next = new(StringComparer.Ordinal)
    {
        ["STANDARD_IA"] = ["INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
        ["INTELLIGENT_TIERING"] = ["ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
        ["ONEZONE_IA"] = ["GLACIER", "DEEP_ARCHIVE"],
        ["GLACIER_IR"] = ["GLACIER", "DEEP_ARCHIVE"],
        ["GLACIER"] = ["DEEP_ARCHIVE"],
        ["DEEP_ARCHIVE"] = [],
    };

    /// <summary>Refuses what S3 refuses.</summary>
    public static void Check(byte[] body)
    {
        var rules = S3Xml.Parse(body, "LifecycleConfiguration").Elements("Rule").ToArray();
        if (rules.Length is 0 or > MostRules)
            throw S3Exception.MalformedXml();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            if (rule.Element("ID")?.Value is { Length: > 0 } id)
            {
                if (id.Length > LongestId)
                    throw S3Exception.InvalidArgument("ID length should not exceed allowed limit of 255");
                if (!ids.Add(id))
                    throw S3Exception.InvalidArgument("Rule ID must be unique. Found same ID for more than one rule");
            }
            Check(rule);
        }
    }

    private static void Check(XElement rule)
    {
        if (rule.Element("Status")?.Value is not ("Enabled" or "Disabled"))
            throw S3Exception.MalformedXml();
        var filters = rule.Elements("Filter").ToArray();
        if (filters.Length + rule.Elements("Prefix").Count() != 1)
            throw S3Exception.MalformedXml();
        if (filters.Length == 1)
            CheckFilter(filters[0]);
        if (!ActionNames.Any(name => rule.Elements(name).Any()))
            throw S3Exception.InvalidRequest("At least one action needs to be specified in a rule");
        CheckSteps(rule, "Transition", "Days", "Expiration", "Days");
        CheckSteps(rule, "NoncurrentVersionTransition", "NoncurrentDays", "NoncurrentVersionExpiration", "NoncurrentDays");
        foreach (var expiration in rule.Elements("Expiration"))
        {
            if (expiration.Elements().Count() != 1)
                throw S3Exception.MalformedXml();
            if (expiration.Element("Days") is { } days)
                Number(days, 1);
        }
        foreach (var expiration in rule.Elements("NoncurrentVersionExpiration"))
        {
            Number(expiration.Element("NoncurrentDays") ?? throw S3Exception.MalformedXml(), 1);
            if (expiration.Element("NewerNoncurrentVersions") is { } newest && Number(newest, 1) > 100)
                throw S3Exception.InvalidArgument("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be at most 100");
        }
        foreach (var abort in rule.Elements("AbortIncompleteMultipartUpload"))
        {
            Number(abort.Element("DaysAfterInitiation") ?? throw S3Exception.MalformedXml(), 1);
            if (filters.Length == 1 && filters[0].Descendants().Any(part => part.Name.LocalName is "Tag" or "ObjectSizeGreaterThan" or "ObjectSizeLessThan"))
                throw S3Exception.InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags or Object Size.");
        }
    }

    private static void CheckFilter(XElement filter)
    {
        if (filter.Elements().Count() > 1)
            throw S3Exception.MalformedXml();
        if (filter.Element("And") is { } all && all.Elements().Count() < 2)
            throw S3Exception.MalformedXml();
    }

    private static void CheckSteps(XElement rule, string step, string days, string end, string endDays)
    {
        var steps = rule.Elements(step).Where(part => part.Element(days) is not null)
            .Select(part => (Class: part.Element("StorageClass")?.Value ?? "", Days: Number(part.Element(days)!, 0))).OrderBy(part => part.Days).ToArray();
        for (var i = 0; i < steps.Length; i++)
        {
            var (name, after) = steps[i];
            if (!Classes.Contains(name))
                throw S3Exception.MalformedXml();
            if (name is "STANDARD_IA" or "ONEZONE_IA" && after < InfrequentDays)
                throw S3Exception.InvalidArgument($"'Days' in {step} action must be greater than or equal to 30 for storageClass '{name}'");
            if (i > 0 && (steps[i - 1].Days == after || !Next[steps[i - 1].Class].Contains(name)))
                throw S3Exception.InvalidArgument($"'{step}' actions are not in the order of the storage classes");
            if (i > 0 && steps[i - 1].Class is "STANDARD_IA" or "ONEZONE_IA" && after < steps[i - 1].Days + InfrequentDays)
                throw S3Exception.InvalidArgument($"'Days' in the '{name}' {step} action must be 30 days more than in '{steps[i - 1].Class}'");
            if (rule.Element(end)?.Element(endDays) is { } last && Number(last, 1) <= after)
                throw S3Exception.InvalidArgument($"'{endDays}' in the {end} action must be greater than '{days}' in the {step} action");
        }
    }

    private static int Number(XElement element, int least) =>
        int.TryParse(element.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw S3Exception.InvalidArgument($"'{element.Name.LocalName}' must be a positive integer");
}
