using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Sources;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What names of a source a drive takes for one.</summary>
public sealed class SourceNamesTests : IDisposable
{
    private readonly TemporaryFolder files = new();

    public void Dispose() => files.Dispose();

    [SkippableTheory]
    [InlineData("", "photos/käse.txt")]
    [InlineData("Käse.TXT\n", "")]
    [InlineData("# Käse.TXT\n/photos/*.txt\n", "")]
    [InlineData("+ Käse.TXT\n*.TXT\n", "photos/käse.txt")]
    [InlineData("*.TXT\n!\n", "photos/käse.txt")]
    public void What_a_pattern_file_excludes_is_no_other_name(string patterns, string twins)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Needs a system that tells cases apart.");
        foreach (string name in (string[])["Käse.TXT", "käse.txt", "other"])
            File.WriteAllText(Path.Combine(files.Folder("source/photos"), name), "");
        foreach (Encoding encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Unicode])
        {
            File.WriteAllText(files["patterns"], patterns, encoding);
            RsyncOptions options = new() { LocalDestination = files["mirror"], PatternFiles = [files["patterns"]] };
            RsyncLeg leg = new(files["source"], files.Folder("mirror"), null);

            SourceNames found = SourceNames.Find(leg, options, new FileSystemTraits { FoldsCase = true }, CancellationToken.None);

            Assert.Equal((encoding.WebName, twins), (encoding.WebName, string.Join(' ', found.Twins)));
        }
    }
}
