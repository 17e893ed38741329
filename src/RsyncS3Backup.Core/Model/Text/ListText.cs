using System.Collections.ObjectModel;

namespace RsyncS3Backup;

/// <summary>Lists of results whose text is that of their items, which is what a cell of a CSV file shows of them.</summary>
internal static class ListText
{
    /// <summary>A list with such a text; the same one for each empty list.</summary>
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T>? items) => items switch
    {
        null or { Count: 0 } => Joined<T>.Empty,
        Joined<T> joined => joined,
        IList<T> list => new Joined<T>(list),
        _ => new Joined<T>([.. items]),
    };

    private sealed class Joined<T>(IList<T> items) : ReadOnlyCollection<T>(items)
    {
        public static new Joined<T> Empty { get; } = new([]);

        public override string ToString() => string.Join("; ", this);
    }
}
