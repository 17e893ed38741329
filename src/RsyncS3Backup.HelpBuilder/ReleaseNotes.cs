using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>What the changelog says of the manifest's version, put into the manifest that is shipped.</summary>
internal static partial class ReleaseNotes
{
    private const int Width = 80;

    /// <summary>The manifest with <c>ReleaseNotes</c>; as it was when there is a problem.</summary>
    public static string AddTo(string manifest, string changelog, string changelogFile, List<PageProblem> problems)
    {
        string version = Version().Match(manifest).Groups[1].Value;
        string? notes = Of(changelog, version);
        if (string.IsNullOrEmpty(notes))
        {
            problems.Add(new PageProblem(changelogFile, 1, $"There is no section '## [{version}]', or nothing in it."));
            return manifest;
        }

        Match data = Data().Match(manifest);
        if (!data.Success || manifest.Contains("ReleaseNotes", StringComparison.Ordinal))
        {
            problems.Add(new PageProblem(
                changelogFile, 1, "The manifest must have 'PSData = @{', and no release notes of its own."));
            return manifest;
        }

        // A here-string takes every character but a line that begins with its end.
        notes = notes.Replace("\n'@", "\n '@", StringComparison.Ordinal);
        return manifest.Insert(data.Index + data.Length, $"            ReleaseNotes = @'\n{notes}\n'@\n");
    }

    private static string? Of(string changelog, string version)
    {
        MarkdownDocument document = Markdown.Parse(changelog, PlainText.Pipeline);
        IEnumerable<Block> section = document
            .SkipWhile(block => TitleOf(block)?.Contains($"[{version}]", StringComparison.Ordinal) != true)
            .Skip(1)
            .TakeWhile(block => TitleOf(block) is null);
        return string.Join("\n\n", PlainText.Paragraphs(section, Width));

        static string? TitleOf(Block block) => block is HeadingBlock { Level: 2 } heading ? PlainText.Of(heading) : null;
    }

    [GeneratedRegex(@"ModuleVersion\s*=\s*'([0-9.]+)'")]
    private static partial Regex Version();

    [GeneratedRegex(@"PSData\s*=\s*@\{\r?\n")]
    private static partial Regex Data();
}
