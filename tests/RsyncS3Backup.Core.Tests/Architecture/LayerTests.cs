using System.Text.RegularExpressions;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Architecture;

/// <summary>The rooms of Core, from the top of docs/architecture.md to its bottom: each uses only what stands above it.</summary>
public sealed partial class LayerTests
{
    private const string Root = "RsyncS3Backup";

    private static readonly string[] Layers =
    [
        "Model", "Files", "Calendar", "Configuration", "State", "Observation", "Metrics", "Mirror", "ObjectStore", "Rsync", "Sync", "Recovery", "Costs",
        "Reports", "Runs", "Jobs", "Schedulers", "Readiness",
    ];

    // Reading every body of Core takes seconds: once for all tests.
    private static readonly Lazy<IReadOnlyList<TypeUse>> Uses =
        new(() => AssemblyUses.Of(typeof(BackupConfiguration).Assembly.Location));

    [Fact]
    public void No_type_uses_a_room_below_its_own()
    {
        List<string> upward = [];
        foreach (TypeUse use in Uses.Value)
        {
            int from = Array.IndexOf(Layers, Layer(use.FromNamespace));
            int to = Array.IndexOf(Layers, Layer(use.ToNamespace));
            if (to > from)
                upward.Add($"{use.File}: {use.From} ({Layers[from]}) uses {use.To} ({Layers[to]})");
        }

        Assert.Empty(upward);
    }

    [Fact]
    public void Every_type_is_in_a_room()
    {
        IEnumerable<string> homeless = Uses.Value
            .Where(use => !Layers.Contains(Layer(use.FromNamespace)))
            .Select(use => use.From)
            .Distinct();

        Assert.Empty(homeless);
    }

    [Fact]
    public void Only_what_reaches_the_pipeline_is_public()
    {
        IEnumerable<string> outside = typeof(BackupConfiguration).Assembly.GetExportedTypes()
            .Where(type => type.Namespace != Root)
            .Select(type => type.FullName!);

        Assert.Empty(outside);
    }

    [Fact]
    public void The_uses_that_the_other_tests_look_at_are_there()
    {
        HashSet<(string, string)> uses = [.. Uses.Value.Select(use => (use.From, use.To))];

        // By a call in an async method, by a base type, by a field, by a generic argument and by a catch.
        Assert.Contains((Root + ".Runs.Stage1Attempts", Root + ".Rsync.RsyncStage"), uses);
        Assert.Contains((Root + ".Rsync.PlannedMirror", Root + ".Mirror.IPlannedMirror"), uses);
        Assert.Contains((Root + ".Observation.RunContext", Root + ".Observation.RunLog"), uses);
        Assert.Contains((Root + ".Recovery.ItemFilter", Root + ".Files.KeyRange"), uses);
        Assert.Contains((Root + ".Sync.S3SyncStage", Root + ".State.Sqlite.SqliteException"), uses);
    }

    [Fact]
    public void A_folder_is_a_namespace()
    {
        string core = Path.Combine(Repository.Root, "src", "RsyncS3Backup.Core");
        List<string> strays = [];
        foreach (string file in Directory.EnumerateFiles(core, "*.cs", SearchOption.AllDirectories))
        {
            string[] folders = Path.GetDirectoryName(Path.GetRelativePath(core, file))!.Split(Path.DirectorySeparatorChar);
            if (folders[0] is "obj" or "bin")
                continue;
            // What reaches the pipeline is called [RsyncS3Backup.BackupResult], whatever shelf of the model it lies on.
            string expected = folders[0] == "Model" ? Root : $"{Root}.{string.Join('.', folders)}";
            if (NamespaceLine().Match(File.ReadAllText(file)).Groups[1].Value != expected)
                strays.Add($"{Path.GetRelativePath(core, file)} is not in {expected}");
        }

        Assert.Empty(strays);
    }

    [Fact]
    public void The_architecture_page_draws_the_rooms_in_this_order()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));
        string section = page.Split("## Rooms of Core", 2)[1].Split("\n## ", 2)[0];

        Assert.Equal(Layers, RoomRow().Matches(section).Select(match => match.Groups[1].Value));
    }

    private static string Layer(string @namespace) =>
        @namespace == Root ? "Model" : @namespace.StartsWith(Root + ".", StringComparison.Ordinal) ? @namespace.Split('.')[1] : "";

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex RoomRow();
}
