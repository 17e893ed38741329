using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

public sealed class ScheduleCmdletTests : EndToEndTest
{
    [Fact]
    public void Occurrences_of_an_expression_say_what_clock_changes_do_to_them()
    {
        SessionResult result = Session.Run(
            "Get-BackupScheduleOccurrence '30 2 * * *' 'eastern standard time' -After 2026-03-07T12:00Z -Count 2").ThrowOnError();

        Assert.Equal(["2026-03-08 03:00 -04:00", "2026-03-09 02:30 -04:00"], result.Objects.Select(item => item.ToString()));
        Assert.Contains("02:30 does not exist", result.Objects[0].Text("Note"), StringComparison.Ordinal);
        Assert.Equal(["America/New_York", "America/New_York"], result.Objects.Select(item => item.Text("TimeZone")));
    }

    [Fact]
    public void Occurrences_of_jobs_come_from_their_configurations_and_carry_their_names()
    {
        string job = WriteJob(("schedule", Schedule("0 2 * * *")));

        foreach (string command in (string[])["Get-BackupScheduleOccurrence -ConfigPath $Path -Count 1", "$Path | Get-BackupScheduleOccurrence -Count 1"])
            Assert.Equal(["photos"], Session.Run("param($Path) " + command, job).ThrowOnError().Objects.Select(item => item.Text("Name")));
    }

    [Theory]
    [InlineData("Get-BackupScheduleOccurrence '0 0 31 2 *'", "CronExpressionInvalid")]
    [InlineData("Get-BackupScheduleOccurrence '0 2 * * *' Europe/Berln", "TimeZoneUnknown")]
    [InlineData("Get-BackupScheduleOccurrence -ConfigPath $Path", "ScheduleMissing")]
    [InlineData("Test-BackupDue $Path", "ScheduleMissing")]
    [InlineData("Test-BackupDue $Path -CronExpression '0 2 * * *' -Claim -At 2026-01-01", "InvalidParameter")]
    public void What_cannot_be_answered_is_an_error(string command, string id) =>
        Assert.Equal([id], Session.Run("param($Path) " + command, WriteJob()).ErrorIds());

    [Fact]
    public void Looking_keeps_nothing_and_the_first_claim_finds_nothing_due()
    {
        string job = WriteJob(("schedule", Schedule("* * * * *")));

        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Quiet", job));
        Assert.False(Directory.Exists(Path.Combine(StateRoot, "photos")));
        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Claim -WhatIf -Quiet", job));
        Assert.False(Directory.Exists(Path.Combine(StateRoot, "photos")));

        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Claim -Quiet", job));
        Assert.True(File.Exists(Path.Combine(StateRoot, "photos", "schedule.json")));
    }

    [Fact]
    public void A_time_that_has_come_is_claimed_once()
    {
        string job = WriteJob(("schedule", Schedule("0 0 1 1 *")));
        Texts("Test-BackupDue $Path -Claim", job);
        SetBack();

        Assert.Equal(["True"], Texts("Test-BackupDue $Path -Quiet", job));
        Assert.Equal(["False"], Texts("Test-BackupDue $Path -NoCatchUp -Tolerance 5m -Quiet -At 2001-01-01T00:06Z", job));
        Assert.Equal(["True"], Texts("Test-BackupDue $Path -NoCatchUp -Tolerance 5m -Quiet -At 2001-01-01T00:04Z", job));
        Assert.Equal(["True", "False"], Texts("Test-BackupDue $Path -Claim -Quiet; Test-BackupDue $Path -Claim -Quiet", job));
    }

    [Fact]
    public void An_expression_and_a_zone_stand_before_those_of_the_configuration()
    {
        string job = WriteJob(("schedule", Schedule("0 2 * * *")));

        SessionResult result = Session.Run(
            "param($Path) Test-BackupDue $Path -CronExpression '0 5 * * *' -TimeZone Asia/Tokyo -At 2026-01-01T00:00Z", job).ThrowOnError();

        Assert.Equal("Asia/Tokyo", result.Objects.Single().Text("TimeZone"));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 5, 0, 0, TimeSpan.FromHours(9)), result.Objects.Single().Properties["NextOccurrence"].Value);
    }

    private static JsonObject Schedule(string expression) => new() { ["cronExpression"] = expression, ["timezone"] = "UTC" };

    private IReadOnlyList<string> Texts(string command, string job) =>
        [.. Session.Run("param($Path) " + command, job).ThrowOnError().Objects.Select(item => item.ToString())];

    // As if the last claim had been long ago.
    private void SetBack()
    {
        string file = Path.Combine(StateRoot, "photos", "schedule.json");
        JsonNode memory = JsonNode.Parse(File.ReadAllText(file))!;
        memory["settled"] = "2000-06-01T00:00:00+00:00";
        File.WriteAllText(file, memory.ToJsonString());
    }
}
