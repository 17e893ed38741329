using System.Text.RegularExpressions;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Errors;

/// <summary>The ids are what scripts rely on: the documentation lists each one that the code has, and no other.</summary>
public sealed partial class ErrorIdsTests
{
    [Fact]
    public void The_documentation_lists_exactly_the_ids_that_the_code_has()
    {
        SortedSet<string> documented = [.. DocumentedId().Matches(File.ReadAllText(Repository.Path("docs", "errors.md"))).Select(match => match.Groups[1].Value)];
        SortedSet<string> inCode = [.. ErrorFactories().SelectMany(file => FactoryId().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)];

        Assert.True(inCode.Count > 50, "The pattern finds the ids no more.");
        Assert.Equal(inCode, documented);
    }

    private static IEnumerable<string> ErrorFactories() =>
        Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is var name && (name.EndsWith("Errors.cs", StringComparison.Ordinal) || name == "RsyncExitCodes.cs"));

    // An id is the first argument of an error factory; the table of exit codes has the code before it.
    [GeneratedRegex("""(?:\(\s*|Failed\("[0-9]+",\s*|"129 to 192",\s*|"any other",\s*)"([A-Z][A-Za-z0-9]+)",""")]
    private static partial Regex FactoryId();

    [GeneratedRegex(@"^\| ([A-Z][A-Za-z0-9]+) \|[^|]+\|[^|]+\|[^|]+\|", RegexOptions.Multiline)]
    private static partial Regex DocumentedId();
}
