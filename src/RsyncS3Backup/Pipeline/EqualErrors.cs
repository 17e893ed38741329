using System.Globalization;
using System.Management.Automation;

namespace RsyncS3Backup.Pipeline;

/// <summary>Says a failure that many entries share once, with how many they are and which came first.</summary>
internal static class EqualErrors
{
    /// <summary>So many of one kind are still worth an error each.</summary>
    internal const int MostAlone = 3;

    private const int NamesShown = 3;

    /// <summary>The errors, those of one kind as one where they are many; in the order in which the kinds came.</summary>
    internal static IEnumerable<ErrorRecord> Merged(IReadOnlyCollection<ErrorRecord> all) =>
        all.GroupBy(KindOf).SelectMany(IEnumerable<ErrorRecord> (kind) => kind.Count() <= MostAlone ? kind : [OneOf([.. kind])]);

    private static (string, string?) KindOf(ErrorRecord record) =>
        (record.FullyQualifiedErrorId, (record.Exception as BackupException)?.Error.S3ErrorCode);

    private static ErrorRecord OneOf(ErrorRecord[] all)
    {
        ErrorRecord first = all[0];
        string[] others = [.. all.Skip(1).Select(record => record.TargetObject?.ToString()).OfType<string>().Distinct()];
        string named = string.Join(", ", others.Take(NamesShown).Select(name => $"'{ShownText.Of(name)}'"));
        int more = all.Length - 1 - Math.Min(others.Length, NamesShown);
        string rest = string.Create(CultureInfo.InvariantCulture, $"{named}{(more > 0 ? $"{(named.Length > 0 ? " and " : "")}{more} more" : "")}");
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{all.Length} entries failed in the same way. The first: {first} The others: {rest}; the log has all.");
        return new ErrorRecord(first.Exception, first.FullyQualifiedErrorId, first.CategoryInfo.Category, first.TargetObject)
        {
            ErrorDetails = new ErrorDetails(text) { RecommendedAction = first.ErrorDetails?.RecommendedAction },
        };
    }
}
