using System.Xml.Linq;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class HelpBuildTests
{
    private static readonly string Pages = Repository.Path("docs", "en-US");
    private static readonly string Guides = Repository.Path("docs");

    [Fact]
    public void The_pages_of_this_module_have_no_problems() => Assert.Empty(HelpBuild.Read(Pages, Guides).Problems);

    [Fact]
    public void Every_guide_travels_with_the_module() =>
        Assert.Equal(
            Directory.GetFiles(Guides, "*.md").Select(Path.GetFileName)
                .Except(["architecture.md", "performance.md", "third-party-notices.md"]).Order(StringComparer.Ordinal),
            Guide.All.SelectMany(guide => guide.Files).Order(StringComparer.Ordinal));

    [Fact]
    public void No_line_of_a_topic_is_wider_than_80_columns_but_for_an_address() =>
        Assert.All(
            HelpBuild.Read(Pages, Guides).Topics.SelectMany(topic => topic.Text.Split('\n')),
            line => Assert.True(
                line.Length <= 80 || (line.Contains("://", StringComparison.Ordinal) && !line.Trim().Contains(' ')), line));

    [Fact]
    public void Every_exported_cmdlet_has_a_page()
    {
        string manifest = File.ReadAllText(Repository.Path("RsyncS3Backup.psd1"));
        string export = manifest[manifest.IndexOf("CmdletsToExport", StringComparison.Ordinal)..];
        IEnumerable<string> cmdlets = export[..export.IndexOf(')', StringComparison.Ordinal)].Split('\'').Where(part => part.Contains('-'));

        Assert.Equal(cmdlets.Order(StringComparer.Ordinal), HelpBuild.Read(Pages).Commands.Select(page => page.Name));
    }

    [Fact]
    public void The_MAML_file_and_the_about_topics_lie_in_one_folder()
    {
        string folder = Directory.CreateTempSubdirectory("help").FullName;
        try
        {
            string maml = Path.Combine(folder, "en-US", "RsyncS3Backup.dll-Help.xml");

            Directory.CreateDirectory(Path.GetDirectoryName(maml)!);
            File.WriteAllText(Path.Combine(folder, "en-US", "about_Gone.help.txt"), "A topic of an earlier build.");

            HelpBuild.Read(Pages, Guides).Write(maml);

            Assert.Equal(Directory.GetFiles(Pages, "*-*.md").Length, XDocument.Load(maml).Root!.Elements().Count());
            Assert.Equal(
                Guide.All.Select(guide => guide.Topic).Prepend("about_RsyncS3Backup").Select(topic => topic + ".help.txt"),
                Directory.GetFiles(Path.Combine(folder, "en-US"), "*.txt").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_folder_without_pages_is_a_problem()
    {
        string folder = Directory.CreateTempSubdirectory("help").FullName;
        try
        {
            Assert.Single(HelpBuild.Read(folder).Problems);
        }
        finally
        {
            Directory.Delete(folder);
        }
    }
}
