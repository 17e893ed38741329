using System.Management.Automation;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>One rule for the parameters of all cmdlets, read from what the engine says of them.</summary>
public sealed partial class ParameterRuleTests : IDisposable
{
    private const string All = "__AllParameterSets";

    // What each means wherever it is, and what else it may be called: earlier names, and those of AWS' own tools.
    private static readonly Dictionary<string, string[]> Aliases = new()
    {
        ["AccessKey"] = ["AK"],
        ["SecretKey"] = ["SK", "SecretAccessKey"],
        ["SessionToken"] = ["ST"],
        ["ProfileName"] = ["StoredCredentials", "AWSProfileName"],
        ["Region"] = ["RegionToCall"],
        ["KeyPrefix"] = ["Prefix"],
        ["ConfigPath"] = ["ConfigurationPath", "FullName", "PSPath"],
        ["Config"] = ["InputObject"],
        ["RequestLimit"] = [],
    };

    // Earlier names, which scripts may have.
    private static readonly (string Cmdlet, string Earlier, string Now)[] EarlierNames =
    [
        ("Export-BackupMetric", "Path", "FilePath"),
        ("Get-BackupItem", "Versions", "AllVersions"),
        ("Get-BackupSnapshot", "Path", "ConfigPath"),
        ("Import-BackupConfiguration", "Path", "ConfigPath"),
        ("Invoke-RsyncStage", "Destination", "MirrorPath"),
        ("Invoke-RsyncToS3Backup", "Parallel", "ThrottleLimit"),
        ("Invoke-RsyncToS3Backup", "Path", "ConfigPath"),
        ("Invoke-S3SyncStage", "Config", "InputObject"),
        ("Invoke-S3SyncStage", "Path", "MirrorPath"),
        ("Invoke-S3SyncStage", "ThrottleLimit", "RequestLimit"),
        ("New-BackupConfiguration", "Destination", "MirrorPath"),
        ("New-BackupConfiguration", "Path", "ConfigPath"),
        ("New-BackupConfiguration", "ThrottleLimit", "RequestLimit"),
        ("Restore-Backup", "ThrottleLimit", "RequestLimit"),
        ("Set-BackupConfiguration", "Destination", "MirrorPath"),
        ("Set-BackupConfiguration", "ThrottleLimit", "RequestLimit"),
        ("Test-BackupConfiguration", "Path", "ConfigPath"),
        ("Test-BackupDue", "Path", "ConfigPath"),
    ];

    private readonly PowerShellSession session = PowerShellSession.Create();

    public void Dispose() => session.Dispose();

    [Fact]
    public void What_stands_first_names_the_job()
    {
        IEnumerable<string> otherwise =
            from cmdlet in Cmdlets()
            let name = cmdlet.Parameters.GetValueOrDefault("Name")
            // That of a report is the file, which nothing else can say.
            where name is not null && cmdlet.Name != "Export-BackupReport"
            where !name.ParameterSets.Values.Any(set => set.Position == 0)
                || !(cmdlet.DefaultParameterSet is null || name.ParameterSets.ContainsKey(cmdlet.DefaultParameterSet))
            select cmdlet.Name;

        Assert.Empty(otherwise);
    }

    [Fact]
    public void Whoever_takes_a_job_by_name_takes_it_by_file_and_through_the_pipeline()
    {
        IEnumerable<string> lacking =
            from cmdlet in Cmdlets()
            where cmdlet.Parameters.ContainsKey("Name")
            // A report is of results, of whatever machine, and not of files.
            where cmdlet.Name is not ("New-BackupConfiguration" or "Get-BackupReport" or "Export-BackupReport")
            from needed in (string[])["ConfigPath", cmdlet.Parameters.ContainsKey("Config") ? "Config" : "InputObject"]
            where !cmdlet.Parameters.TryGetValue(needed, out ParameterMetadata? parameter)
                || (needed != "ConfigPath" && !(parameter.ParameterSets.Values.Any(set => set.ValueFromPipeline) && TakesObjects(parameter)))
            select $"{cmdlet.Name} -{needed}";

        Assert.Empty(lacking);
    }

    [Fact]
    public void No_parameter_takes_an_object_of_the_pipeline_as_its_text()
    {
        IEnumerable<string> texts =
            from cmdlet in Cmdlets()
            from parameter in cmdlet.Parameters.Values
            where parameter.ParameterSets.Values.Any(set => set.ValueFromPipeline || set.ValueFromPipelineByPropertyName)
            where parameter.ParameterType == typeof(string) || parameter.ParameterType == typeof(string[])
            select $"{cmdlet.Name} -{parameter.Name}";

        Assert.Empty(texts);
    }

    [Fact]
    public void Path_means_an_entry_of_the_backup_and_has_a_literal_form()
    {
        Assert.Equal(["Get-BackupItem", "Restore-Backup", "Test-Backup"], With("Path").Order(StringComparer.Ordinal));
        Assert.Empty(
            from cmdlet in Cmdlets()
            where cmdlet.Parameters.ContainsKey("Path")
                || (cmdlet.Parameters.TryGetValue("ConfigPath", out ParameterMetadata? path) && TakesWildcards(path))
            where !cmdlet.Parameters.ContainsKey("LiteralPath")
            select cmdlet.Name);
        Assert.Empty(
            from cmdlet in Cmdlets()
            where cmdlet.Parameters.TryGetValue("LiteralPath", out ParameterMetadata? literal) && TakesWildcards(literal)
            select cmdlet.Name);
    }

    [Fact]
    public void The_mirror_is_called_so_and_only_a_restore_has_a_destination()
    {
        Assert.Equal(["Restore-Backup"], With("Destination"));
        Assert.Equal(
            ["Invoke-RsyncStage", "Invoke-S3SyncStage", "New-BackupConfiguration", "Set-BackupConfiguration"], With("MirrorPath").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_name_has_the_same_other_names_everywhere()
    {
        IEnumerable<string> lacking =
            from cmdlet in Cmdlets()
            from parameter in cmdlet.Parameters.Values
            from alias in Aliases.GetValueOrDefault(parameter.Name, [])
            where !parameter.Aliases.Contains(alias)
            select $"{cmdlet.Name} -{parameter.Name} ({alias})";

        Assert.Empty(lacking);
    }

    [Fact]
    public void Earlier_names_still_work()
    {
        Dictionary<string, CmdletInfo> cmdlets = Cmdlets().ToDictionary(cmdlet => cmdlet.Name);

        Assert.All(EarlierNames, name => Assert.Contains(name.Earlier, cmdlets[name.Cmdlet].Parameters[name.Now].Aliases));
    }

    [Fact]
    public void A_switch_is_off_unless_it_is_given()
    {
        IEnumerable<string> on =
            from cmdlet in Cmdlets()
            let instance = Activator.CreateInstance(cmdlet.ImplementingType)
            from property in cmdlet.ImplementingType.GetProperties()
            where property.PropertyType == typeof(SwitchParameter) && property.GetValue(instance) is SwitchParameter { IsPresent: true }
            select $"{cmdlet.Name} -{property.Name}";

        Assert.Empty(on);
    }

    [Fact]
    public void The_help_pages_say_of_each_parameter_what_the_engine_says()
    {
        IEnumerable<string> otherwise =
            from cmdlet in Cmdlets()
            let page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "en-US", cmdlet.Name + ".md"))
            from parameter in cmdlet.Parameters.Values
            where !Cmdlet.CommonParameters.Contains(parameter.Name)
            from set in parameter.ParameterSets
            let position = set.Value.Position < 0 ? "Named" : $"{set.Value.Position}"
            let wanted = $"{string.Join(", ", parameter.Aliases)}|{set.Value.IsMandatory}|{position}|{TakesWildcards(parameter)}"
            let written = Written(page, parameter.Name, set.Key)
            where wanted != written
            select $"{cmdlet.Name} -{parameter.Name} in {set.Key}: {wanted}, and not {written}";

        Assert.Empty(otherwise);
    }

    private static string Written(string page, string parameter, string set)
    {
        int start = page.IndexOf($"### -{parameter}\n", StringComparison.Ordinal);
        if (start < 0)
            return "";
        string section = page[start..page.IndexOf("\n### ", start + 4, StringComparison.Ordinal)];
        foreach (Match block in Yaml().Matches(section))
        {
            string Value(string key) => Regex.Match(block.Value, $"^{key}:[ ]*(.*)$", RegexOptions.Multiline).Groups[1].Value;
            string[] sets = Value("Parameter Sets").Split(", ");
            if (sets.Contains(set == All ? "(All)" : set))
                return $"{Value("Aliases")}|{Value("Required")}|{Value("Position")}|{Value("Accept wildcard characters")}";
        }

        return "";
    }

    private IEnumerable<string> With(string parameter) =>
        Cmdlets().Where(cmdlet => cmdlet.Parameters.ContainsKey(parameter)).Select(cmdlet => cmdlet.Name);

    private static bool TakesObjects(ParameterMetadata parameter) => parameter.ParameterType.Name.StartsWith("Object", StringComparison.Ordinal);

    private static bool TakesWildcards(ParameterMetadata parameter) => parameter.Attributes.OfType<SupportsWildcardsAttribute>().Any();

    private CmdletInfo[] Cmdlets()
    {
        CmdletInfo[] cmdlets =
            [.. session.Run("Get-Command -Module RsyncS3Backup").ThrowOnError().Objects.Select(item => (CmdletInfo)item.BaseObject)];
        Assert.NotEmpty(cmdlets);
        return cmdlets;
    }

    [GeneratedRegex("^```yaml\n.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Yaml();
}
