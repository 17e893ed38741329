using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Schedulers;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Names of files and answers of servers that hold what moves a terminal's cursor or turns text around.</summary>
public sealed class ShownTextTests
{
    private const string Evil = "a\u001b[2Jb\rc\nd\u009be\u202ef\u2066g\u2028h";
    private const string Shown = @"a\u001B[2Jb\u000Dc\u000Ad\u009Be\u202Ef\u2066g\u2028h";

    [Fact]
    public void Shows_what_is_no_character_to_read_as_what_it_is() => Assert.Equal(Shown, ShownText.Of(Evil));

    [Theory]
    [InlineData("plain")]
    [InlineData("Grüße 😀 日本語 ‘quoted’")]
    public void Leaves_text_as_it_is(string text) => Assert.Same(text, ShownText.Of(text));

    [Fact]
    public void Half_a_pair_is_no_character() => Assert.Equal(@"a\uD83Db", ShownText.Of("a\uD83Db"));

    [Fact]
    public void An_error_repeats_no_such_character()
    {
        BackupError error = BackupError.Make(
            "Id", BackupErrorCategory.ReadError, $"'{Evil}' cannot be read.", $"Look at '{Evil}'.", Evil, BackupExitCode.Stage1Failed);

        Assert.Equal(($"'{Shown}' cannot be read.", $"Look at '{Shown}'.", Evil), (error.Message, error.RecommendedAction, error.Target));
    }

    [Fact]
    public void A_warning_repeats_none()
    {
        StageReport report = new(context: null);

        report.Warning($"'{Evil}' vanished.");

        Assert.Equal([$"'{Shown}' vanished."], report.Warnings());
    }

    [Fact]
    public void What_goes_to_schedulers_has_one_line() => Assert.DoesNotContain(NativeNames.OneLine(Evil), character => character is '\n' or '\u001b' or '\u202e');
}
