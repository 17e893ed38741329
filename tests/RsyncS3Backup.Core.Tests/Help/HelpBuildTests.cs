using System.Xml.Linq;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class HelpBuildTests
{
    private static readonly string Pages = Repository.Path("docs", "en-US");

    [Fact]
    public void The_pages_of_this_module_have_no_problems() => Assert.Empty(HelpBuild.Read(Pages).Problems);

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

            HelpBuild.Read(Pages).Write(maml);

            Assert.Equal(Directory.GetFiles(Pages, "*-*.md").Length, XDocument.Load(maml).Root!.Elements().Count());
            Assert.True(File.Exists(Path.Combine(folder, "en-US", "about_RsyncS3Backup.help.txt")));
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
