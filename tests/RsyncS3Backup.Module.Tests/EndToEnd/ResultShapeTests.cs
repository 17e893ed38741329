using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>What results are for tables of others: flat properties, lists as text, and the webhook's document.</summary>
public sealed class ResultShapeTests : EndToEndTest
{
    [Theory]
    [InlineData("$result")]
    [InlineData("Get-BackupHistory photos")]
    public void A_run_has_flat_properties_for_the_columns_of_a_file(string command)
    {
        Session.Run("param($Path) $result = Invoke-RsyncToS3Backup $Path @keys", WriteJob()).ThrowOnError();

        // Script properties are read where there is a session.
        Dictionary<string, string> columns = Session.Texts(
            $"({command}).psobject.Properties.ForEach{{ \"$($_.Name)=$($_.Value)\" }}")
            .Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        string Of(string path) => Session.Texts($"({command}).{path}")[0];

        Assert.Equal(BucketName, columns["BucketName"]);
        Assert.Equal(Prefix, columns["KeyPrefix"]);
        Assert.Equal(Of("Stage1.Created"), columns["MirrorCreated"]);
        Assert.Equal(Of("Stage2.Created"), columns["S3Created"]);
        Assert.Equal(Of("Stage2.TransferredBytes"), columns["UploadedBytes"]);
        Assert.Equal(Of("Stage2.Requests.Total"), columns["Requests"]);
        Assert.Equal(Of("Stage2.EstimatedRequestCost"), columns["RequestCost"]);
        Assert.Equal(Environment.MachineName, columns["HostName"]);
        Assert.Equal("0", columns["FailedEntries"]);
        Assert.Equal("", columns["ErrorId"]);
        Assert.NotEqual("0", columns["DurationSeconds"]);
    }

    [Fact]
    public void A_failed_run_names_its_error_in_a_column()
    {
        Backup(WriteJob(("sources", Sources(Folder.File("gone")))));

        Assert.Equal(["SourceMissing"], Session.Texts("(Get-BackupHistory photos).ErrorId"));
    }

    [Fact]
    public void The_text_of_a_list_is_that_of_its_items()
    {
        string other = Folder.Folder("other");
        WriteJob(("sources", Sources(Source, other)));

        Assert.Equal([$"{Source}; {other}"], Session.Texts("(Get-BackupJob photos).Source.ToString()"));
        Assert.Equal([""], Session.Texts("(Get-BackupJob photos).Problems.ToString()"));
    }

    [Theory]
    [InlineData("$result", "success")]
    [InlineData("$result.Stage1", "success")]
    [InlineData("$result.Stage2", "success")]
    [InlineData("Get-BackupHistory photos", "success")]
    [InlineData("Test-Backup photos @keys", "success")]
    public void ToJson_gives_the_document_of_webhooks(string command, string kind)
    {
        Session.Run("param($Path) $result = Invoke-RsyncToS3Backup $Path @keys", WriteJob()).ThrowOnError();

        JsonNode document = JsonNode.Parse(Session.Texts($"({command}).ToJson()")[0])!;

        Assert.Equal(1, (int)document["schemaVersion"]!);
        Assert.Equal(kind, (string?)document["event"]);
        Assert.Equal("photos", (string?)document["name"]);
        Assert.Equal("Succeeded", (string?)document["status"]);
    }
}
