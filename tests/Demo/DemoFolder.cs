namespace Demo;

/// <summary>Where the demo works: source, mirror, state and the job's configuration, in a temporary folder that goes with it.</summary>
internal sealed class DemoFolder : IDisposable
{
    private DemoFolder(string root) => Root = root;

    public string Root { get; }

    public string Source => Path.Combine(Root, "data", "photos");

    public string Mirror => Path.Combine(Root, "drive", "photos");

    public string Restored => Path.Combine(Root, "restored");

    public string State => Path.Combine(Root, "state");

    public static DemoFolder Create()
    {
        DemoFolder folder = new(Directory.CreateTempSubdirectory("rsyncs3backup-demo-").FullName);
        Directory.CreateDirectory(folder.Source);
        Directory.CreateDirectory(Path.GetDirectoryName(folder.Mirror)!);
        return folder;
    }

    /// <summary>Writes the configuration, and gives its text.</summary>
    public string WriteJob(string bucket, string endpoint)
    {
        string json = $$"""
            {
              "backupType": "rsync-to-s3",
              "name": "photos",
              "sources": [{ "path": "{{Source}}" }],
              "options": {
                "rsync": {
                  "localDestination": "{{Mirror}}",
                  "deleteExtraneous": true,
                  "excludePatterns": [".DS_Store", "Thumbs.db"],
                  "hardLinks": true,
                  "syncToS3": {
                    "enabled": true,
                    "storageClass": "STANDARD_IA",
                    "s3Prefix": "rsync/photos/",
                    "deleteFromS3": true
                  }
                }
              },
              "destination": { "bucket": "{{bucket}}", "region": "us-east-1", "endpointUrl": "{{endpoint}}" },
              "schedule": { "cronExpression": "0 2 * * *", "timezone": "America/New_York" }
            }
            """;
        File.WriteAllText(Path.Combine(Root, "job.json"), json);
        return json;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
