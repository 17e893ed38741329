using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>What is staged, and so what is published, against what it says of itself.</summary>
public sealed partial class PackageTests
{
    private static readonly string Notices = File.ReadAllText(Path.Combine(Repository.StagedModule, "third-party-notices.md"));

    [Fact]
    public void No_shipped_text_names_a_file_that_is_not_shipped()
    {
        IEnumerable<(string File, string Text)> texts = Directory
            .EnumerateFiles(Repository.StagedModule, "*", SearchOption.AllDirectories)
            .SelectMany(file => Texts(file).Select(text => (Path.GetFileName(file), text)));
        IEnumerable<string> dangling = texts
            .SelectMany(item => FileName().Matches(item.Text).Select(match => (item.File, Named: match.Value)))
            .Where(item => !File.Exists(Path.Combine(Repository.StagedModule, item.Named)))
            .Select(item => $"{item.File} names {item.Named}");

        Assert.Empty(dangling.Distinct());
    }

    [Theory]
    [InlineData("docs/errors.md lists them", "docs/errors.md")]
    [InlineData("see errors.md", "errors.md")]
    [InlineData("the table in docs/rsync", "docs/rsync")]
    [InlineData("run ./build.sh test", "build.sh")]
    [InlineData("https://example.com/docs/licence.md", null)]
    public void A_file_that_is_named_is_found(string text, string? name) =>
        Assert.Equal(name ?? "", FileName().Match(text).Value);

    [Fact]
    public void The_texts_of_an_assembly_are_looked_at() =>
        Assert.Contains(
            Texts(Repository.Assembly("RsyncS3Backup.Core")),
            text => text.Contains("about_RsyncS3Backup_Configuration", StringComparison.Ordinal));

    [Fact]
    public void Every_library_that_is_staged_has_a_notice_and_every_notice_a_library()
    {
        IEnumerable<string> staged = Directory
            .EnumerateFiles(Path.Combine(Repository.StagedModule, "bin"), "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".dll" or ".so" or ".dylib")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(name => name is not ("RsyncS3Backup" or "RsyncS3Backup.Core"))
            .Select(name => name == "libe_sqlite3" ? "e_sqlite3" : name);
        IEnumerable<string> noticed = Notice().Matches(Notices).SelectMany(match => match.Groups["names"].Value.Split(", "));

        Assert.Equal(staged.Distinct().Order(StringComparer.Ordinal), noticed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_licence_that_a_notice_names_is_there_in_full() =>
        Assert.All(Notice().Matches(Notices).Select(match => match.Groups["licence"].Value), licence => Assert.True(
            licence switch
            {
                "MIT" => Notices.Contains("\n## MIT licence\n", StringComparison.Ordinal),
                "Apache 2.0" => Notices.Contains("\n## Apache licence, version 2.0\n", StringComparison.Ordinal),
                _ => licence == "public domain",
            },
            licence));

    [Fact]
    public void The_staged_manifest_is_that_of_the_repository_with_the_release_notes_of_its_version()
    {
        string staged = File.ReadAllText(Repository.Manifest);
        Match notes = ReleaseNotes().Match(staged);

        Assert.Contains("Invoke-RsyncToS3Backup: a backup in two stages", notes.Groups["notes"].Value, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(Repository.Root, "RsyncS3Backup.psd1")), staged.Remove(notes.Index, notes.Length));
    }

    // The string literals of our assemblies; of all other files but libraries, everything.
    private static List<string> Texts(string file)
    {
        if (Path.GetExtension(file) is ".pdb" or ".so" or ".dylib")
            return [];
        if (Path.GetExtension(file) != ".dll")
            return [File.ReadAllText(file)];
        return Path.GetFileName(file).StartsWith("RsyncS3Backup", StringComparison.Ordinal) ? Literals(file) : [];
    }

    private static List<string> Literals(string file)
    {
        using FileStream stream = File.OpenRead(file);
        using PEReader assembly = new(stream);
        MetadataReader reader = assembly.GetMetadataReader();
        List<string> literals = [];
        for (UserStringHandle handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = reader.GetNextHandle(handle))
            literals.Add(reader.GetUserString(handle));
        return literals;
    }

    // A file of the repository as a text names it, but not a part of an address or of a user's path.
    [GeneratedRegex(@"(?<![\w/.~-])(?:docs/[\w./-]*\w|[\w-]+\.md\b)|\bbuild\.(?:sh|ps1)\b")]
    private static partial Regex FileName();

    [GeneratedRegex(@"^\| \[(?<names>[^]]+)\]\([^)]+\)[^|]*\| (?<licence>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Notice();

    [GeneratedRegex(@"            ReleaseNotes = @'\n(?<notes>.*?)\n'@\n", RegexOptions.Singleline)]
    private static partial Regex ReleaseNotes();
}
