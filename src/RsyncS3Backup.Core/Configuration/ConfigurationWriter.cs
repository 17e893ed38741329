using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text;

namespace RsyncS3Backup.Configuration;

/// <summary>Writes jobs as JSON that people read and edit.</summary>
internal static class ConfigurationWriter
{
    /// <summary>The id of the schema that is shipped as <c>schema/backup-job.schema.json</c>.</summary>
    public const string SchemaId = "urn:rsyncs3backup:schema:backup-job";

    // Paths and patterns stay readable; the text goes into a file, not into a web page.
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The job as indented JSON: what most jobs set, and of the rest what differs from its default.</summary>
    /// <param name="configuration">The job.</param>
    /// <param name="schema">What <c>$schema</c> names, such as the address of the shipped schema file; null: <see cref="SchemaId"/>.</param>
    public static string ToJson(BackupConfiguration configuration, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options))
        {
            json.WriteStartObject();
            WriteText(json, ConfigurationKeys.Schema, schema ?? SchemaId);
            WriteText(json, ConfigurationKeys.Name, configuration.Name);
            WriteText(json, ConfigurationKeys.BackupType, configuration.BackupType);
            WriteSources(json, configuration.Sources);
            json.WriteStartObject(ConfigurationKeys.Options.Name);
            WriteRsync(json, configuration.Options.Rsync);
            json.WriteEndObject();
            if (configuration.Destination is { } destination)
                WriteDestination(json, destination);
            if (configuration.Schedule is { } schedule)
                WriteSchedule(json, schedule);
            if (configuration.Hooks is { } hooks)
                WriteHooks(json, hooks);
            WriteNotifications(json, configuration.Notifications);
            if (configuration.HistoryRetention != BackupConfiguration.DefaultHistoryRetention)
                WriteText(json, ConfigurationKeys.HistoryRetention, DurationText.Format(configuration.HistoryRetention));
            if (configuration.Retry is { } retry)
                WriteRetry(json, retry);
            WriteLog(json, configuration.Log);
            json.WriteEndObject();
        }

        // Utf8JsonWriter breaks lines as the platform does; a line break inside a text is escaped and not touched by this.
        return Encoding.UTF8.GetString(buffer.ToArray()).ReplaceLineEndings("\n") + "\n";
    }

    private static void WriteSources(Utf8JsonWriter json, IReadOnlyList<BackupSource> sources)
    {
        json.WriteStartArray(ConfigurationKeys.Sources.Name);
        foreach (BackupSource source in sources)
        {
            json.WriteStartObject();
            WriteText(json, ConfigurationKeys.SourcePath, source.Path);
            WriteText(json, ConfigurationKeys.SourceName, source.Name);
            WriteTexts(json, ConfigurationKeys.ExcludePatterns, source.ExcludePatterns);
            if (source.Ssh is { } ssh)
                WriteSsh(json, ssh);
            WriteText(json, ConfigurationKeys.PasswordFile, source.PasswordFile);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSsh(Utf8JsonWriter json, SshOptions ssh)
    {
        json.WriteStartObject(ConfigurationKeys.Ssh.Name);
        if (ssh.Port is { } port)
            json.WriteNumber(ConfigurationKeys.SshPort.Name, port);
        WriteText(json, ConfigurationKeys.IdentityFile, ssh.IdentityFile);
        WriteText(json, ConfigurationKeys.KnownHostsFile, ssh.KnownHostsFile);
        if (ssh.ConnectTimeout is { } timeout)
            WriteText(json, ConfigurationKeys.ConnectTimeout, DurationText.Format(timeout));
        json.WriteEndObject();
    }

    private static void WriteRsync(Utf8JsonWriter json, RsyncOptions rsync)
    {
        json.WriteStartObject(ConfigurationKeys.Rsync.Name);
        WriteText(json, ConfigurationKeys.LocalDestination, rsync.LocalDestination);
        json.WriteBoolean(ConfigurationKeys.DeleteExtraneous.Name, rsync.DeleteExtraneous);
        json.WriteStartArray(ConfigurationKeys.ExcludePatterns.Name);
        foreach (string pattern in rsync.ExcludePatterns)
            json.WriteStringValue(ConfigurationText.WellFormed(pattern));
        json.WriteEndArray();
        json.WriteBoolean(ConfigurationKeys.HardLinks.Name, rsync.HardLinks);
        WriteTexts(json, ConfigurationKeys.IncludePatterns, rsync.IncludePatterns);
        WriteTexts(json, ConfigurationKeys.PatternFiles, rsync.PatternFiles);
        WriteFlag(json, ConfigurationKeys.DeleteExcluded, rsync.DeleteExcluded);
        if (rsync.OnPartial != default)
            WriteText(json, ConfigurationKeys.OnPartial, ConfigurationKeys.NameOf(rsync.OnPartial));
        WriteFlag(json, ConfigurationKeys.Acls, rsync.Acls);
        WriteFlag(json, ConfigurationKeys.ExtendedAttributes, rsync.ExtendedAttributes);
        WriteFlag(json, ConfigurationKeys.Checksum, rsync.Checksum);
        if (rsync.ChecksumEvery is { } every)
            WriteText(json, ConfigurationKeys.ChecksumEvery, DurationText.Format(every));
        if (rsync.BandwidthLimit is { } bytes)
            json.WriteNumber(ConfigurationKeys.BandwidthLimit.Name, bytes);
        WriteFlag(json, ConfigurationKeys.NumericIds, rsync.NumericIds);
        WriteFlag(json, ConfigurationKeys.Inplace, rsync.Inplace);
        WriteFlag(json, ConfigurationKeys.Sparse, rsync.Sparse);
        WriteTexts(json, ConfigurationKeys.ExtraArguments, rsync.ExtraArguments);
        if (rsync.MaxDelete.Count is { } count)
            json.WriteNumber(ConfigurationKeys.MaxDelete.Name, count);
        else if (rsync.MaxDelete != DeleteLimit.Default)
            WriteText(json, ConfigurationKeys.MaxDelete, rsync.MaxDelete.ToString());
        WriteFlag(json, ConfigurationKeys.RequireMountPoint, rsync.RequireMountPoint);
        WriteText(json, ConfigurationKeys.RsyncPath, rsync.RsyncPath);
        WriteSyncToS3(json, rsync.SyncToS3);
        json.WriteEndObject();
    }

    private static void WriteSyncToS3(Utf8JsonWriter json, S3SyncOptions syncToS3)
    {
        S3SyncOptions defaults = new();
        json.WriteStartObject(ConfigurationKeys.SyncToS3.Name);
        json.WriteBoolean(ConfigurationKeys.Enabled.Name, syncToS3.Enabled);
        WriteText(json, ConfigurationKeys.StorageClass, syncToS3.StorageClass);
        WriteText(json, ConfigurationKeys.S3Prefix, syncToS3.S3Prefix);
        WriteNumber(json, ConfigurationKeys.KeepLast, syncToS3.KeepLast);
        WriteNumber(json, ConfigurationKeys.KeepDaily, syncToS3.KeepDaily);
        WriteNumber(json, ConfigurationKeys.KeepWeekly, syncToS3.KeepWeekly);
        WriteNumber(json, ConfigurationKeys.KeepMonthly, syncToS3.KeepMonthly);
        WriteNumber(json, ConfigurationKeys.KeepYearly, syncToS3.KeepYearly);
        json.WriteBoolean(ConfigurationKeys.DeleteFromS3.Name, syncToS3.DeleteFromS3);
        if (syncToS3.SyncMode != defaults.SyncMode)
            WriteText(json, ConfigurationKeys.SyncMode, ConfigurationKeys.NameOf(syncToS3.SyncMode));
        if (syncToS3.ReconcileEvery != defaults.ReconcileEvery)
            WriteText(json, ConfigurationKeys.ReconcileEvery, DurationText.Format(syncToS3.ReconcileEvery));
        WriteNumber(json, ConfigurationKeys.ThrottleLimit, syncToS3.ThrottleLimit);
        WriteText(json, ConfigurationKeys.SmallObjectStorageClass, syncToS3.SmallObjectStorageClass);
        if (syncToS3.DirectoryMarkers != defaults.DirectoryMarkers)
            WriteText(json, ConfigurationKeys.DirectoryMarkers, ConfigurationKeys.NameOf(syncToS3.DirectoryMarkers));
        WriteTexts(json, ConfigurationKeys.ExcludePatterns, syncToS3.ExcludePatterns);
        WriteTags(json, syncToS3.Tags);
        if (syncToS3.BandwidthLimit is { } bytes)
            json.WriteNumber(ConfigurationKeys.BandwidthLimit.Name, bytes);
        if (syncToS3.Timeout != defaults.Timeout)
            WriteText(json, ConfigurationKeys.Timeout, DurationText.Format(syncToS3.Timeout));
        json.WriteEndObject();
    }

    private static void WriteDestination(Utf8JsonWriter json, S3Destination destination)
    {
        json.WriteStartObject(ConfigurationKeys.Destination.Name);
        WriteText(json, ConfigurationKeys.Bucket, destination.Bucket);
        WriteText(json, ConfigurationKeys.Region, destination.Region);
        WriteText(json, ConfigurationKeys.EndpointUrl, destination.EndpointUrl);
        if (destination.ForcePathStyle is { } forcePathStyle)
            json.WriteBoolean(ConfigurationKeys.ForcePathStyle.Name, forcePathStyle);
        if (destination.ChecksumMode != S3ChecksumMode.WhenSupported)
            WriteText(json, ConfigurationKeys.ChecksumMode, ConfigurationKeys.NameOf(destination.ChecksumMode));
        WriteText(json, ConfigurationKeys.Profile, destination.Profile);
        if (destination.Encryption is { } encryption)
            WriteEncryption(json, encryption);
        WriteText(json, ConfigurationKeys.ExpectedBucketOwner, destination.ExpectedBucketOwner);
        json.WriteEndObject();
    }

    private static void WriteTags(Utf8JsonWriter json, IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count == 0)
            return;
        json.WriteStartObject(ConfigurationKeys.Tags.Name);
        foreach ((string name, string value) in tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))
            json.WriteString(ConfigurationText.WellFormed(name), ConfigurationText.WellFormed(value));
        json.WriteEndObject();
    }

    private static void WriteEncryption(Utf8JsonWriter json, S3Encryption encryption)
    {
        json.WriteStartObject(ConfigurationKeys.Encryption.Name);
        WriteText(json, ConfigurationKeys.EncryptionMode, ConfigurationKeys.NameOf(encryption.Mode));
        WriteText(json, ConfigurationKeys.KmsKeyId, encryption.KmsKeyId);
        if (encryption.BucketKey is { } bucketKey)
            json.WriteBoolean(ConfigurationKeys.BucketKey.Name, bucketKey);
        json.WriteEndObject();
    }

    private static void WriteSchedule(Utf8JsonWriter json, BackupScheduleOptions schedule)
    {
        json.WriteStartObject(ConfigurationKeys.Schedule.Name);
        WriteText(json, ConfigurationKeys.CronExpression, schedule.CronExpression);
        WriteText(json, ConfigurationKeys.Timezone, schedule.Timezone);
        json.WriteEndObject();
    }

    private static void WriteHooks(Utf8JsonWriter json, HookOptions hooks)
    {
        json.WriteStartObject(ConfigurationKeys.Hooks.Name);
        WriteHook(json, ConfigurationKeys.BeforeHook, hooks.Before);
        WriteHook(json, ConfigurationKeys.AfterSuccessHook, hooks.AfterSuccess);
        WriteHook(json, ConfigurationKeys.AfterFailureHook, hooks.AfterFailure);
        WriteHook(json, ConfigurationKeys.FinallyHook, hooks.Finally);
        json.WriteEndObject();
    }

    private static void WriteHook(Utf8JsonWriter json, ConfigurationKey key, HookCommand? hook)
    {
        if (hook is null)
            return;
        json.WriteStartObject(key.Name);
        WriteTexts(json, ConfigurationKeys.HookProgram, hook.Command);
        WriteText(json, ConfigurationKeys.HookScript, hook.Script);
        if (hook.Timeout != HookCommand.DefaultTimeout)
            WriteText(json, ConfigurationKeys.Timeout, DurationText.Format(hook.Timeout));
        json.WriteEndObject();
    }

    private static void WriteNotifications(Utf8JsonWriter json, IReadOnlyList<NotificationOptions> notifications)
    {
        if (notifications.Count == 0)
            return;
        json.WriteStartArray(ConfigurationKeys.Notifications.Name);
        foreach (NotificationOptions notification in notifications)
            WriteNotification(json, notification);
        json.WriteEndArray();
    }

    private static void WriteNotification(Utf8JsonWriter json, NotificationOptions notification)
    {
        json.WriteStartObject();
        WriteText(json, ConfigurationKeys.NotificationType, ConfigurationKeys.NameOf(notification.Type));
        WriteTexts(json, ConfigurationKeys.NotificationOn, [.. notification.On.Select(ConfigurationKeys.NameOf)]);
        if (notification.Format != NotificationFormat.Json)
            WriteText(json, ConfigurationKeys.NotificationFormat, ConfigurationKeys.NameOf(notification.Format));
        WriteText(json, ConfigurationKeys.Url, notification.Url);
        WriteText(json, ConfigurationKeys.UrlVariable, notification.UrlVariable);
        WriteText(json, ConfigurationKeys.UrlSecret, notification.UrlSecret);
        WriteText(json, ConfigurationKeys.SmtpServer, notification.SmtpServer);
        WriteNumber(json, ConfigurationKeys.SmtpPort, notification.SmtpPort);
        if (notification.SmtpSecurity != SmtpSecurity.StartTls)
            WriteText(json, ConfigurationKeys.SmtpSecurity, ConfigurationKeys.NameOf(notification.SmtpSecurity));
        WriteText(json, ConfigurationKeys.MailFrom, notification.From);
        WriteTexts(json, ConfigurationKeys.MailTo, notification.To);
        WriteText(json, ConfigurationKeys.UserName, notification.UserName);
        WriteText(json, ConfigurationKeys.PasswordVariable, notification.PasswordVariable);
        WriteText(json, ConfigurationKeys.PasswordSecret, notification.PasswordSecret);
        WriteText(json, ConfigurationKeys.SecretVault, notification.SecretVault);
        WriteFlag(json, ConfigurationKeys.AllowInsecure, notification.AllowInsecure);
        if (notification.Timeout != NotificationOptions.DefaultTimeout)
            WriteText(json, ConfigurationKeys.Timeout, DurationText.Format(notification.Timeout));
        json.WriteEndObject();
    }

    private static void WriteRetry(Utf8JsonWriter json, RetryOptions retry)
    {
        json.WriteStartObject(ConfigurationKeys.Retry.Name);
        WriteNumber(json, ConfigurationKeys.RetryAttempts, retry.Attempts);
        WriteText(json, ConfigurationKeys.RetryDelay, DurationText.Format(retry.Delay));
        json.WriteEndObject();
    }

    private static void WriteLog(Utf8JsonWriter json, LogOptions log)
    {
        if (log == new LogOptions())
            return;
        json.WriteStartObject(ConfigurationKeys.Log.Name);
        WriteFlag(json, ConfigurationKeys.SystemLog, log.System);
        json.WriteEndObject();
    }

    private static void WriteFlag(Utf8JsonWriter json, ConfigurationKey key, bool value)
    {
        if (value)
            json.WriteBoolean(key.Name, true);
    }

    private static void WriteNumber(Utf8JsonWriter json, ConfigurationKey key, int? value)
    {
        if (value is { } number)
            json.WriteNumber(key.Name, number);
    }

    private static void WriteTexts(Utf8JsonWriter json, ConfigurationKey key, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return;
        json.WriteStartArray(key.Name);
        foreach (string value in values)
            json.WriteStringValue(ConfigurationText.WellFormed(value));
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, ConfigurationKey key, string? value)
    {
        if (value is not null)
            json.WriteString(key.Name, ConfigurationText.WellFormed(value));
    }

    /// <summary>Equal for equal settings.</summary>
    public static string Hash(BackupConfiguration configuration) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson(configuration)))).ToLowerInvariant();
}
