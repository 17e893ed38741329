using System.Diagnostics;
using System.Globalization;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

/// <summary>The shell script that starts PowerShell only when something can be due, in the shells that are here.</summary>
public sealed class StartWhenDueTests : IDisposable
{
    private static readonly string Script = Repository.Path("src", "RsyncS3Backup", "Scheduling", "Start-WhenDue.sh");
    private static readonly TimeSpan Offset = TimeZoneInfo.Local.GetUtcOffset(DateTimeOffset.Now);

    private readonly TemporaryFolder folder = new();
    private readonly DateTimeOffset now = DateTimeOffset.UtcNow;
    private readonly string job;
    private readonly string quiet;

    public StartWhenDueTests()
    {
        // What a shell would make something of.
        job = folder.File("""$(touch x) `id` "it's" \1; 100%/jöb.json""", "{}");
        File.SetLastWriteTimeUtc(job, now.UtcDateTime.AddDays(-3));
        quiet = folder["state of 'photos' $HOME/schedule.quiet"];
        Directory.CreateDirectory(Path.GetDirectoryName(quiet)!);
    }

    public static TheoryData<string> Shells => [.. new[] { "/bin/sh", "/usr/bin/dash", "/usr/bin/bash --posix", "/usr/bin/busybox sh" }.Where(shell => File.Exists(shell.Split(' ')[0]))];

    [SkippableTheory]
    [MemberData(nameof(Shells))]
    public void Nothing_starts_until_the_moment_that_the_check_has_named(string shell)
    {
        Skip.If(OperatingSystem.IsWindows(), "has no shell of this kind");
        Write(now, now.AddHours(1));
        Assert.False(Starts(shell));

        Write(now.AddHours(-2), now.AddSeconds(5));
        Assert.True(Starts(shell));
    }

    [SkippableTheory]
    [MemberData(nameof(Shells))]
    public void Whatever_is_in_doubt_starts(string shell)
    {
        Skip.If(OperatingSystem.IsWindows(), "has no shell of this kind");
        string good = Text(now, now.AddHours(1));
        string[] lines = good.Split('\n');
        string[] words = lines[0].Split(' ');
        string time = words[1];
        (string Why, string Text)[] doubts =
        [
            ("empty", ""),
            ("one line", lines[0] + "\n"),
            ("no line break at its end", good.TrimEnd('\n')),
            ("of another form", "2" + good[1..]),
            ("of an earlier form", $"{words[2]}\n{job}\n"),
            ("more on the line", $"{lines[0]} more\n{lines[1]}\n"),
            ("written in the future: the clock was set back", Text(now.AddHours(1), now.AddHours(2))),
            ("due in a time beyond reason", $"1 {time} {long.Parse(time, CultureInfo.InvariantCulture) + 90_001} {words[3]}\n{job}\n"),
            ("another zone", good.Replace(words[3], words[3] == "+0545" ? "+0100" : "+0545", StringComparison.Ordinal)),
            ("no number", good.Replace(words[2], "x[$(touch${IFS}" + folder["x"] + ")]", StringComparison.Ordinal)),
            ("a number with more in it", good.Replace(words[2], words[2] + ";:", StringComparison.Ordinal)),
            ("a number that is too long", good.Replace(words[2], words[2] + "0000000000000000000", StringComparison.Ordinal)),
            ("an octal number", good.Replace(words[2], "0" + words[2][1..], StringComparison.Ordinal)),
            ("another file of the job", $"{lines[0]}\n{job}x\n"),
            ("a relative one", $"{lines[0]}\n{Path.GetFileName(job)}\n"),
            ("an operator", $"{lines[0]}\n-n\n"),
            ("garbage", new string('\u0001', 5000)),
            ("nothing but zeros, as after a crash", new string('\0', good.Length)),
        ];
        foreach ((string why, string text) in doubts)
        {
            Write(text);
            Assert.True(Starts(shell), why);
        }

        Write(good);
        Assert.False(Starts(shell), "the good one");
        File.SetLastWriteTimeUtc(job, now.UtcDateTime.AddDays(-2));
        Assert.True(Starts(shell), "edited");
        File.SetLastWriteTimeUtc(job, now.UtcDateTime.AddDays(-4));
        Assert.True(Starts(shell), "an older one was put there");
        Write(good);
        Assert.False(Starts(shell), "the good one again");
        string defaults = Path.Combine(Path.GetDirectoryName(job)!, "defaults.jsonc");
        File.CreateSymbolicLink(defaults, "/nowhere/at/all");
        Assert.True(Starts(shell), "defaults beside the job, if only a link to them");
        File.Delete(defaults);
        Assert.False(Starts(shell), "no defaults again");
        string wish = folder.File(Path.Combine(Path.GetDirectoryName(quiet)!, "schedule.start"));
        Assert.True(Starts(shell), "Start-BackupSchedule");
        File.Delete(wish);
        File.Delete(job);
        Assert.True(Starts(shell), "the job is gone");
        File.Delete(quiet);
        Assert.True(Starts(shell), "no file");
        Directory.CreateDirectory(quiet);
        Assert.True(Starts(shell), "a folder");
        Assert.False(File.Exists(folder["x"]), "what the file holds was executed");
    }

    [SkippableFact]
    public void A_pipe_in_its_place_holds_nothing_up()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no pipes of this kind");
        Process.Start("mkfifo", [quiet]).WaitForExit();

        Assert.True(Starts("/bin/sh"));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_crontabs_own_line_starts_the_command_with_its_words_or_nothing(bool isDue)
    {
        Skip.If(OperatingSystem.IsWindows(), "has no cron");
        string told = folder["told"];
        string program = folder.File("pw sh", $"#!/bin/sh\nprintf '%s\\n' \"$@\" >'{told}'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        ScheduleRegistration registration = Registrations.HostileQuiet with { Program = program, Launcher = Script, QuietFile = quiet };
        if (!isDue)
            Write(now, now.AddHours(1));
        // As cron hands it to the shell.
        string command = CrontabText.Command(registration).Replace("\\%", "%", StringComparison.Ordinal);
        string line = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(command));
        Assert.StartsWith("'/bin/sh' ", line, StringComparison.Ordinal);

        Assert.Equal(0, Run("/bin/sh", "-c", line));

        Assert.Equal(isDue, File.Exists(told));
        if (isDue)
            Assert.Equal(registration.Arguments(delaysItself: true), File.ReadAllLines(told));
    }

    [Fact]
    public void A_command_that_cron_would_find_too_long_with_the_shell_before_it_goes_without()
    {
        ScheduleRegistration without = Registrations.Plain with { ConfigPath = "/" + new string('x', 700) };
        ScheduleRegistration with = without with { QuietFile = "/" + new string('y', 200) };

        Assert.Null(CrontabText.Obstacle(with));
        Assert.Equal(CrontabText.Command(without), CrontabText.Command(with));
    }

    public void Dispose() => folder.Dispose();

    private string Text(DateTimeOffset written, DateTimeOffset next) => QuietTime.Text(job, Modified(), Offset, written, next)!;

    private long Modified() => (File.GetLastWriteTimeUtc(job) - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private void Write(DateTimeOffset written, DateTimeOffset next) => Write(Text(written, next));

    private void Write(string text)
    {
        File.WriteAllText(quiet, text);
        File.SetLastWriteTimeUtc(quiet, File.GetLastWriteTimeUtc(job));
    }

    // The command tells by its code that it was started.
    private bool Starts(string shell)
    {
        string[] words = shell.Split(' ');
        int code = Run(words[0], [.. words[1..], Script, quiet, "/bin/sh", "-c", "exit 7"]);
        Assert.True(code is 0 or 7, $"code {code}");
        return code == 7;
    }

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        // cron would mail it.
        Assert.Equal("", said);
        return process.ExitCode;
    }
}
