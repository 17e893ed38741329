using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>-WhatIf and -Confirm:No of the cmdlets that work on what is there already: nothing of it changes.</summary>
[Trait("Category", "Slow")]
public sealed class ShouldProcessOfBackupsTests : EndToEndTest
{
    public static TheoryData<string> Commands() =>
    [
        "Register-BackupSchedule photos -Scheduler Cron -CronExpression '5 5 * * *'",
        "Unregister-BackupSchedule photos",
        "Enable-BackupSchedule photos",
        "Disable-BackupSchedule photos",
        "Start-BackupSchedule photos",
        "Test-BackupDue -Name photos -Claim",
        "Send-BackupNotification (Get-BackupHistory photos -Last 1) -WebhookUrl $Webhook",
        "Remove-BackupHistory photos",
        "Get-BackupHistory photos | Remove-BackupHistory",
        "Restore-Backup -Name photos -Destination $Target @keys",
        "Repair-Backup -Name photos @keys",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void WhatIf_changes_nothing(string command) => AssertUnchanged(command + " -WhatIf");

    [Theory]
    [MemberData(nameof(Commands))]
    public void Answering_no_changes_nothing(string command)
    {
        Session.Host.Answer = "No";

        AssertUnchanged(command + " -Confirm");

        Assert.NotEmpty(Session.Host.Questions);
    }

    private void AssertUnchanged(string command)
    {
        UseOwnSchedulers();
        JsonObject schedule = new() { ["cronExpression"] = "0 2 * * *", ["timezone"] = "UTC" };
        BackupWell(WriteJob(("schedule", schedule)));
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();
        // Something to repair.
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        SortedDictionary<string, string> files = Snapshot(), objects = Objects();
        string[] runs = Session.Texts("(Get-BackupHistory).RunId");

        SessionResult result = Session.Run(
            "param($Target, $Webhook) " + command, Folder.File("restored"), Server.Endpoint.GetLeftPart(UriPartial.Authority) + "/hook");

        Assert.Empty(result.Errors);
        Assert.Equal([], files.Except(Snapshot()));
        Assert.Equal([], Snapshot().Except(files));
        Assert.Equal(objects, Objects());
        Assert.Equal(runs, Session.Texts("(Get-BackupHistory).RunId"));
    }

    // Without the databases, which may be read, and what SQLite puts beside them then; and without logs, in which a repair tells what it found
    // in the copies before it asks.
    private SortedDictionary<string, string> Snapshot() => new(
        Tree(Folder.Path)
            .Where(file => !file.Key.Contains(".db", StringComparison.Ordinal) && !file.Key.EndsWith(".jsonl", StringComparison.Ordinal))
            .ToDictionary(),
        StringComparer.Ordinal);
}
