using System.Collections;
using System.Management.Automation;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// Everything that has a job's name goes into everything that takes a job, as it was emitted, as it comes back from another process, and as JSON
/// leaves it: it works, or an error says what came.
/// </summary>
[Trait("Category", "Slow")]
public sealed class PipelineMatrixTests : EndToEndTest
{
    private const string Refused = "InvalidParameter";
    private const string Foreign = "ConfigurationInvalid";

    // In the order in which they are made; each one an object, of job 'photos' unless it is a snapshot.
    private static readonly (string Kind, string Script)[] Producers =
    [
        ("name", "'photos'"),
        ("path", "$Path"),
        ("FileInfo", "[IO.FileInfo] $Path"),
        ("BackupResult", "Invoke-RsyncToS3Backup photos @keys"),
        ("BackupAction", "Invoke-RsyncToS3Backup fresh @keys -PassThru | Where-Object { $_ -is [RsyncS3Backup.BackupAction] }"),
        ("BackupConfiguration", "Import-BackupConfiguration photos"),
        ("BackupJob", "Get-BackupJob photos"),
        ("BackupSchedule", "Get-BackupSchedule photos"),
        ("BackupRun", "Get-BackupHistory photos -Last 1"),
        ("RsyncStageResult", "Invoke-RsyncStage photos"),
        ("S3SyncStageResult", "Invoke-S3SyncStage photos @keys"),
        ("BackupPlan", "Invoke-RsyncToS3Backup photos @keys -PlanOnly"),
        ("BackupItem", "Get-BackupItem photos a.txt -From S3 @keys"),
        ("BackupSnapshot", "$null = Invoke-RsyncToS3Backup dated @keys; Get-BackupSnapshot dated @keys"),
        ("BackupDifference", "[IO.File]::Delete($Mirrored); Test-Backup photos @keys | Where-Object { $_ -is [RsyncS3Backup.BackupDifference] }"),
        ("BackupRepair", "Repair-Backup photos @keys -Confirm:$false"),
        ("BackupTestResult", "Test-Backup photos @keys"),
        ("RestoreResult", "Restore-Backup photos $Target @keys"),
        ("BackupReadiness", "Test-BackupReadiness photos -Check State"),
        ("BackupDue", "Test-BackupDue photos"),
        ("BackupCost", "Get-BackupCost photos @keys"),
        ("ScheduleOccurrence", "Get-BackupScheduleOccurrence photos -Count 1"),
        ("BackupBucketSetting", "Initialize-BackupBucket photos @keys"),
    ];

    private static readonly (string Kind, object Item)[] Others = [("Int32", 5), ("DateTime", new DateTime(2026, 1, 1)), ("Version", new Version(1, 2))];

    // Those that read what comes each in a way of its own are tried with what has lost its type, too.
    private static readonly (string Command, bool IsOfEachForm)[] Consumers =
    [
        ("Get-BackupJob", true),
        ("Get-BackupHistory", false),
        ("Get-BackupLog", true),
        ("Get-BackupSchedule", true),
        ("Export-BackupMetric", false),
        ("Remove-BackupJob -WhatIf", true),
        ("Rename-BackupJob -NewName other -WhatIf", true),
        ("Set-BackupConfiguration -MaxDelete 10 -WhatIf", true),
        ("Disable-BackupSchedule -WhatIf", true),
        ("Enable-BackupSchedule -WhatIf", false),
        ("Start-BackupSchedule -WhatIf", false),
        ("Unregister-BackupSchedule -WhatIf", false),
        ("Remove-BackupHistory -WhatIf", true),
        ("Register-BackupSchedule -Scheduler Cron -WhatIf", false),
        ("Test-BackupDue", false),
        ("Get-BackupScheduleOccurrence -Count 1", false),
        ("Import-BackupConfiguration", true),
        ("Test-BackupConfiguration -Quiet", true),
        ("Invoke-RsyncToS3Backup -WhatIf", true),
        ("Invoke-RsyncStage -WhatIf", false),
        ("Invoke-S3SyncStage -WhatIf @keys", true),
        ("Restore-Backup -Destination $Target -WhatIf @keys", true),
        ("Repair-Backup -WhatIf @keys", true),
        ("Get-BackupItem @keys", false),
        ("Test-Backup @keys", false),
        ("Get-BackupSnapshot @keys", false),
        ("New-BackupPolicy", false),
        ("Get-BackupCost @keys", false),
        ("Get-BackupLifecycle @keys", false),
        ("Remove-BackupLifecycle -WhatIf @keys", false),
        ("Test-BackupReadiness -Check State", false),
        ("Initialize-BackupBucket -WhatIf @keys", false),
        ("Send-BackupNotification -WebhookUrl http://localhost/x -WhatIf", true),
    ];

    private static readonly string[] Results =
        ["BackupResult", "BackupRun", "RsyncStageResult", "S3SyncStageResult", "BackupTestResult"];

    private static readonly string[] WholeJobs = ["name", "path", "FileInfo", "BackupConfiguration", "BackupJob", "BackupSchedule"];

    [Fact]
    public void Whatever_names_a_job_goes_in_where_a_job_does_or_an_error_says_what_came()
    {
        List<string> otherwise = [];
        List<(string Kind, PSObject Item)> produced = Produce();
        foreach ((string command, bool isOfEachForm) in Consumers)
        {
            foreach ((string kind, PSObject item) in produced)
            {
                otherwise.AddRange(Otherwise(command, kind, "", item));
                if (!isOfEachForm)
                    continue;
                PSObject cameBack = PSObject.AsPSObject(PSSerializer.Deserialize(PSSerializer.Serialize(item)));
                otherwise.AddRange(Otherwise(command, kind, "from XML, ", cameBack));
                otherwise.AddRange(Otherwise(command, kind, "from JSON, ", Json(item)));
            }
        }

        // A collection would be shown by its first words.
        Assert.True(otherwise.Count == 0, string.Join(Environment.NewLine, otherwise));
    }

    // A matrix in which nothing is tried would pass too.
    [Fact]
    public void Every_cmdlet_that_takes_something_from_the_pipeline_is_in_the_matrix()
    {
        IEnumerable<string> takers = Session.Texts(
            "(Get-Command -Module RsyncS3Backup).Where{ $_.Parameters.Values.ParameterSets.Values.ValueFromPipeline -contains $true }.Name");

        // Reports are of results, of whatever machine; Reports.Tests.ps1 gives them each kind.
        Assert.Equal(
            ["Export-BackupReport", "Get-BackupReport", "Set-BackupLifecycle"],
            takers.Except(Consumers.Select(consumer => consumer.Command.Split(' ')[0])));
    }

    private List<(string Kind, PSObject Item)> Produce()
    {
        UseOwnSchedulers();
        JsonObject schedule = new() { ["cronExpression"] = "0 2 * * *", ["timezone"] = "UTC" };
        string path = WriteJob(("schedule", schedule));
        WriteJobNamed("fresh");
        WriteJobNamed("dated", ("options.rsync.syncToS3.s3Prefix", "dated/{yyyy-MM-dd}/"), ("schedule", schedule));
        List<(string Kind, PSObject Item)> produced = [];
        Session.Run("Register-BackupSchedule photos, dated -Scheduler Cron -WarningAction Ignore").ThrowOnError();
        foreach ((string kind, string script) in Producers)
        {
            SessionResult result = Session.Run($"param($Path, $Target, $Mirrored) {script}", path, Folder.File("restored"), Path.Combine(Mirror, "a.txt"));
            produced.Add((kind, result.ThrowOnError().Objects[0]));
        }

        produced.AddRange(Others.Select(other => (other.Kind, PSObject.AsPSObject(other.Item))));
        return produced;
    }

    private IEnumerable<string> Otherwise(string command, string kind, string form, PSObject item)
    {
        Session.Host.ClearScreen();
        SessionResult result = Session.Run(
            $"param($Item, $Target) $Item | {command} -WarningAction Ignore", item, Folder.File("elsewhere"));
        string ids = string.Join(", ", result.Errors.Select(error => error.Id()).Append(result.TerminatingError?.Id()).OfType<string>());
        string expected = Expected(command, kind);
        string what = $"{kind} {form}| {command}: {(ids.Length == 0 ? "works" : ids)}, and not {(expected.Length == 0 ? "works" : expected)}"
            + $" ({string.Join(" ", result.Errors.Select(error => error.ToString()))}{result.Terminating?.Message})";
        if (ids != expected)
            yield return what;
        else if (expected == Refused && IsNamed(kind, form) && !result.Errors.Any(error => error.ToString().Contains(kind, StringComparison.Ordinal)))
            yield return $"{what}: does not say what came";
        else if (expected.Length == 0 && command.Contains("-WhatIf", StringComparison.Ordinal) && !IsSilent(command, kind)
            && !Session.Host.Screen.Contains(JobOf(kind), StringComparison.Ordinal))
            yield return $"{what}: nothing would happen to job '{JobOf(kind)}'";
    }

    // A text says nothing of its kind, nor does a configuration in JSON; of a snapshot the error says which one it is.
    private static bool IsNamed(string kind, string form) =>
        !(kind == "BackupConfiguration" && form.Contains("JSON", StringComparison.Ordinal))
        && kind is not ("name" or "path" or "FileInfo" or "BackupSnapshot") && Others.All(other => other.Kind != kind);

    private static string JobOf(string kind) => kind switch { "BackupSnapshot" => "dated", "BackupAction" => "fresh", _ => "photos" };

    // Where there is nothing to do for the job, which is no mistake.
    private static bool IsSilent(string command, string kind) => command.Split(' ')[0] switch
    {
        "Remove-BackupLifecycle" or "Initialize-BackupBucket" => true,
        // Both copies are the same again, and results are passed over.
        "Repair-Backup" => true,
        // A job without a schedule.
        "Disable-BackupSchedule" or "Enable-BackupSchedule" or "Start-BackupSchedule" or "Unregister-BackupSchedule" or "Register-BackupSchedule" =>
            kind == "BackupAction",
        // A restore is no run of the history; differences are in the result.
        "Remove-BackupHistory" => kind == "RestoreResult",
        "Send-BackupNotification" => kind == "BackupDifference",
        _ => false,
    };

    private static string Expected(string command, string kind) => command.Split(' ')[0] switch
    {
        "Send-BackupNotification" => Results.Contains(kind) || kind == "BackupDifference" ? "" : Refused,
        "Repair-Backup" => WholeJobs.Contains(kind) || kind is "BackupDifference" or "BackupTestResult" ? "" : Refused,
        _ when Others.Any(other => other.Kind == kind) => Foreign,
        "Remove-BackupHistory" => Results.Contains(kind) || WholeJobs.Contains(kind) || kind == "RestoreResult" ? "" : Refused,
        "Test-Backup" when kind == "BackupSnapshot" => Refused,
        _ => "",
    };

    /// <summary>What ConvertFrom-Json makes of what ConvertTo-Json made of it: plain objects, enumerations as numbers.</summary>
    private static PSObject Json(PSObject item, int depth = 9)
    {
        if (item.BaseObject is string or int or FileInfo or DateTime or Version)
            return item;
        PSObject plain = new();
        foreach (PSPropertyInfo property in item.Properties)
        {
            // Flat properties are scripts, which need a session; they say nothing that is not in the others.
            if (property is not PSScriptProperty)
                plain.Properties.Add(new PSNoteProperty(property.Name, JsonValue(property.Value, depth)));
        }

        return plain;
    }

    private static object? JsonValue(object? value, int depth) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => null,
        Enum name => Convert.ToInt64(name, System.Globalization.CultureInfo.InvariantCulture),
        string or bool or long or int or double or decimal => value,
        DateTimeOffset time => time.UtcDateTime,
        DateTime time => time,
        IEnumerable items => items.Cast<object?>().Select(inner => JsonValue(inner, depth - 1)).ToArray(),
        object other when depth == 0 => other.ToString(),
        object other => Json(PSObject.AsPSObject(other), depth - 1),
    };
}
