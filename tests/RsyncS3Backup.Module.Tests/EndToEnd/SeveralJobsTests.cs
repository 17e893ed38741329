using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Every way in which a configuration reaches the cmdlets.</summary>
[Trait("Category", "Slow")]
public sealed partial class SeveralJobsTests : EndToEndTest
{
    public static TheoryData<string> WaysToGiveTwoJobs() =>
    [
        "Invoke-RsyncToS3Backup -ConfigPath $Photos, $Music @keys",
        "Invoke-RsyncToS3Backup $Folder/*.json @keys",
        "$Photos, $Music | Invoke-RsyncToS3Backup @keys",
        "Import-BackupConfiguration $Photos, $Music | Invoke-RsyncToS3Backup @keys",
        "Invoke-RsyncToS3Backup -Config (Import-BackupConfiguration $Photos), $Music @keys",
        "[System.IO.FileInfo[]]($Photos, $Music) | Invoke-RsyncToS3Backup @keys",
    ];

    [Theory]
    [MemberData(nameof(WaysToGiveTwoJobs))]
    public void Two_jobs_run_one_after_the_other(string command)
    {
        string photos = WriteJob();
        string music = WriteJobNamed("music");

        SessionResult result = Session.Run(
            "param($Photos, $Music, $Folder) " + command, photos, music, Path.GetDirectoryName(photos)).ThrowOnError();

        Assert.Equal(["music Succeeded", "photos Succeeded"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}").Order(StringComparer.Ordinal));
        Assert.Equal(Files(Source), Objects());
        Assert.Equal(Files(Source), Objects("rsync/music/"));
        Assert.Equal(2, result.Objects.Select(item => item.Text("RunId")).Distinct().Count());
        Assert.All(result.Objects, item => Assert.True(File.Exists(item.Text("LogPath"))));
    }

    [Fact]
    public void Two_stage_1_results_reach_stage_2_each_with_its_own_settings()
    {
        string[] jobs = [WriteJob(), WriteJobNamed("music", ("options.rsync.syncToS3.storageClass", "GLACIER_IR"))];

        SessionResult result = Session.Run(
            "param($Paths) Invoke-RsyncStage -ConfigPath $Paths | Invoke-S3SyncStage @keys", (object)jobs).ThrowOnError();

        Assert.Equal(["photos rsync/photos/ STANDARD", "music rsync/music/ GLACIER_IR"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("KeyPrefix")} {item.Text("StorageClass")}"));
        Assert.Equal(Files(Source), Objects("rsync/music/"));
    }

    [Theory]
    [InlineData("@{")]
    [InlineData("[pscustomobject]@{")]
    [InlineData("[ordered]@{")]
    public void A_job_made_in_the_session_runs(string kind)
    {
        SessionResult result = Session.Run(
            $$"""
            param($Source, $Mirror, $Endpoint)
            $job = {{kind}}
                name = 'photos'
                sources = @(@{ path = $Source })
                options = {{kind}} rsync = {{kind}} localDestination = $Mirror; syncToS3 = {{kind}} storageClass = 'STANDARD_IA' } } }
                destination = {{kind}} bucket = 'my-backups'; region = 'us-east-1'; endpointUrl = $Endpoint }
            }
            Invoke-RsyncToS3Backup -Config $job @keys
            """,
            Source, Mirror, Server.Endpoint.GetLeftPart(UriPartial.Authority)).ThrowOnError();

        Assert.Equal("Succeeded", Assert.Single(result.Objects).Text("Status"));
        Assert.Equal(Files(Source), Objects());
        Assert.All(Sent(), item => Assert.Equal("STANDARD_IA", item.StorageClass));
    }

    [Fact]
    public void The_example_of_the_documentation_runs()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "configuration.md"));
        JsonObject job = (JsonObject)JsonNode.Parse(JsonBlock().Match(page).Groups[1].Value)!;
        job["sources"]![0]!["path"] = Source;
        job["options"]!["rsync"]!["localDestination"] = Mirror;
        job["destination"]!["endpointUrl"] = Server.Endpoint.GetLeftPart(UriPartial.Authority);
        WriteFile("source/.DS_Store", "excluded");
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "a.txt");

        string path = WriteFile("example.json", job.ToJsonString());
        Assert.Equal("Succeeded", BackupWell(path).Text("Status"));

        Assert.Equal(["100% + é.txt", "a.txt", "b.txt", "link"], Objects().Keys.Select(key => Path.GetFileName(key)).Order(StringComparer.Ordinal));
        Assert.All(Sent("rsync/photos/"), item => Assert.Equal("STANDARD_IA", item.StorageClass));
        File.Delete(Path.Combine(Source, "a.txt"));
        BackupWell(path);
        Assert.DoesNotContain("a.txt", Objects().Keys);
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
