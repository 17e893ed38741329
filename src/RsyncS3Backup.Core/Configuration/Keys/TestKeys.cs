namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of each of <c>tests</c>.</summary>
internal sealed class TestKeys() : ConfigurationSection<TestOptions>(new TestOptions { Level = BackupTestLevel.Quick })
{
    protected override IEnumerable<ConfigurationKey<TestOptions>> MakeTable() =>
    [
        OneOf<BackupTestLevel>("level", "level", test => test.Level, (test, value) => test with { Level = value },
            "How thoroughly, as for `Test-Backup -Level`: `quick`, `checksums`, `sample`, `full` or `restore`. Each level once.") with { Required = true },

        Decimal("samplePercent", KeyRule.Percent, test => test.SamplePercent, (test, value) => test with { SamplePercent = value },
            "How large the sample of the levels `sample` and `restore` is, in percent of the files.") with { Examples = "[1, 0.5]" },

        Text("cron", KeyRule.CronExpression, test => test.Cron, (test, value) => test with { Cron = value },
            "When the test is due: five fields, as in `cronExpression`, in the `timezone` of `schedule`.") with
        { Default = "required, unless `every` is there", Examples = """["0 4 * * SUN"]""" },

        Duration("every", test => test.Every, (test, value) => test with { Every = value },
            "When the test is due: so long after the last one of this level began, whatever it found.") with
        { Default = "required, unless `cron` is there", Examples = """["7d", "30d"]""" },

        Duration("maxAge", test => test.MaxAge, (test, value) => test with { MaxAge = value },
            "How old the last test of this level that found everything well may be. `Get-BackupJob` tells of an older one, and so do "
            + "`notifications` of the event `overdue`.") with
        { Default = "twice the longest time between two of them" },
    ];
}
