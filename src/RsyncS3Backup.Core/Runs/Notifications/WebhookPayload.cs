using System.Text.Encodings.Web;
using System.Text.Json;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>The bodies of webhooks.</summary>
internal static class WebhookPayload
{
    // Slack takes 3,000 characters in a section and 150 in a header ("Reference: blocks"); a Teams message 28 KB in all.
    private const int LongestSection = 2900;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(NotificationFormat format, RunReport report) => format switch
    {
        NotificationFormat.Slack => Json(json => Slack(json, report)),
        NotificationFormat.Teams => Json(json => Teams(json, report)),
        _ => RunReportJson.ToUtf8(report),
    };

    // https://api.slack.com/messaging/webhooks: "text" is what notifications show, the blocks are the message.
    private static void Slack(Utf8JsonWriter json, RunReport report)
    {
        json.WriteString("text", ConfigurationText.WellFormed(Escape($"{Emoji(report)} {RunSummary.Subject(report)}")));
        json.WriteStartArray("blocks");
        Block(json, "header", "plain_text", $"{Emoji(report)} {RunSummary.Title(report)}");
        Block(json, "section", "mrkdwn", Escape(RunSummary.Subject(report)));
        string details = string.Join('\n', RunSummary.Details(report).Select(detail => $"*{Escape(detail.Label)}:* {Escape(detail.Text)}"));
        Block(json, "section", "mrkdwn", RunSummary.Shorten(details, LongestSection));
        json.WriteEndArray();
    }

    private static void Block(Utf8JsonWriter json, string type, string textType, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteStartObject("text");
        json.WriteString("type", textType);
        json.WriteString("text", ConfigurationText.WellFormed(text));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // The form that "Post to a channel when a webhook request is received" takes; the older connectors with their MessageCard are retired.
    private static void Teams(Utf8JsonWriter json, RunReport report)
    {
        json.WriteString("type", "message");
        json.WriteStartArray("attachments");
        json.WriteStartObject();
        json.WriteString("contentType", "application/vnd.microsoft.card.adaptive");
        json.WriteNull("contentUrl");
        json.WriteStartObject("content");
        json.WriteString("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
        json.WriteString("type", "AdaptiveCard");
        json.WriteString("version", "1.4");
        json.WriteString("fallbackText", ConfigurationText.WellFormed(RunSummary.Subject(report)));
        json.WriteStartArray("body");
        TextBlock(json, RunSummary.Title(report), ("size", "Large"), ("weight", "Bolder"), ("color", Color(report)));
        TextBlock(json, RunSummary.Subject(report));
        json.WriteStartObject();
        json.WriteString("type", "FactSet");
        json.WriteStartArray("facts");
        foreach ((string label, string text) in RunSummary.Details(report))
        {
            json.WriteStartObject();
            json.WriteString("title", label);
            json.WriteString("value", ConfigurationText.WellFormed(text));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void TextBlock(Utf8JsonWriter json, string text, params (string Name, string Value)[] properties)
    {
        json.WriteStartObject();
        json.WriteString("type", "TextBlock");
        json.WriteString("text", ConfigurationText.WellFormed(text));
        json.WriteBoolean("wrap", true);
        foreach ((string name, string value) in properties)
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static string Emoji(RunReport report) => report.Event switch
    {
        NotificationEvent.Failure or NotificationEvent.Overdue => "❌",
        NotificationEvent.Warning => "⚠️",
        _ => "✅",
    };

    private static string Color(RunReport report) => report.Event switch
    {
        NotificationEvent.Failure or NotificationEvent.Overdue => "Attention",
        NotificationEvent.Warning => "Warning",
        _ => "Good",
    };

    // Slack's three control characters ("Formatting text for app surfaces"): a path must not become a link or call @channel.
    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
