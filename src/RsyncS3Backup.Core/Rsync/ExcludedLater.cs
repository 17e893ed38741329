using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Rsync;

/// <summary>
/// What was backed up and is excluded since: rsync leaves it in the mirror for ever, and so does stage 2 in the bucket. It is
/// counted when the patterns are others than those of the last good run, which <c>patterns.json</c> in the job's state folder
/// remembers.
/// </summary>
internal static class ExcludedLater
{
    private const string FileName = "patterns.json";
    private const string HashName = "hash";

    /// <summary>True when a run with these options may leave something in the mirror that it would not copy.</summary>
    public static bool MayBe(RsyncOptions options, IReadOnlyList<RsyncLeg> legs) =>
        options is { DeleteExtraneous: true, DeleteExcluded: false } && Patterns(options, legs).Any();

    /// <summary>True when the patterns are those of the last good run.</summary>
    public static bool IsKnown(string job, RsyncOptions options, IReadOnlyList<RsyncLeg> legs)
    {
        try
        {
            string path = Path.Combine(StateFolder.PathFor(job), FileName);
            if (!File.Exists(path))
                return false;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.GetProperty(HashName).GetString() == Hash(options, legs);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
            or InvalidOperationException)
        {
            // To count again costs a dry run.
            return false;
        }
    }

    /// <summary>Remembers the patterns. That they cannot be written costs a dry run, the next time.</summary>
    public static void Remember(string job, RsyncOptions options, IReadOnlyList<RsyncLeg> legs)
    {
        try
        {
            StateFolder.Replace(
                Path.Combine(StateFolder.ForJob(job).Path, FileName), json => json.WriteString(HashName, Hash(options, legs)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Said already, by those without whom a run is not what it should be.
        }
    }

    /// <summary>Tells of them.</summary>
    public static string Warning(long count, string mirror, IReadOnlyList<string> names) =>
        $"The mirror '{mirror}' still holds {count} {(count == 1 ? "entry" : "entries")} that the patterns exclude now, for example "
        + $"{string.Join(", ", names.Take(3).Select(name => $"'{name}'"))}. They stay there and in the bucket until you remove them; "
        + "'deleteExcluded' deletes what is excluded.";

    private static IEnumerable<string> Patterns(RsyncOptions options, IReadOnlyList<RsyncLeg> legs) =>
        legs.SelectMany(leg => leg.ExcludePatterns).Concat(options.ExcludePatterns).Concat(options.PatternFiles);

    private static string Hash(RsyncOptions options, IReadOnlyList<RsyncLeg> legs)
    {
        StringBuilder text = new();
        foreach (RsyncLeg leg in legs)
            Add(leg.Source, leg.ExcludePatterns);
        Add("include", options.IncludePatterns);
        Add("exclude", options.ExcludePatterns);
        foreach (string file in options.PatternFiles)
            Add(file, [Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))]);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))).ToLowerInvariant();

        void Add(string what, IReadOnlyList<string> patterns) => text.Append(what).Append('\0').AppendJoin('\0', patterns).Append("\0\0");
    }
}
