using System.Globalization;
using System.Text.Json.Nodes;
using RsyncS3Backup.Core.Tests.Support;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>Jobs as JSON, and the repository's own files.</summary>
internal static class ConfigurationSamples
{
    public const string Least =
        """
        {
          "name": "photos",
          "sources": [{ "path": "/data/photos" }],
          "options": { "rsync": { "localDestination": "/mnt/mirror" } },
          "destination": { "bucket": "my-backups" }
        }
        """;

    /// <summary>As <see cref="Full"/>, with what goes only without dated snapshots, or without other keys.</summary>
    public static string Undated { get; } = Full
        .Replace("rsync/{yyyy-MM-dd}/", "rsync/everything/", StringComparison.Ordinal)
        .Replace("\"keepLast\": 3,", "\"deleteAfter\": \"30d\",", StringComparison.Ordinal)
        .Replace("\"keepDaily\": 7,", "", StringComparison.Ordinal)
        .Replace("\"keepWeekly\": 4,", "", StringComparison.Ordinal)
        .Replace("\"keepMonthly\": 12,", "", StringComparison.Ordinal)
        .Replace("\"keepYearly\": 5,", "", StringComparison.Ordinal)
        .Replace("\"onPartial\": \"continue\",", "\"drives\": 2,", StringComparison.Ordinal)
        .Replace("\"hardLinks\": true,", "", StringComparison.Ordinal)
        .Replace("[\"--one-file-system\", \"--timeout=600\"]", "[\"--timeout=600\"]", StringComparison.Ordinal);

    /// <summary>Every key but those that go only without dated snapshots or other keys, none with its default.</summary>
    public const string Full =
        """
        {
          "$schema": "./backup-job.schema.json",
          "name": "everything",
          "backupType": "rsync-to-s3",
          "sources": [{ "path": "/data/photos", "name": "pictures", "excludePatterns": ["raw/"] }, { "path": "/data/music" },
            {
              "path": "me@nas.example.com:/volume1/video",
              "ssh": { "port": 2222, "identityFile": "/keys/id", "knownHostsFile": "/keys/hosts", "connectTimeout": "10s" }
            },
            { "path": "rsync://me@nas.example.com:8730/books", "passwordFile": "/keys/rsyncd" }],
          "options": {
            "rsync": {
              "localDestination": "/mnt/mirror",
              "deleteExtraneous": true,
              "excludePatterns": [".DS_Store", "*.tmp"],
              "includePatterns": ["*/", "*.jpg"],
              "patternFiles": ["/etc/backup/exclude.txt"],
              "deleteExcluded": true,
              "onPartial": "continue",
              "ownership": "fakeSuper",
              "hardLinks": true,
              "acls": true,
              "extendedAttributes": true,
              "checksum": true,
              "checksumEvery": "30d",
              "bandwidthLimit": "10MiB",
              "numericIds": true,
              "inplace": true,
              "sparse": true,
              "extraArguments": ["--one-file-system", "--timeout=600"],
              "maxDelete": "25%",
              "maxChange": "60% or 500",
              "requireMountPoint": true,
              "whenAbsent": "skip",
              "wakeWait": "90s",
              "rsyncPath": "/opt/bin/rsync",
              "syncToS3": {
                "enabled": true,
                "storageClass": "GLACIER_IR",
                "s3Prefix": "rsync/{yyyy-MM-dd}/",
                "keepLast": 3,
                "keepDaily": 7,
                "keepWeekly": 4,
                "keepMonthly": 12,
                "keepYearly": 5,
                "deleteFromS3": true,
                "syncMode": "reconcile",
                "reconcileEvery": "12h",
                "throttleLimit": 32,
                "smallObjectStorageClass": "STANDARD",
                "checksumAlgorithm": "SHA256",
                "directoryMarkers": "all",
                "excludePatterns": ["*.iso"],
                "tags": { "team": "photos" },
                "bandwidthLimit": "08:00 1MiB, 18:00 4MiB, 23:00 off",
                "maxUpload": "20GiB",
                "timeout": "1h",
                "lifecycle": {
                  "transitions": [{ "afterDays": 365, "storageClass": "DEEP_ARCHIVE" }],
                  "smallestSize": 4096,
                  "noncurrentVersions": {
                    "expireAfterDays": 180,
                    "keepNewest": 3,
                    "transitions": [{ "afterDays": 30, "storageClass": "DEEP_ARCHIVE" }]
                  },
                  "abortUnfinishedUploadsAfterDays": 3
                },
                "archivedAttributes": "upload",
                "protection": { "requireVersioning": true, "objectLock": { "mode": "compliance", "days": 90, "renew": false } }
              }
            }
          },
          "destination": {
            "bucket": "my-backups",
            "region": "default",
            "endpointUrl": "https://s3.example.com:8443",
            "forcePathStyle": true,
            "checksumMode": "whenRequired",
            "profile": "backup",
            "encryption": { "mode": "SSE-KMS", "kmsKeyId": "alias/backup", "bucketKey": true },
            "expectedBucketOwner": "123456789012",
            "useDualStack": false,
            "useFips": false,
            "useAccelerate": false,
            "requesterPays": true
          },
          "schedule": { "cronExpression": "30 2 * * MON-FRI", "timezone": "Europe/Berlin" },
          "maxAge": "8d",
          "stopAt": "07:00",
          "keepAwake": true,
          "tests": [
            { "level": "checksums", "cron": "0 4 * * SUN", "maxAge": "20d" },
            { "level": "restore", "samplePercent": 0.5, "every": "30d" }
          ],
          "hooks": {
            "before": { "command": ["pg_dump", "--file=/data/shop.sql", "shop"], "timeout": "5m" },
            "afterSuccess": { "script": "/etc/backup/after.ps1" },
            "afterFailure": { "command": ["/usr/local/bin/alarm"] },
            "finally": { "command": ["/usr/bin/systemctl", "start", "shop"] }
          },
          "notifications": [
            { "type": "webhook", "on": ["failure"], "format": "slack", "urlVariable": "BACKUP_SLACK" },
            { "type": "webhook", "url": "http://intranet:8080/backups", "allowInsecure": true, "timeout": "30s" },
            { "type": "ping", "urlSecret": "ping", "secretVault": "backup" },
            {
              "type": "email", "smtpServer": "smtp.example.com", "smtpPort": 2525, "smtpSecurity": "tls", "from": "backup@example.com",
              "to": ["me@example.com", "Them <them@example.com>"], "userName": "backup", "passwordVariable": "SMTP_PASSWORD"
            },
            {
              "type": "email", "smtpServer": "::1", "smtpSecurity": "none", "from": "a@b", "to": ["c@d"], "userName": "backup",
              "passwordSecret": "smtp"
            }
          ],
          "historyRetention": "90d",
          "retry": { "attempts": 5, "delay": "2m" },
          "log": { "system": true },
          "metrics": { "path": "/var/lib/prometheus/node-exporter" },
          "prices": {
            "currency": "EUR",
            "table": "none",
            "storage": { "STANDARD": 0.0059, "STANDARD_IA": 0.004 },
            "putRequests": { "STANDARD": 0.005 },
            "getRequests": { "STANDARD": 0.0004 },
            "retrieval": { "STANDARD_IA": 0.01, "GLACIER/Bulk": 0.002 },
            "retrievalRequests": { "GLACIER": 0.05 },
            "transferOut": 0.01,
            "minimumDays": { "STANDARD_IA": 30 }
          }
        }
        """;

    public static string RepositoryFile(string relativePath) => File.ReadAllText(Repository.Path(relativePath));

    /// <summary>The full job with the value at a path such as <c>$.sources[0].path</c> replaced; null removes the key.</summary>
    public static string With(string jsonPath, string? value)
    {
        JsonNode root = JsonNode.Parse(Full)!;
        string[] parts = jsonPath[2..].Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.');
        JsonNode parent = root;
        foreach (string part in parts[..^1])
            parent = parent is JsonArray list ? list[int.Parse(part, CultureInfo.InvariantCulture)]! : parent[part]!;
        if (parent is JsonArray array)
            array[int.Parse(parts[^1], CultureInfo.InvariantCulture)] = JsonNode.Parse(value!);
        else if (value is null)
            parent.AsObject().Remove(parts[^1]);
        else
            parent[parts[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();
    }
}
