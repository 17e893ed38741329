using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>What the pages tell users to type, against the real parser and the real cmdlets.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Pages() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Repository.Root, "README.md"))
            .Append(Path.Combine(Repository.Root, "CHANGELOG.md"))
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Pages))]
    public void Every_example_of_a_page_is_PowerShell_and_names_cmdlets_and_parameters_that_exist(string page)
    {
        using PowerShellSession session = PowerShellSession.Create();
        string text = File.ReadAllText(Path.Combine(Repository.Root, page));

        Assert.Empty(Problems(text, Parameters(session)));
    }

    [Theory]
    [InlineData("```powershell\nGet-BackupJob -Nmae photos\n```", "Get-BackupJob has no -Nmae")]
    [InlineData("```powershell\nGet-BackupJobs\n```", "there is no Get-BackupJobs")]
    [InlineData("```powershell\nGet-BackupJob | \n```", "An empty pipe element is not allowed.")]
    [InlineData("Say `Start-BackupSchedule photos -Now`.", "Start-BackupSchedule has no -Now")]
    [InlineData("```bash\nGet-BackupJob -Nmae photos\n```", null)]
    public void A_mistake_in_an_example_is_found(string text, string? problem)
    {
        using PowerShellSession session = PowerShellSession.Create();

        Assert.Equal(problem is null ? [] : [problem], Problems(text, Parameters(session)));
    }

    private static IEnumerable<string> Problems(string text, Dictionary<string, HashSet<string>> parameters)
    {
        IEnumerable<Match> examples = Block().Matches(text).Concat(Inline().Matches(text));
        foreach (string example in examples.Select(match => match.Groups["code"].Value))
        {
            ScriptBlockAst script = Parser.ParseInput(example, out _, out ParseError[] errors);
            foreach (ParseError error in errors)
                yield return error.Message;
            foreach (CommandAst command in script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                if (command.GetCommandName() is not { } name || !OurNoun().IsMatch(name))
                    continue;
                if (!parameters.TryGetValue(name, out HashSet<string>? known))
                    yield return $"there is no {name}";
                else
                    foreach (CommandParameterAst given in command.CommandElements.OfType<CommandParameterAst>().Where(given => !known.Contains(given.ParameterName)))
                        yield return $"{name} has no -{given.ParameterName}";
            }
        }
    }

    // Full names, as help should show them, and no aliases.
    private static Dictionary<string, HashSet<string>> Parameters(PowerShellSession session) =>
        session.Texts("(Get-Command -Module RsyncS3Backup).ForEach{ \"$($_.Name) $($_.Parameters.Keys)\" }")
            .Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => words[1..].ToHashSet(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);

    [GeneratedRegex(@"^```powershell[^\n]*\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"`(?<code>[A-Z][a-z]+-(?:Backup|Rsync|S3Sync)[^`\n]*)`")]
    private static partial Regex Inline();

    [GeneratedRegex(@"^[A-Z][a-z]+-(?:Backup|Rsync|S3Sync)", RegexOptions.IgnoreCase)]
    private static partial Regex OurNoun();
}
