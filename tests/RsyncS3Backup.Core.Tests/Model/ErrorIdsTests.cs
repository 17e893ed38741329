using System.Reflection;
using System.Text.RegularExpressions;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Model;

/// <summary>The ids are what scripts rely on: the documentation lists each one that the code has, and no other.</summary>
public sealed partial class ErrorIdsTests
{
    [Fact]
    public void The_documentation_lists_exactly_the_ids_that_the_code_has()
    {
        SortedSet<string> documented = [.. DocumentedId().Matches(File.ReadAllText(Repository.Path("docs", "errors.md"))).Select(match => match.Groups[1].Value)];

        Assert.Equal(Ids, documented);
    }

    [Fact]
    public void Every_factory_names_its_id_by_its_constant()
    {
        string[] files = [.. ErrorFactories()];
        string text = string.Concat(files.Select(File.ReadAllText));

        Assert.True(files.Length > 10, "The factories are not where they were.");
        Assert.Empty(FactoryId().Matches(text).Select(match => match.Groups[1].Value));
        Assert.All(Ids, id => Assert.Contains($"ErrorIds.{id},", text, StringComparison.Ordinal));
    }

    private static SortedSet<string> Ids { get; } =
        [.. typeof(ErrorIds).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!)];

    private static IEnumerable<string> ErrorFactories() =>
        Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is var name && (name.EndsWith("Errors.cs", StringComparison.Ordinal) || name == "RsyncExitCodes.cs"));

    // An id is the first argument of an error factory; the table of exit codes has the code before it.
    [GeneratedRegex("""(?:\(\s*|Failed\("[0-9]+",\s*|"129 to 192",\s*|"any other",\s*)"([A-Z][A-Za-z0-9]+)",""")]
    private static partial Regex FactoryId();

    [GeneratedRegex(@"^\| ([A-Z][A-Za-z0-9]+) \|[^|]+\|[^|]+\|[^|]+\|", RegexOptions.Multiline)]
    private static partial Regex DocumentedId();
}
