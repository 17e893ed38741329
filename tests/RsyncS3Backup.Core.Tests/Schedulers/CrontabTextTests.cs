using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Schedulers.Cron;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

public sealed class CrontabTextTests
{
    private static readonly ScheduleRegistration[] Jobs =
    [
        Registrations.Plain, Registrations.Hostile, Registrations.Plain with { JobName = "music" }, Registrations.Plain with { IsEnabled = false },
    ];

    public static Arbitrary<string?> Crontabs()
    {
        // Bytes of any kind, and what crontabs are made of, with and without a line break at the end.
        Gen<string> line = Gen.OneOf(
            Gen.Elements("", "# a comment", "MAILTO=me", "0 5 * * * /bin/true", "@reboot x", "\t* * * * * a\\%b", "caf\u00e9", "# RsyncS3Backup", "\r"),
            Gen.Choose(1, 255).Where(c => c != '\n').Select(c => (char)c).ArrayOf().Select(characters => new string(characters)));
        Gen<string> text = line.ArrayOf().SelectMany(lines => Gen.Elements("", "\n"), (lines, end) => string.Join('\n', lines) + end);
        return Arb.From(Gen.OneOf(Gen.Constant<string?>(null), text.Select<string, string?>(whole => whole)));
    }

    [Property(Arbitrary = [typeof(CrontabTextTests)], MaxTest = 300)]
    public void What_was_there_is_there_again_to_the_byte_when_all_our_blocks_are_gone(string? crontab, int[] order)
    {
        string? text = crontab;
        List<string> names = [];
        foreach (int number in order)
        {
            ScheduleRegistration job = Jobs[(number & int.MaxValue) % Jobs.Length];
            text = CrontabText.With(text, job);
            if (!names.Contains(job.EntryName))
                names.Add(job.EntryName);
        }

        foreach (string name in order.Length % 2 == 0 ? names : Enumerable.Reverse(names))
            text = CrontabText.Without(text!, name);

        Assert.Equal(crontab, text);
    }

    [Property(Arbitrary = [typeof(CrontabTextTests)], MaxTest = 300)]
    public void What_is_added_between_stays(string? crontab, string? added)
    {
        string with = CrontabText.With(crontab, Registrations.Plain);
        string user = (added ?? "") + "\n";

        string? without = CrontabText.Without(with + user, Registrations.Plain.EntryName);

        string before = crontab is { Length: > 0 } && !crontab.EndsWith('\n') ? crontab + "\n" : crontab ?? "";
        Assert.Equal(before + user, without);
    }

    [Property(Arbitrary = [typeof(CrontabTextTests)], MaxTest = 100)]
    public void The_same_registration_twice_changes_nothing_and_another_changes_its_block_alone(string? crontab)
    {
        string once = CrontabText.With(crontab, Registrations.Plain);

        Assert.Equal(once, CrontabText.With(once, Registrations.Plain));
        string changed = CrontabText.With(once, Registrations.Plain with { CatchUp = false });
        Assert.Equal(CrontabText.With(crontab, Registrations.Plain with { CatchUp = false }), changed);
        Assert.Equal("photos", Assert.Single(CrontabText.Find(changed)).Registration?.JobName);
    }

    [Fact]
    public void A_block_whose_end_is_gone_is_left_alone()
    {
        string whole = CrontabText.With("a\n", Registrations.Plain);
        string cut = whole[..(whole.IndexOf('\n', whole.IndexOf("* * *", StringComparison.Ordinal)) + 1)] + "0 5 * * * mine\n";

        Assert.Empty(CrontabText.Find(cut));
        Assert.Equal(cut, CrontabText.Without(cut, Registrations.Plain.EntryName));
        Assert.StartsWith(cut, CrontabText.With(cut, Registrations.Plain), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_cron_would_cut_off_or_break_is_refused()
    {
        Assert.Null(CrontabText.Obstacle(Registrations.Hostile));
        Assert.Contains("998", CrontabText.Obstacle(Registrations.Plain with { ConfigPath = "/" + new string('x', 900) }), StringComparison.Ordinal);
        Assert.Contains("line break", CrontabText.Obstacle(Registrations.Plain with { JobName = "a\nb" }), StringComparison.Ordinal);
    }

    [Property(MaxTest = 500)]
    public void The_field_of_the_minutes_has_all_of_them_and_is_short_enough_for_cron(byte[] some)
    {
        int[] minutes = [.. some.Append((byte)7).Select(value => value % 60).Distinct().Order()];
        int[] quarters = [.. Enumerable.Range(0, 60).Where(minute => minutes.Any(one => one % 15 == minute % 15))];
        foreach (int[] wanted in new[] { minutes, quarters })
        {
            string field = CrontabText.MinuteField(wanted);

            Assert.InRange(field.Length, 1, 99);
            IReadOnlyList<int> read = CronExpression.Parse(field + " * * * *").Minutes;
            Assert.Equal(field == "*" ? Enumerable.Range(0, 60) : wanted, read);
        }
    }

    [Theory]
    [InlineData("30 2 * * *", "*/15")]
    [InlineData("7 2 * * *", "*/15,7-59/15")]
    [InlineData("* * * * *", "*")]
    [InlineData("*/10 * * * *", "*/5")]
    public void The_field_of_the_minutes_is_one_that_people_read(string expression, string field) =>
        Assert.Equal(field, CrontabText.MinuteField(Registrations.Trigger(expression, "UTC", catchUp: true).Minutes));

    [Property(MaxTest = 150)]
    [Trait("Category", "Slow")]
    public void The_command_reaches_the_program_as_it_was(NonNull<string>[] arguments)
    {
        string[] given = [.. arguments.Select(argument => new string([.. argument.Get.Where(c => c is >= ' ' and < '\ud800')]))];
        ScheduleRegistration registration = Registrations.Plain with
        {
            Program = "/usr/bin/printf",
            Launcher = "x",
            JobName = @"\\% \% \\\% ' ''",
            Environment = [.. given.Select((value, number) => KeyValuePair.Create($"V{number}", value))],
        };

        string command = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(AsCronReadsIt(CrontabText.Command(registration))));

        // printf prints each of its arguments on a line of its own.
        Assert.StartsWith("'/usr/bin/printf' ", command, StringComparison.Ordinal);
        string[] expected = [.. registration.Arguments(delaysItself: true)];
        Assert.Equal(expected, Printed(command.Replace("'/usr/bin/printf'", "'/usr/bin/printf' '%s\\0'", StringComparison.Ordinal)));
    }

    // do_command.c of cron, child_process: a backslash takes the character after it along, and a percent sign without one ends the command.
    private static string AsCronReadsIt(string command)
    {
        StringBuilder text = new();
        bool isEscaped = false;
        foreach (char c in command)
        {
            if (isEscaped && c == '%')
                text.Length--;
            else if (!isEscaped && c == '%')
                break;
            text.Append(c);
            isEscaped = !isEscaped && c == '\\';
        }

        return text.ToString();
    }

    private static string[] Printed(string command)
    {
        ProcessStartInfo start = new("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 };
        using Process shell = Process.Start(start)!;
        return shell.StandardOutput.ReadToEnd().Split('\0')[..^1];
    }
}
