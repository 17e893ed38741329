using System.Xml.Linq;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.HelpBuilder;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Help;

public sealed class CompactXmlTests
{
    [Fact]
    public void Comments_and_space_between_elements_go_and_values_stay_as_they_are() =>
        Assert.Equal(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<View><Text> </Text><Script>if ($a) {\n    'b'\n}</Script></View>\n",
            CompactXml.Of("""
                <?xml version="1.0" encoding="utf-8"?>
                <!-- What it is. -->
                <View>
                  <!-- Why. -->
                  <Text> </Text>
                  <Script>if ($a) {
                    'b'
                }</Script>
                </View>
                """.Replace("                }", "}", StringComparison.Ordinal)));

    [Theory]
    [InlineData("RsyncS3Backup.format.ps1xml")]
    [InlineData("RsyncS3Backup.types.ps1xml")]
    public void The_modules_files_keep_every_element_and_value(string file)
    {
        string xml = File.ReadAllText(Repository.Path("src", "RsyncS3Backup", file));
        string compact = CompactXml.Of(xml);

        Assert.Equal(Values(xml), Values(compact));
        Assert.True(compact.Length < xml.Length);
    }

    private static IEnumerable<string> Values(string xml) =>
        XDocument.Parse(xml, LoadOptions.PreserveWhitespace).Descendants()
            .Select(element => element.HasElements ? element.Name.ToString() : $"{element.Name}={element.Value}");
}
