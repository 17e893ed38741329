using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>What -PlanOnly says, and that it does nothing.</summary>
public sealed class PlanOnlyTests : EndToEndTest
{
    [Fact]
    public void A_plan_says_what_the_run_then_does_and_makes_nothing()
    {
        string job = WriteJob();

        PSObject plan = Plan(job);

        Assert.Equal("RsyncS3Backup.BackupPlan", plan.TypeNames[0]);
        Assert.Equal(
            ("Succeeded", 3, 3 + 1, "Reconcile"),
            (plan.Text("Status"), plan.Number("Stage2.Created"), plan.Number("Stage2.Requests.Put"), plan.Text("Stage2.SyncMode")));
        Assert.False(Directory.Exists(Mirror));
        Assert.False(Directory.Exists(StateRoot));
        Assert.Empty(Objects());
        Assert.Equal(plan.Number("Stage2.Requests.Put"), BackupWell(job).Number("Stage2.Requests.Put"));
        Assert.Equal((0, "Journal"), (Plan(job).Number("Stage2.Requests.Total"), Plan(job).Text("Stage2.SyncMode")));
    }

    [Fact]
    public void A_guard_that_would_refuse_is_in_the_plan_and_not_in_the_error_stream()
    {
        string job = WriteJob();
        BackupWell(job);
        File.Delete(Folder.File("source/a.txt"));

        PSObject plan = Plan(job, "-MaxDelete 0");

        Assert.Equal(
            ("Failed", "DeleteLimitExceeded", "Refused", "Skipped"),
            (plan.Text("Status"), plan.Text("Error.Id"), plan.Text("ExitCode"), plan.Text("Stage2.Status")));
        Assert.Contains("a.txt", Files(Mirror).Keys);
    }

    [Fact]
    public void WhatIf_and_Confirm_do_not_keep_a_plan_from_being_made()
    {
        string job = WriteJob();

        Assert.Equal(3, Plan(job, "-WhatIf").Number("Stage2.Created"));
        Assert.Equal(3, Plan(job, "-Confirm").Number("Stage2.Created"));
    }

    private PSObject Plan(string job, string parameters = "") => Assert.Single(
        Session.Run($"param($Path) Invoke-RsyncToS3Backup $Path @keys -PlanOnly {parameters}", job).ThrowOnError().Objects);
}
