using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class ReleaseNotesTests
{
    private const string Manifest = """
        @{
            ModuleVersion = '1.2.0'
            PrivateData   = @{
                PSData = @{
                    Tags = @('backup')
                }
            }
        }
        """;

    private const string Changelog = """
        # Changelog

        ## [1.3.0] - Unreleased

        - Later.

        ## [1.2.0] - 2026-01-02

        ### Added

        - `Get-Thing`: a thing, even one that's quoted.
        '@
        - More.

        ## [1.1.0] - 2025-01-02

        - Earlier.
        """;

    [Fact]
    public void The_section_of_the_manifests_version_becomes_its_release_notes()
    {
        string text = Add(Manifest, Changelog, out List<PageProblem> problems);

        Assert.Empty(problems);
        Assert.Contains(
            "        PSData = @{\n            ReleaseNotes = @'\n"
            + "Added\n\n- Get-Thing: a thing, even one that's quoted. '@\n- More.\n'@\n",
            text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.4.0")]
    [InlineData("1.2")]
    public void A_version_that_the_changelog_does_not_have_is_a_problem(string version)
    {
        Add(Manifest.Replace("1.2.0", version, StringComparison.Ordinal), Changelog, out List<PageProblem> problems);

        Assert.Contains($"[{version}]", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_with_notes_of_its_own_is_a_problem()
    {
        string manifest = Manifest.Replace("Tags", "ReleaseNotes = ''; Tags", StringComparison.Ordinal);

        Add(manifest, Changelog, out List<PageProblem> problems);

        Assert.Single(problems);
    }

    private static string Add(string manifest, string changelog, out List<PageProblem> problems)
    {
        problems = [];
        return ReleaseNotes.AddTo(manifest, changelog, "CHANGELOG.md", problems);
    }
}
