using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>Which steps of an object's life S3 takes, by its user guide.</summary>
public sealed class LifecycleLimitsTests
{
    // The table of the page, with what it lists and what it rules out.
    [Theory]
    [InlineData("STANDARD", "STANDARD_IA INTELLIGENT_TIERING ONEZONE_IA GLACIER_IR GLACIER DEEP_ARCHIVE")]
    [InlineData("REDUCED_REDUNDANCY", "STANDARD_IA INTELLIGENT_TIERING ONEZONE_IA GLACIER_IR GLACIER DEEP_ARCHIVE")]
    [InlineData("STANDARD_IA", "INTELLIGENT_TIERING ONEZONE_IA GLACIER_IR GLACIER DEEP_ARCHIVE")]
    [InlineData("INTELLIGENT_TIERING", "ONEZONE_IA GLACIER_IR GLACIER DEEP_ARCHIVE")]
    [InlineData("ONEZONE_IA", "GLACIER DEEP_ARCHIVE")]
    [InlineData("GLACIER_IR", "GLACIER DEEP_ARCHIVE")]
    [InlineData("GLACIER", "DEEP_ARCHIVE")]
    [InlineData("DEEP_ARCHIVE", "")]
    public void Objects_go_down_the_waterfall_and_never_up(string from, string expected) =>
        Assert.Equal(
            expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            S3StorageClasses.All.Where(to => LifecycleLimits.CanMove(from, to)).Order());

    [Theory]
    [InlineData("STANDARD", "30:STANDARD_IA 60:GLACIER_IR 150:DEEP_ARCHIVE", null)]
    [InlineData("STANDARD", "1:GLACIER_IR", null)]
    [InlineData("STANDARD", "1:INTELLIGENT_TIERING 31:ONEZONE_IA", null)]
    [InlineData("STANDARD_IA", "1:GLACIER", null)]
    [InlineData("STANDARD", "90:GLACIER 91:DEEP_ARCHIVE", 92)]
    [InlineData("STANDARD", "150:DEEP_ARCHIVE 60:GLACIER_IR 30:STANDARD_IA", 151)]
    [InlineData("DEEP_ARCHIVE", "", 1)]
    public void What_S3_takes_is_good(string first, string steps, int? expires) =>
        Assert.Empty(LifecycleLimits.Find(first, Steps(steps), expires));

    [Theory]
    [InlineData("STANDARD", "29:STANDARD_IA", null, 0, "younger than 30 days", "at least 30 days for STANDARD_IA")]
    [InlineData("STANDARD", "29:ONEZONE_IA", null, 0, "younger than 30 days", "at least 30 days for ONEZONE_IA")]
    [InlineData("STANDARD", "30:STANDARD_IA 59:GLACIER", null, 1, "leaves objects in STANDARD_IA for at least 30 days", "at least 60 days")]
    [InlineData("STANDARD", "30:STANDARD_IA 59:ONEZONE_IA", null, 1, "leaves objects in STANDARD_IA", "at least 60 days")]
    [InlineData("STANDARD", "30:ONEZONE_IA 31:DEEP_ARCHIVE", null, 1, "leaves objects in ONEZONE_IA", "at least 60 days")]
    [InlineData("STANDARD", "90:GLACIER 120:GLACIER_IR", null, 1, "nothing from GLACIER to GLACIER_IR", "after GLACIER: DEEP_ARCHIVE")]
    [InlineData("STANDARD", "120:GLACIER_IR 90:GLACIER", null, 0, "nothing from GLACIER to GLACIER_IR", "after GLACIER: DEEP_ARCHIVE")]
    [InlineData("STANDARD", "90:GLACIER 90:DEEP_ARCHIVE", null, 1, "GLACIER is due after 90 days too", "another number of days")]
    [InlineData("STANDARD", "90:GLACIER 99:GLACIER", null, 1, "nothing from GLACIER to GLACIER", "after GLACIER: DEEP_ARCHIVE")]
    [InlineData("DEEP_ARCHIVE", "9:GLACIER", null, 0, "nothing from DEEP_ARCHIVE to GLACIER", "no step after DEEP_ARCHIVE")]
    [InlineData("GLACIER_IR", "9:GLACIER_IR", null, 0, "nothing from GLACIER_IR to GLACIER_IR", "after GLACIER_IR: GLACIER, DEEP_ARCHIVE")]
    [InlineData("STANDARD", "30:GLACIER", 30, 0, "nothing left to move", "fewer days than expireAfterDays")]
    public void What_S3_refuses_or_never_does_is_told_of_its_step(
        string first, string steps, int? expires, int index, string problem, string allowed)
    {
        (int found, string text, string right) = Assert.Single(LifecycleLimits.Find(first, Steps(steps), expires));

        Assert.Equal(index, found);
        Assert.Contains(problem, text, StringComparison.Ordinal);
        Assert.Contains(allowed, right, StringComparison.Ordinal);
    }

    private static LifecycleTransition[] Steps(string text) =>
    [
        .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(step => step.Split(':')).Select(step => new LifecycleTransition
        {
            AfterDays = int.Parse(step[0], System.Globalization.CultureInfo.InvariantCulture),
            StorageClass = step[1],
        }),
    ];
}
