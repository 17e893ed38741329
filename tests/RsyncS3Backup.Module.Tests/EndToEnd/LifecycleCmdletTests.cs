using System.Management.Automation;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The lifecycle rules of a job as a user sees and writes them.</summary>
public sealed class LifecycleCmdletTests : EndToEndTest
{
    private const string Key = "options.rsync.syncToS3.lifecycle";

    private const string Foreign =
        "<LifecycleConfiguration><Rule><ID>theirs</ID><Prefix>rsync/</Prefix><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";

    [Fact]
    public void Rules_are_written_shown_and_removed()
    {
        string job = WriteJob((Key, JsonNode.Parse("""{ "transitions": [{ "afterDays": 90, "storageClass": "GLACIER_IR" }] }""")));

        Assert.Equal(["Missing", "Missing"], Statuses(job));
        Assert.Empty(Run("Set-BackupLifecycle", job).ThrowOnError().Objects);
        Assert.Equal(["InPlace", "InPlace"], Statuses(job));
        Assert.Empty(Run("Set-BackupLifecycle", job).ThrowOnError().Objects);
        Assert.Empty(Run("Remove-BackupLifecycle", job).ThrowOnError().Objects);
        Assert.Null(Server.Store.FindLifecycle(BucketName));
        Assert.Equal(1, Server.Requests["PutBucketLifecycleConfiguration"]);
    }

    [Fact]
    public void PassThru_emits_the_rules_as_they_are_then()
    {
        PSObject rule = Assert.Single(Session.Run("param($Path) Set-BackupLifecycle -ConfigPath $Path -PassThru @keys", WriteLeast()).ThrowOnError().Objects);

        Assert.Equal(("photos", "InPlace", BucketName, Prefix), (rule.Text("Name"), rule.Text("Status"), rule.Text("BucketName"), rule.Text("KeyPrefix")));
        Assert.Equal("unfinished uploads are given up after 7 days", ((IEnumerable<string>)rule.Read("Actions")!).Single());
    }

    [Fact]
    public void WhatIf_shows_the_lines_and_writes_nothing()
    {
        string screen = Session.Render("param($Path) Set-BackupLifecycle -ConfigPath $Path -WhatIf @keys", WriteLeast());

        Assert.Contains("Change the lifecycle rules of bucket 'my-backups':", screen, StringComparison.Ordinal);
        Assert.Contains("+     unfinished uploads are given up after 7 days", screen, StringComparison.Ordinal);
        Assert.Equal(0, Server.Requests["PutBucketLifecycleConfiguration"]);
    }

    [Fact]
    public void Answering_no_writes_nothing()
    {
        Session.Host.Answer = "No";

        Session.Run("param($Path) Set-BackupLifecycle -ConfigPath $Path -Confirm -PassThru @keys", WriteLeast()).ThrowOnError();

        Assert.Single(Session.Host.Questions);
        Assert.Null(Server.Store.FindLifecycle(BucketName));
    }

    [Fact]
    public void A_rule_of_somebody_else_that_deletes_objects_of_the_job_is_a_warning_and_a_problem()
    {
        Server.Store.SetLifecycle(BucketName, Foreign);
        string job = WriteLeast();

        SessionResult result = Run("Set-BackupLifecycle", job).ThrowOnError();
        PSObject foreign = List(job)[^1];

        Assert.Contains("'theirs'", Assert.Single(result.Warnings), StringComparison.Ordinal);
        Assert.Equal(("Foreign", "theirs"), (foreign.Text("Status"), foreign.Text("RuleId")));
        Assert.StartsWith("It deletes objects of the job after 30 days", foreign.Text("Problem"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_without_lifecycle_and_one_without_a_bucket_are_errors()
    {
        Assert.Equal(["LifecycleNotConfigured"], Run("Set-BackupLifecycle", WriteJob()).ErrorIds());
        Assert.Equal(["NoS3Copy"], Run("Get-BackupLifecycle", WriteJob(("options.rsync.syncToS3.enabled", false))).ErrorIds());
    }

    [Fact]
    public void Jobs_come_by_name_and_meet_one_another()
    {
        WriteLeast();
        WriteJobNamed("all", ("options.rsync.syncToS3.s3Prefix", "rsync/"), (Key, new JsonObject()));

        Assert.Equal(["LifecycleOverlap"], Session.Run("Set-BackupLifecycle photos @keys").ErrorIds());
        Assert.Equal(["Missing", "Missing"], Session.Run("Get-BackupJob | Get-BackupLifecycle @keys").ThrowOnError().Objects.Select(rule => rule.Text("Status")));
    }

    [Fact]
    public void A_job_that_gets_another_name_is_told_of_the_rules_of_the_old_one()
    {
        Run("Set-BackupLifecycle", WriteLeast()).ThrowOnError();

        SessionResult renamed = Session.Run("Rename-BackupJob photos pictures").ThrowOnError();
        Session.Run("$old = Get-BackupLifecycle pictures @keys | Where-Object Status -EQ Foreign; Remove-BackupLifecycle pictures -RuleId $old.RuleId @keys").ThrowOnError();
        SessionResult written = Session.Run("Set-BackupLifecycle pictures -PassThru @keys").ThrowOnError();

        Assert.Contains("-RuleId", Assert.Single(renamed.Warnings), StringComparison.Ordinal);
        Assert.Equal("InPlace", Assert.Single(written.Objects).Text("Status"));
    }

    [Fact]
    public void A_restore_says_beforehand_what_has_to_be_retrieved()
    {
        string job = WriteJob();
        BackupWell(job);
        Server.Store.Move(BucketName, Prefix + "a.txt", "GLACIER");
        const string command = "param($Path, $To) Restore-Backup -ConfigPath $Path -From S3 -Destination $To @keys";

        string shown = Session.Render(command + " -WhatIf", job, Folder.File("to"));
        Assert.Equal(0, Server.Requests["RestoreObject"]);
        SessionResult asked = Session.Run(command + " -RequestRetrieval -Tier Bulk", job, Folder.File("to"));

        Assert.Contains("without what is archived: 1 object (5 B) of GLACIER in 1 to 5 minutes (Expedited, 0.01 USD)", shown, StringComparison.Ordinal);
        Assert.Contains(asked.Warnings, text => text.Contains("asked to bring back 1 object (5 B) of GLACIER in 5 to 12 hours (Bulk, less than 0.000001 USD)", StringComparison.Ordinal));
        Assert.Equal(1, Server.Requests["RestoreObject"]);
    }

    private string WriteLeast() => WriteJob((Key, new JsonObject()));

    private SessionResult Run(string command, string job) => Session.Run($"param($Path) {command} -ConfigPath $Path @keys", job);

    private IReadOnlyList<PSObject> List(string job) => [.. Run("Get-BackupLifecycle", job).ThrowOnError().Objects];

    private IEnumerable<string> Statuses(string job) => List(job).Select(rule => rule.Text("Status"));
}
