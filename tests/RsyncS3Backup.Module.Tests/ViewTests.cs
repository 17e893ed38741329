using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>What users see of results, on a screen of 100 columns where none is named.</summary>
public sealed partial class ViewTests : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNameCaseInsensitive = true,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly PowerShellSession session = PowerShellSession.Create();

    private object Stage1 => Make("RsyncStageResult", """
        { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Succeeded", "Source": ["/data/photos"], "Destination": "/mirror/photos",
          "Created": 3, "Updated": 1, "MetadataChanged": 1, "Deleted": 2, "Unchanged": 993, "Total": 1000, "TotalBytes": 5368709120,
          "TransferredBytes": 12897484, "Duration": "00:00:03", "RsyncVersion": "3.2.7", "RsyncExitCode": 0 }
        """);

    private object Stage2 => Make("S3SyncStageResult", """
        { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Failed", "Path": "/mirror/photos", "BucketName": "my-backups",
          "KeyPrefix": "rsync/photos/", "StorageClass": "STANDARD_IA", "Created": 3, "Failed": 1, "TransferredBytes": 1048576,
          "TotalBytes": 5368709120, "Duration": "00:01:12", "Requests": { "Put": 3, "List": 1 }, "EstimatedRequestCost": 0.0004,
          "StoreLacks": ["CopyObject", "DeleteObjects"], "StoreLacksSince": "2026-11-01T12:00:00Z",
          "Error": { "Id": "S3AccessDenied", "Category": "PermissionDenied", "Message": "S3 denies writing to my-backups.",
                     "RecommendedAction": "Allow s3:PutObject.", "ExitCode": "Stage2Failed" } }
        """);

    private object Hook => Make("BackupHookResult", """
        { "Hook": "AfterSuccess", "Command": "/usr/local/bin/tell-the-others", "Status": "Failed", "ExitCode": 3, "Duration": "00:00:01.2",
          "Error": { "Id": "HookFailed", "Category": "InvalidOperation", "Message": "The hook failed.", "RecommendedAction": "See the log.",
                     "ExitCode": "Refused" } }
        """);

    private object Notification => Make("NotificationResult", """
        { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Kind": "Webhook", "Event": "Failure", "Target": "https://hooks.slack.com",
          "Status": "Succeeded", "Attempts": 2, "Duration": "00:00:01.5" }
        """);

    private object Restore => Make("RestoreResult", """
        { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Failed", "From": "S3", "FromReason": "It was asked for.",
          "Source": "s3://my-backups/rsync/photos/", "Destination": ["/data/photos"], "Restored": 1200, "Unchanged": 34, "Failed": 1,
          "Total": 1235, "TotalBytes": 12897484, "TransferredBytes": 12897484, "Duration": "00:00:03",
          "AsOf": "2026-01-01T12:00:00Z", "Snapshot": "2026-01-01T00:00:00", "StartTime": "2026-01-02T12:00:00Z",
          "Error": { "Id": "RestoreIncomplete", "Category": "WriteError", "Message": "1 of 1235 entries were not restored.",
                     "RecommendedAction": "Run it again.", "ExitCode": "Stage1Failed" } }
        """);

    [Fact]
    public void A_backup_result_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                                Mirror    S3         Uploaded Duration Problem
        ------    ----                                ------    --         -------- -------- -------
        Failed    photos                              +3 ~2 -2  +3 ~0 -0    1.0 MiB 1 m 15 s S3AccessDenied, !1 failed

        """, Backup());

    [Fact]
    public void A_plan_is_one_line_of_a_table() => AssertScreen("""

        Would be  Plan of                        Mirror    S3           Upload Requests     Cost Problem
        --------  -------                        ------    --           ------ --------     ---- -------
        Failed    photos                         +3 ~2 -2  +3 ~0 -40   1.0 MiB        4  $0.0004 DeleteLimitExceeded

        """, Plan());

    [Fact]
    public void A_list_of_a_plan_tells_what_would_refuse_it()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        string screen = lists.Render("param($Object) $Object", Plan());

        Assert.Contains("Stage 1 (rsync) : Succeeded: 3 created, 1 updated, 1 metadata, 2 deleted, 993 unchanged", screen, StringComparison.Ordinal);
        Assert.Contains("DeleteLimitExceeded: 40 of 50 objects would be deleted.", screen, StringComparison.Ordinal);
        Assert.Contains("Journal: Stage 1 noted every change.", screen, StringComparison.Ordinal);
        Assert.Contains("3 PUT, 1 LIST, about $0.0004", screen, StringComparison.Ordinal);
        Assert.All(screen.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 100, line));
    }

    [Fact]
    public void A_cost_is_one_line_of_a_table_under_whose_prices_it_is() => AssertScreen("""

           Prices: AWS us-east-1, 2026-06

        Name                 Objects       Size      A month Requests 30d      Restore
        ----                 -------       ----      ------- ------------      -------
        photos                  1000    1.2 TiB       $14.72        $0.05    $1,118.23

        """, Cost);

    [Fact]
    public void A_storage_class_is_one_line_of_a_table() => AssertScreen("""

           Prices: configuration

        Name           In class                A month     Upload     Restore Days
        ----           --------                -------     ------     ------- ----
        photos         GLACIER_IR             4.92 EUR   0.02 EUR  145.10 EUR   90

        """, ClassCost);

    [Fact]
    public void A_list_of_a_cost_tells_growth_forecast_and_notes()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        string screen = lists.Render("param($Object) $Object", Cost);

        foreach (string part in new[]
        {
            "Current STANDARD_IA: 1000 objects, 1.2 TiB, 14.72 USD a month",
            " : 30.0 GiB a month, as in the last 59 days",
            "in 3 months: 1.3 TiB, 15.85 USD a month",
            " : AWS us-east-1, 2026-06, in USD",
            "It is far away.",
        })
            Assert.Contains(part, screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stage_1_result_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                              Changes         Total Transferred Duration Problem
        ------    ----                              -------         ----- ----------- -------- -------
        Succeeded photos                            +3 ~2 -2         1000    12.3 MiB    3.0 s

        """, Stage1);

    [Fact]
    public void A_stage_2_result_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                            Changes    Uploaded Requests     Cost Duration Problem
        ------    ----                            -------    -------- --------     ---- -------- -------
        Failed    photos                          +3 ~0 -0    1.0 MiB        4  $0.0004 1 m 12 s S3AccessDenied, !1 failed

        """, Stage2);

    [Fact]
    public void A_restore_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                             From  Restored Unchanged   Fetched Duration Problem
        ------    ----                             ----  -------- ---------   ------- -------- -------
        Failed    photos                           S3        1200        34  12.3 MiB    3.0 s RestoreIncomplete, !1 failed

        """, Restore);

    [Fact]
    public void A_run_of_the_history_is_one_line_of_a_table() => AssertScreen("""

        Started          Status    Name                            Mirror    S3        Duration Problem
        -------          ------    ----                            ------    --        -------- -------
        2026-01-01 02:00 Failed    photos                          +3 ~2 -2  +3 ~0 -0  1 m 15 s S3AccessDenied, !1 failed

        """, Run("Failed", isInterrupted: false));

    [Fact]
    public void A_test_of_the_history_says_in_its_line_how_thorough_it_was_and_what_it_found() => AssertScreen("""

        Started          Status    Name                            Mirror    S3        Duration Problem
        -------          ------    ----                            ------    --        -------- -------
        2026-01-01 02:00 Failed    photos                          Checksums 3 differ  1 m 15 s BackupDiffers
                                                                   test

        """, TestRun);

    [Fact]
    public void A_test_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                             Level      Differ Not sent    Total Duration Problem
        ------    ----                             -----      ------ --------    ----- -------- -------
        Failed    photos                           Checksums       3        2     1000 1 m 15 s BackupDiffers

        """, Test);

    [Fact]
    public void A_difference_is_one_line_of_a_table() => AssertScreen("""

        Kind            Good copy       Length Path
        ----            ---------       ------ ----
        MirrorCorrupted S3             1048576 2026/01/IMG_0001.jpg

        """, Difference);

    [Fact]
    public void A_long_path_is_shown_whole()
    {
        object difference = Difference;
        string path = string.Join('/', Enumerable.Repeat("a folder with a long name", 6)) + "/last.jpg";
        difference.GetType().GetProperty("Path")!.SetValue(difference, path);

        string screen = session.Render("param($Object) $Object", difference);

        Assert.DoesNotContain("…", screen, StringComparison.Ordinal);
        Assert.Contains("last.jpg", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repair_is_one_line_of_a_table() => AssertScreen("""

        Status    Kind            Repaired Path
        ------    ----            -------- ----
        Succeeded MirrorCorrupted Local    2026/01/IMG_0001.jpg

        """, Repair);

    [Fact]
    public void A_job_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                                                 Last run         Next run         Last test         Size
        ------    ----                                                 --------         --------         ---------         ----
        Succeeded photos                                               2026-01-01 02:00 2026-01-02 02:00 2025-12-30!    1.5 GiB

        """, Job("SucceededWithWarnings", isRunning: false));

    [Fact]
    public void A_row_of_a_report_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                       Machine                     Success      Size  Uploaded Problem
        ------    ----                       -------                     -------      ----  -------- -------
        Failed    photos                     nas                         3 d 2 h   1.5 GiB   1.0 MiB S3AccessDenied
        overdue

        """, Report);

    [Fact]
    public void A_job_that_runs_and_one_that_is_broken_say_so()
    {
        Assert.Contains("\nRunning ", session.Render("param($Object) $Object", Job("Failed", isRunning: true)), StringComparison.Ordinal);
        Assert.Contains("\nInvalid ", session.Render("param($Object) $Object", Job(null, isRunning: false, "no job")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_is_one_line_of_a_table() => AssertScreen("""

        State        Name                            Next run         Last run         Result    Problem
        -----        ----                            --------         --------         ------    -------
        Needs        photos                          2026-01-02 02:00 2026-01-01 02:00 Succeeded PowerShell is no longer there.
        Registration

        """, Schedule());

    [Fact]
    public void A_hook_is_one_line_of_a_table() => AssertScreen("""

        Hook          Status    Exit Duration Command
        ----          ------    ---- -------- -------
        AfterSuccess  Failed       3    1.2 s /usr/local/bin/tell-the-others

        """, Hook);

    [Fact]
    public void A_notification_is_one_line_of_a_table() => AssertScreen("""

        Status    Name                                   Event    Kind     Tries Duration Target
        ------    ----                                   -----    ----     ----- -------- ------
        Succeeded photos                                 Failure  Webhook      2    1.5 s https://hooks.slack.com

        """, Notification);

    [Fact]
    public void A_run_that_is_on_and_one_that_died_say_so()
    {
        Assert.Contains(" Running ", session.Render("param($Object) $Object", Run(null, isInterrupted: false)), StringComparison.Ordinal);
        Assert.Matches(@"(?s) Failed .* interrupted,? ", session.Render("param($Object) $Object", Run("Failed", isInterrupted: true)));
    }

    [Fact]
    public void A_list_tells_why_a_stage_failed_and_what_to_do()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        string screen = lists.Render("param($Object) $Object", Stage2);

        Assert.Contains("S3AccessDenied: S3 denies writing to my-backups.", screen, StringComparison.Ordinal);
        Assert.Contains("Allow s3:PutObject.", screen, StringComparison.Ordinal);
        Assert.Contains("s3://my-backups/rsync/photos/", screen, StringComparison.Ordinal);
        Assert.Contains("CopyObject, DeleteObjects (since ", screen, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Every_list_fits_100_columns_and_shows_both_stages_of_a_backup()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        // One by one: of several types at once the later ones are shown without their views.
        string[] screens =
        [
            .. new[] { Backup(), Stage1, Stage2, Run("Failed", true), TestRun, Job("Failed", false, "x"), Schedule(), Hook, Notification, Restore, Test, Difference, Repair, Cost, ClassCost, Report, BucketJob }
                .Select(item => lists.Render("param($Object) $Object", item)),
        ];

        Assert.All(screens.SelectMany(screen => screen.Split('\n')), line => Assert.True(line.TrimEnd().Length <= 100, line));
        foreach (string part in new[]
        {
            "Stage 1 (rsync) : Succeeded, +3 ~2 -2, 12.3 MiB in 3.0 s",
            " : Checksums: Failed, 1000 entries, 998 read (5.0 GiB); differences: ",
            " : 2025-12-30 02:00, Full: Failed",
            " : 1 MissingInS3, 2 MirrorCorrupted, 2 NotYetSent",
            " : Bit rot.",
            " : Fetched from S3. Bit rot.",
        })
            Assert.Contains(screens, screen => screen.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void A_status_is_coloured_only_where_the_host_shows_colours()
    {
        using PowerShellSession coloured = PowerShellSession.Create(supportsColor: true);

        Assert.Contains("\u001b[32mSucceeded", coloured.Render("param($Object) $Object", Stage1), StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[32mSucceeded", session.Texts(
            "param($Object) [RsyncS3Backup.ViewText]::Status($Object, [RsyncS3Backup.ViewText]::Colors($Host, $null))", Stage1));
    }

    [Fact]
    public void A_result_from_a_job_has_the_same_table()
    {
        const string roundTrip = "param($Object) [Management.Automation.PSSerializer]::Deserialize("
            + "[Management.Automation.PSSerializer]::Serialize($Object))";

        Assert.Equal(session.Render("param($Object) $Object", Backup()), session.Render(roundTrip, Backup()));
        object job = Job("Succeeded", isRunning: false);
        Assert.Equal(session.Render("param($Object) $Object", job), session.Render(roundTrip, job));
        foreach (object item in new[] { Test, TestRun, Difference, Repair, Cost, ClassCost, Report })
            Assert.Equal(session.Render("param($Object) $Object", item), session.Render(roundTrip, item));
    }

    private IEnumerable<object> Tables() =>
    [
        Backup(), Plan(), Stage1, Stage2, Run("Failed", true), TestRun, Job("Failed", false), Schedule(), Hook, Notification, Restore, Test,
        Difference, Repair, Cost, ClassCost, Action, Snapshot, Report, BucketJob,
    ];

    [Theory]
    [InlineData(79)]
    [InlineData(100)]
    [InlineData(120)]
    public void Every_table_fits_the_screen_with_all_its_columns(int columns)
    {
        session.Host.Columns = 400;
        string[] wide = [.. Tables().Select(item => Header(session.Render("param($Object) $Object", item)))];
        session.Host.Columns = columns;
        string[] screens = [.. Tables().Select(item => session.Render("param($Object) $Object", item))];

        Assert.All(screens.SelectMany(screen => screen.Split('\n')), line => Assert.True(line.TrimEnd().Length <= columns, line));
        Assert.Equal(wide.Select(Words), screens.Select(screen => Words(Header(screen))));
        // Nothing is cut, and what has to wrap does so in few lines.
        Assert.All(screens, screen => Assert.DoesNotContain("…", screen, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(79)]
    [InlineData(100)]
    [InlineData(120)]
    public void A_long_name_is_shown_whole_and_pushes_no_column_out(int columns)
    {
        session.Host.Columns = columns;
        const string narrow = "pictures-of-the-family-from-the-old-machine";
        const string wide = "写真と家族の古い機械からのバックアップと書類";
        foreach (object item in new[] { Backup(), Plan(), Stage1, Stage2, Restore, Test, Run("Failed", false), Job("Failed", false), Schedule(), Notification, Cost, Report })
        {
            string[] labels = Words(Header(session.Render("param($Object) $Object", item)));
            foreach (string name in new[] { narrow, wide })
            {
                item.GetType().GetProperty("Name")!.SetValue(item, name);
                string screen = session.Render("param($Object) $Object", item);

                Assert.Equal(labels, Words(Header(screen)));
                Assert.All(screen.Split('\n'), line => Assert.True(Cells(line.TrimEnd()) <= columns, line));
                string shown = name == wide ? string.Concat(screen.Where(letter => letter > 0x2fff)) : Column(screen, labels.Contains("Plan") ? "Plan of" : "Name");
                Assert.Equal(name, shown);
            }
        }
    }

    [Fact]
    public void A_wider_screen_has_more_room_for_the_name_and_the_problem()
    {
        int[] Widths(int columns)
        {
            session.Host.Columns = columns;
            string header = Header(session.Render("param($Object) $Object", Backup()));
            int name = header.IndexOf("Name", StringComparison.Ordinal);
            return [header.IndexOf("Mirror", StringComparison.Ordinal) - name, columns - header.IndexOf("Problem", StringComparison.Ordinal)];
        }

        Assert.All(Widths(120).Zip(Widths(79)), pair => Assert.True(pair.First >= pair.Second + 20));
    }

    [Fact]
    public void A_row_says_why()
    {
        string Row(object item) => session.Render("param($Object) $Object", item);

        session.Host.Columns = 120;
        Assert.Contains("S3AccessDenied, !1 failed", Row(Backup()), StringComparison.Ordinal);
        object stage1 = Make("RsyncStageResult", """
            { "Name": "photos", "RunId": "", "Status": "SucceededWithWarnings", "Source": [], "Destination": "", "Warnings": ["One.", "Two."] }
            """);
        Assert.Matches(@"(?m)^Succeeded photos .*!2 warnings\s*$", Row(stage1));
        object skipped = Make("S3SyncStageResult", """
            { "Name": "photos", "RunId": "", "Status": "Skipped", "Path": "", "SkippedReason": "The job is local only." }
            """);
        Assert.Matches("(?s)Skipped .*The job is local ", Row(skipped));
        object backup = Make("BackupResult", """
            { "Name": "photos", "RunId": "", "Status": "SucceededWithWarnings",
              "Stage1": { "Name": "", "RunId": "", "Status": "Succeeded", "Source": [], "Destination": "" },
              "Stage2": { "Name": "", "RunId": "", "Status": "SucceededWithWarnings", "Path": "", "Warnings": ["Look at this."] } }
            """);
        backup.GetType().GetProperty("Hooks")!.SetValue(backup, Hooks());
        Assert.Matches(@"(?m)^Succeeded photos .*!2 warnings\s*$", Row(backup));

        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        Assert.Matches("Warnings +: Look at this.", lists.Render("param($Object) $Object", backup));
        string list = lists.Render("param($Object) $Object", Backup());
        Assert.Matches("Bucket +: s3://my-backups/rsync/photos/", list);
        Assert.Matches(@"Cost +: \$0\.0004 for requests", list);
    }

    [Fact]
    public void A_cost_that_is_almost_nothing_is_not_shown_as_nothing()
    {
        string Text(string cost) => session.Texts(
            "param($Object) [RsyncS3Backup.ViewText]::RequestCost($Object)",
            Make("S3SyncStageResult", $$"""{ "Name": "", "RunId": "", "Status": "Succeeded", "Path": "", "EstimatedRequestCost": {{cost}} }"""))[0];

        Assert.Equal(["$0.00", "<$0.0001", "$0.0001", "$1.2500"], new[] { "0", "0.000005", "0.0001", "1.25" }.Select(Text));
    }

    [Theory]
    [InlineData(true, "Host", true)]
    [InlineData(true, "PlainText", false)]
    [InlineData(false, "Host", false)]
    public void Colours_are_for_hosts_that_show_them_and_not_for_plain_text(bool host, string rendering, bool isColored)
    {
        using PowerShellSession shell = PowerShellSession.Create(supportsColor: host);

        Assert.Equal([isColored.ToString()], shell.Texts(
            "param($Rendering) [RsyncS3Backup.ViewText]::Colors($Host, [pscustomobject] @{ OutputRendering = $Rendering })", rendering));
    }

    [Fact]
    public void A_job_has_the_status_that_its_table_shows()
    {
        string[] Of(object job) => session.Texts("param($Job) $Job | Where-Object Status -eq Invalid | ForEach-Object Name", job);

        Assert.Equal(["photos"], Of(Job("Failed", false, "no job")));
        Assert.Empty(Of(Job("Failed", false)));
        Assert.Equal(["Running"], session.Texts("param($Job) $Job.Status", Job("Failed", true)));
        Assert.Equal(["NeverRan"], session.Texts("param($Job) $Job.Status", Job(null, false)));
        Assert.Equal(["SucceededWithWarnings"], session.Texts(
            "param($Job) [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($Job)).Status",
            Job("SucceededWithWarnings", false)));
        Assert.Contains(" Never ran ", " " + session.Render("param($Object) $Object", Job(null, false)).Replace('\n', ' '), StringComparison.Ordinal);
    }

    private Array Hooks()
    {
        object hook = Hook;
        Array hooks = Array.CreateInstance(hook.GetType(), 1);
        hooks.SetValue(hook, 0);
        return hooks;
    }

    private object Action => Make("BackupAction", """
        { "Name": "photos", "Stage": 2, "Action": "Created", "Path": "2026/a.jpg", "Time": "2026-01-01T12:00:00Z" }
        """);

    private object Snapshot => Make("BackupSnapshot", """
        { "Name": "photos", "Date": "2026-01-01T00:00:00", "IsComplete": true, "IsExpired": false, "Objects": 3, "Bytes": 1600,
          "Time": "2026-01-01T12:00:00Z", "BucketName": "my-backups", "KeyPrefix": "a/2026-01-01/" }
        """);

    // The line above the one of hyphens.
    private static string Header(string screen)
    {
        string[] lines = screen.Split('\n');
        int rule = Array.FindIndex(lines, line => line.Contains("----", StringComparison.Ordinal));
        return lines[rule - 1];
    }

    private static string[] Words(string line) => line.Split((char[])[' ', '\r'], StringSplitOptions.RemoveEmptyEntries);

    // What a column that is not the last one shows of the only row.
    private static string Column(string screen, string label)
    {
        string header = Header(screen);
        int start = header.IndexOf(label, StringComparison.Ordinal);
        int rest = start + label.Length;
        int end = rest + header[rest..].TakeWhile(letter => letter == ' ').Count();
        string rule = screen.Split('\n').First(line => line.Contains("----", StringComparison.Ordinal));
        return string.Concat(screen.Split('\n').SkipWhile(line => line != rule).Skip(1)
            .Select(line => line.PadRight(end)[start..end].Trim()).TakeWhile(part => part.Length > 0)).Replace(" ", "", StringComparison.Ordinal);
    }

    // Such letters take two cells of a terminal.
    private static int Cells(string line) => line.Sum(letter => letter > 0x2fff ? 2 : 1);

    public void Dispose() => session.Dispose();

    [Fact]
    public void A_list_tells_how_many_locks_were_renewed()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        object run = Run("Succeeded", isInterrupted: false);
        object stage2 = run.GetType().GetProperty("Stage2")!.GetValue(run)!;
        stage2.GetType().GetProperty("Renewed")!.SetValue(stage2, 41L);
        object plan = Plan();
        object planned = plan.GetType().GetProperty("Stage2")!.GetValue(plan)!;
        planned.GetType().GetProperty("Renewed")!.SetValue(planned, 42L);

        Assert.Matches(@"Locks renewed +: 41\b", lists.Render("param($Object) $Object", run));
        Assert.Matches(@"Renews locks +: 42\b", lists.Render("param($Object) $Object", plan));
        Assert.DoesNotMatch("Locks|locks", lists.Render("param($Object) $Object", Run("Succeeded", isInterrupted: false)));
    }

    [Fact]
    public void Every_view_is_the_same_in_every_culture()
    {
        using TemporaryFolder folder = new();
        using PowerShellSession lists = PowerShellSession.CreateWithListsOnly(folder);
        const string script = "param($Object, $Culture) [Globalization.CultureInfo]::CurrentCulture = $Culture; $Object";
        List<string> differences = [];
        // PowerShell breaks lines at words in some cultures only.
        session.Host.Columns = 200;
        lists.Host.Columns = 200;
        foreach (object item in WithTimes())
        {
            foreach (PowerShellSession shell in new[] { session, lists })
            {
                string expected = shell.Render(script, item, "");
                if (shell == lists)
                    Assert.Matches(@" \d{4}-\d\d-\d\d \d\d:\d\d", expected);
                // A comma for fractions, dotted and dotless i, the Buddhist, the Islamic and the Persian calendar.
                foreach (string culture in new[] { "de-DE", "tr-TR", "th-TH", "ar-SA", "fa-IR" })
                {
                    string screen = shell.Render(script, item, culture);
                    if (screen != expected)
                        differences.Add($"{item.GetType().Name}, {culture}:{screen}");
                }
            }
        }

        Assert.Empty(differences);
    }

    private IEnumerable<object> WithTimes()
    {
        yield return Backup();
        yield return Plan();
        yield return Job("Failed", isRunning: false);
        yield return Report;
        yield return BucketJob;
        yield return Schedule();
        yield return Run("Failed", isInterrupted: false);
        yield return TestRun;
        yield return Stage1;
        yield return Stage2;
        yield return Restore;
        yield return Hook;
        yield return Make("BackupTestResult", """
            { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Succeeded", "Level": "Sample", "SamplePercent": 0.5, "Seed": 7,
              "Total": 1000, "TotalBytes": 5368709120, "StartTime": "2026-01-01T12:00:00Z" }
            """);
        yield return Make("BackupAction", """
            { "Name": "photos", "Stage": 2, "Action": "Created", "Path": "2026/a.jpg", "Time": "2026-01-01T12:00:00Z" }
            """);
        yield return Make("BackupItem", """
            { "Name": "photos", "Path": "2026/a.jpg", "Kind": "File", "Length": 5, "Copy": "S3", "ModifiedTime": "2026-01-01T12:00:00Z",
              "LastModified": "2026-01-02T12:00:00Z", "GoneTime": "2026-01-03T12:00:00Z", "BucketName": "my-backups", "Key": "a/2026/a.jpg" }
            """);
        yield return Make("BackupSnapshot", """
            { "Name": "photos", "Date": "2026-01-01T00:00:00", "IsComplete": true, "IsExpired": false, "Objects": 3, "Bytes": 1600,
              "Time": "2026-01-01T12:00:00Z", "BucketName": "my-backups", "KeyPrefix": "a/2026-01-01/" }
            """);
        yield return Make("ScheduleOccurrence", """
            { "Name": "photos", "TimeZone": "UTC", "Local": "2026-01-01T02:00:00Z", "Utc": "2026-01-01T02:00:00Z" }
            """);
        yield return Make("BackupDue", """
            { "Name": "photos", "IsDue": true, "IsClaimed": false, "Reason": "Due.", "TimeZone": "UTC", "Occurrence": "2026-01-01T02:00:00Z",
              "NextOccurrence": "2026-01-02T02:00:00Z" }
            """);
    }

    private object Backup()
    {
        object result = Make("BackupResult", """
            { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Failed", "ExitCode": "Stage2Failed", "Duration": "00:01:15",
              "Stage1": { "Name": "", "RunId": "", "Status": "Skipped", "Source": [], "Destination": "" },
              "Stage2": { "Name": "", "RunId": "", "Status": "Skipped", "Path": "" } }
            """);
        result.GetType().GetProperty("Stage1")!.SetValue(result, Stage1);
        result.GetType().GetProperty("Stage2")!.SetValue(result, Stage2);
        return result;
    }

    private object Plan() => Make("BackupPlan", """
        { "Name": "photos", "Status": "Failed", "ExitCode": "Refused", "Duration": "00:00:15",
          "Stage1": { "Name": "photos", "Status": "Succeeded", "Source": ["/data/photos"], "Destination": "/mirror/photos", "Created": 3,
            "Updated": 1, "MetadataChanged": 1, "Deleted": 2, "Unchanged": 993, "Total": 1000, "TotalBytes": 5368709120, "TransferredBytes": 12897484 },
          "Stage2": { "Name": "photos", "Status": "Failed", "Path": "/mirror/photos", "BucketName": "my-backups", "KeyPrefix": "rsync/photos/",
            "SyncMode": "Journal", "SyncModeReason": "Stage 1 noted every change.", "Created": 3, "Deleted": 40, "TransferredBytes": 1048576,
            "Requests": { "Put": 3, "List": 1 }, "EstimatedRequestCost": 0.0004,
            "Error": { "Id": "DeleteLimitExceeded", "Category": "LimitsExceeded", "Message": "40 of 50 objects would be deleted.",
                       "RecommendedAction": "Raise maxDelete for one run.", "ExitCode": "Refused" } } }
        """);

    private object Cost => Make("BackupCost", """
        { "Name": "photos", "BucketName": "my-backups", "KeyPrefix": "rsync/photos/", "Objects": 1000, "Bytes": 1319413953331, "Currency": "USD",
          "PriceSource": "AWS us-east-1, 2026-06", "StorageCost": 14.72, "RequestCost": 0.05, "Runs": 30, "Requests": { "Put": 5000 },
          "GrowthBytes": 32212254720, "GrowthDays": 59, "Notes": ["It is far away."],
          "Storage": [{ "Kind": "Current", "StorageClass": "STANDARD_IA", "Objects": 1000, "Bytes": 1319413953331, "BilledBytes": 1319413953331,
            "StorageCost": 14.72, "Currency": "USD", "PriceSource": "AWS us-east-1, 2026-06" }],
          "Forecast": [{ "Months": 3, "Bytes": 1429365116108, "StorageCost": 15.85, "Currency": "USD" }],
          "Restore": [{ "Objects": 1000, "Bytes": 1319413953331, "RequestCost": 0.01, "RetrievalCost": 12.29, "TransferCost": 1105.93,
            "Currency": "USD", "PriceSource": "AWS us-east-1, 2026-06" }] }
        """);

    private object ClassCost => Make("BackupClassCost", """
        { "Name": "photos", "StorageClass": "GLACIER_IR", "Objects": 1000, "Bytes": 1319413953331, "BilledBytes": 1319413953331,
          "StorageCost": 4.92, "Change": -9.8, "UploadCost": 0.02, "RestoreCost": 145.1, "MinimumDays": 90, "Currency": "EUR",
          "PriceSource": "configuration" }
        """);

    private object Job(string? status, bool isRunning, params string[] problems)
    {
        string last = new DateTimeOffset(new DateTime(2026, 1, 1, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        string test = new DateTimeOffset(new DateTime(2025, 12, 30, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        string next = new DateTimeOffset(new DateTime(2026, 1, 2, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        return Make("BackupJob", $$"""
            { "Name": "photos", "Path": "/home/me/.config/rsyncs3backup/jobs/photos.json", "Scope": "User", "Source": ["/data/photos"],
              "Mirror": "/mirror/photos", "BucketName": "my-backups", "KeyPrefix": "rsync/photos/", "CronExpression": "0 2 * * *",
              "LastRun": "{{last}}", "LastStatus": {{JsonSerializer.Serialize(status)}}, "LastTest": "{{test}}", "LastTestStatus": "Failed", "LastTestLevel": "Full", "NextRun": "{{next}}", "Entries": 1000, "Bytes": 1610612736,
              "IsRunning": {{(isRunning ? "true" : "false")}}, "Problems": {{JsonSerializer.Serialize(problems)}} }
            """);
    }

    private object BucketJob => Make("BackupBucketJob", """
        { "Name": "photos", "HostName": "nas", "BucketName": "my-backups", "KeyPrefix": "nas/photos/", "Path": "/mirror/photos", "MirrorId": "abc",
          "Created": "2025-01-01T02:00:00Z", "LastUpload": "2026-01-01T02:00:00Z", "Objects": 1000, "Bytes": 1610612736 }
        """);

    private object Report => Make("BackupReport", """
        { "HostName": "nas", "Name": "photos", "Status": "Failed", "Reason": "S3AccessDenied: S3 denies writing to my-backups.",
          "RecommendedAction": "Allow s3:PutObject.", "LastRun": "2026-01-04T05:00:00Z", "LastSuccess": "2026-01-01T02:00:00Z", "Age": "3.02:00:00",
          "MaxAge": "1.12:00:00", "IsOverdue": true, "Entries": 1000, "Bytes": 1610612736, "BucketBytes": 1600000000, "GrowthBytes": 30000000,
          "Changed": 12, "UploadedBytes": 1048576, "Duration": "00:01:15", "Requests": 4, "Cost": 0.0004, "Currency": "USD",
          "LastTest": "2026-01-02T02:00:00Z", "LastTestStatus": "Failed", "Differences": 3, "NextRun": "2026-01-05T02:00:00Z",
          "BucketName": "my-backups", "KeyPrefix": "rsync/photos/" }
        """);

    private object Schedule()
    {
        string last = new DateTimeOffset(new DateTime(2026, 1, 1, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        string next = new DateTimeOffset(new DateTime(2026, 1, 2, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        return Make("BackupSchedule", $$"""
            { "Name": "photos", "State": "NeedsRegistration", "NextRun": "{{next}}", "LastRun": "{{last}}", "LastResult": "SucceededWithWarnings",
              "CronExpression": "0 2 * * *", "TimeZone": "Europe/Berlin", "Scheduler": "Systemd", "Scope": "User", "CatchUp": true,
              "RandomDelay": "00:10:00", "EntryName": "rsyncs3backup-photos.timer", "Location": "/home/me/.config/systemd/user/rsyncs3backup-photos.timer",
              "Command": ["/usr/bin/pwsh", "-NoProfile"], "ConfigurationPath": "/etc/photos.json", "Problem": "PowerShell is no longer there." }
            """);
    }

    private object Run(string? status, bool isInterrupted)
    {
        string start = new DateTimeOffset(new DateTime(2026, 1, 1, 2, 0, 0, DateTimeKind.Local)).ToString("O");
        object run = Make("BackupRun", $$"""
            { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": {{JsonSerializer.Serialize(status)}}, "StartTime": "{{start}}",
              "IsInterrupted": {{(isInterrupted ? "true" : "false")}}, "Duration": "00:01:15", "ExitCode": "Stage2Failed", "ProcessId": 7,
              "HostName": "nas", "ModuleVersion": "0.1.0", "PowerShellVersion": "7.4.0", "ConfigurationPath": "/etc/photos.json" }
            """);
        run.GetType().GetProperty("Stage1")!.SetValue(run, Stage1);
        run.GetType().GetProperty("Stage2")!.SetValue(run, Stage2);
        return run;
    }

    private object Test => Make("BackupTestResult", """
        { "Name": "photos", "RunId": "20260101T020000Z-abc123", "Status": "Failed", "Level": "Checksums", "Path": "/mirror/photos",
          "BucketName": "my-backups", "KeyPrefix": "rsync/photos/", "Total": 1000, "TotalBytes": 5368709120, "Checked": 998,
          "CheckedBytes": 5368709120, "Differences": 3, "DifferenceCounts": { "NotYetSent": 2, "MissingInS3": 1, "MirrorCorrupted": 2 },
          "Requests": { "List": 3 }, "Duration": "00:01:15",
          "Error": { "Id": "BackupDiffers", "Category": "InvalidData", "Message": "The copies differ in 3 of 1000 entries.",
                     "RecommendedAction": "Repair-Backup replaces the bad one.", "ExitCode": "DifferencesFound" } }
        """);

    private object Difference => Make("BackupDifference", """
        { "Name": "photos", "Path": "2026/01/IMG_0001.jpg", "Kind": "MirrorCorrupted", "EntryType": "File", "Left": "1048576 B, -rw-r--r--",
          "Right": "1048576 B, stored 2026-01-01 02:00:00", "GoodCopy": "S3", "Reason": "Bit rot.", "Length": 1048576,
          "FullName": "/mirror/photos/2026/01/IMG_0001.jpg", "BucketName": "my-backups", "Key": "rsync/photos/2026/01/IMG_0001.jpg" }
        """);

    private object Repair => Make("BackupRepair", """
        { "Name": "photos", "Path": "2026/01/IMG_0001.jpg", "Kind": "MirrorCorrupted", "Status": "Succeeded", "RepairedCopy": "Local",
          "Reason": "Fetched from S3. Bit rot.", "Length": 1048576 }
        """);

    private object TestRun
    {
        get
        {
            object run = Run("Failed", isInterrupted: false);
            foreach (string stage in new[] { "Stage1", "Stage2" })
                run.GetType().GetProperty(stage)!.SetValue(run, null);
            run.GetType().GetProperty("Kind")!.SetValue(run, Enum.Parse(run.GetType().GetProperty("Kind")!.PropertyType, "Test"));
            run.GetType().GetProperty("Test")!.SetValue(run, Test);
            return run;
        }
    }

    private object Make(string type, string json)
    {
        Assembly core = session.ModuleAssemblies()[1];
        return JsonSerializer.Deserialize(json, core.GetType($"RsyncS3Backup.{type}", throwOnError: true)!, Json)!;
    }

    private void AssertScreen(string expected, object value)
    {
        // So wide that nothing wraps: PowerShell breaks lines at words in some cultures, and anywhere in others.
        session.Host.Columns = 120;
        Assert.Equal(Normalized(expected), Normalized(session.Render("param($Object) $Object", value)));
    }

    // The engine pads the last column in some places; nobody sees that.
    private static string Normalized(string screen) => TrailingBlanks().Replace(screen, "").Trim('\n');

    [GeneratedRegex(@"[ \r]+$", RegexOptions.Multiline)]
    private static partial Regex TrailingBlanks();
}
