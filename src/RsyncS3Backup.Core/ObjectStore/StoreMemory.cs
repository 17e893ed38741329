using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// What a job's store turned out not to do, and how many requests at a time it does best with, in the job's state folder beside the catalog, so that each run need not find it out
/// again. A store gets better: what is older than a month is found out anew.
/// </summary>
internal static class StoreMemory
{
    /// <summary>The file's name in the job's state folder.</summary>
    public const string FileName = "store.json";

    /// <summary>How long it is believed.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromDays(30);

    // A few lines; what is longer nobody of us wrote.
    private const int LargestFile = 64 * 1024;

    /// <summary>Tells a store what earlier runs found out about it.</summary>
    /// <param name="abilities">The store's.</param>
    /// <param name="jobName">Whose state folder remembers it.</param>
    /// <param name="endpoint">The endpoint's address.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="now">The time now.</param>
    public static void Recall(StoreAbilities abilities, string jobName, string endpoint, string bucket, DateTimeOffset now)
    {
        try
        {
            FileInfo file = new(Path.Combine(StateFolder.PathFor(jobName), FileName));
            if (!file.Exists || file.Length > LargestFile)
                return;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            JsonElement root = document.RootElement;
            if (Text(root, "endpoint") != endpoint || Text(root, "bucket") != bucket)
                return;
            if (root.TryGetProperty("requests", out JsonElement requests) && requests.GetProperty("count").TryGetInt32(out int count)
                && requests.GetProperty("since").TryGetDateTimeOffset(out DateTimeOffset found)
                && count is > 0 and <= TransferLimiter.DefaultMaximum && found <= now && now - found < Lasts)
                abilities.RecallBestRequests(count, found);
            foreach (JsonElement item in root.GetProperty("lacks").EnumerateArray())
            {
                bool isKnown = Enum.TryParse(Text(item, "feature"), out StoreFeature feature) && Enum.IsDefined(feature);
                if (isKnown && item.GetProperty("since").TryGetDateTimeOffset(out DateTimeOffset since)
                    && since <= now && now - since < Lasts)
                    abilities.Recall(new StoreLack(feature, since, Text(item, "reason"), IsNew: false));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException)
        {
            // Then it is found out again.
        }
    }

    /// <summary>Writes down what was found out.</summary>
    /// <param name="abilities">The store's.</param>
    /// <param name="jobName">Whose state folder remembers it.</param>
    /// <param name="endpoint">The endpoint's address.</param>
    /// <param name="bucket">The bucket.</param>
    public static void Keep(StoreAbilities abilities, string jobName, string endpoint, string bucket)
    {
        try
        {
            StateFolder.Replace(Path.Combine(StateFolder.ForJob(jobName).Path, FileName), json =>
            {
                json.WriteString("endpoint", endpoint);
                json.WriteString("bucket", bucket);
                if (abilities.BestRequests is { } requests)
                {
                    json.WriteStartObject("requests");
                    json.WriteNumber("count", requests.Count);
                    json.WriteString("since", requests.Since.ToString("O", CultureInfo.InvariantCulture));
                    json.WriteEndObject();
                }

                json.WriteStartArray("lacks");
                foreach (StoreLack lack in abilities.Lacks)
                {
                    json.WriteStartObject();
                    json.WriteString("feature", lack.Feature.ToString());
                    json.WriteString("since", lack.Since.ToString("O", CultureInfo.InvariantCulture));
                    json.WriteString("reason", lack.Reason);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then it is found out again next time.
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
