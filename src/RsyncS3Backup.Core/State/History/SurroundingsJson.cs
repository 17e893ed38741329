using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>Hooks and notifications of a run as the JSON of its history, and back.</summary>
internal static class SurroundingsJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<BackupHookResult> hooks, IReadOnlyList<NotificationResult> notifications)
    {
        json.WriteStartObject();
        json.WriteStartArray("hooks");
        foreach (BackupHookResult hook in hooks)
        {
            json.WriteStartObject();
            json.WriteString("hook", hook.Hook.ToString());
            json.WriteString("command", hook.Command);
            json.WriteString("status", hook.Status.ToString());
            if (hook.ExitCode is { } code)
                json.WriteNumber("exitCode", code);
            json.WriteNumber("started", hook.StartTime.UtcTicks);
            json.WriteNumber("duration", hook.Duration.Ticks);
            ProblemsJson.WriteError(json, hook.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("notifications");
        foreach (NotificationResult notification in notifications)
        {
            json.WriteStartObject();
            json.WriteString("kind", notification.Kind.ToString());
            json.WriteString("event", notification.Event.ToString());
            json.WriteString("target", notification.Target);
            json.WriteString("status", notification.Status.ToString());
            json.WriteNumber("attempts", notification.Attempts);
            json.WriteNumber("duration", notification.Duration.Ticks);
            ProblemsJson.WriteError(json, notification.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The run with its hooks and notifications.</summary>
    public static BackupRun Read(BackupRun run, string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return run with
        {
            Hooks = [.. document.RootElement.GetProperty("hooks").EnumerateArray().Select(Hook)],
            Notifications = [.. document.RootElement.GetProperty("notifications").EnumerateArray().Select(Notification)],
        };

        BackupHookResult Hook(JsonElement hook) => new()
        {
            Hook = Word<BackupHook>(hook, "hook"),
            Command = hook.GetProperty("command").GetString()!,
            Status = Word<BackupStatus>(hook, "status"),
            ExitCode = hook.TryGetProperty("exitCode", out JsonElement code) ? code.GetInt32() : null,
            StartTime = new DateTimeOffset(hook.GetProperty("started").GetInt64(), TimeSpan.Zero).ToLocalTime(),
            Duration = Duration(hook),
            Error = ProblemsJson.ReadError(hook),
        };

        NotificationResult Notification(JsonElement notification) => new()
        {
            Name = run.Name,
            RunId = run.RunId,
            Kind = Word<NotificationKind>(notification, "kind"),
            Event = Word<NotificationEvent>(notification, "event"),
            Target = notification.GetProperty("target").GetString()!,
            Status = Word<BackupStatus>(notification, "status"),
            Attempts = notification.GetProperty("attempts").GetInt32(),
            Duration = Duration(notification),
            Error = ProblemsJson.ReadError(notification),
        };
    }

    private static TimeSpan Duration(JsonElement item) => TimeSpan.FromTicks(item.GetProperty("duration").GetInt64());

    private static T Word<T>(JsonElement item, string name)
        where T : struct, Enum => Enum.Parse<T>(item.GetProperty(name).GetString()!);
}
