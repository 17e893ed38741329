using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Reports;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Reports;

public sealed class TextReportTests
{
    [Fact]
    public void Markdown_has_what_is_wrong_and_a_table_of_all_jobs()
    {
        FleetReport report = SampleFleet.Whole();
        string[] lines = MarkdownReport.Of(report, "Backups").Split('\n');

        Assert.Equal("# Backups", lines[0]);
        Assert.Contains(@"- **documents on nas.example.org**: Failed. S3AccessDenied: S3 denies writing to example-backups/documents/. "
            + "Allow s3:PutObject to the key that the job uses.", lines);
        string[] table = [.. lines.SkipWhile(line => !line.StartsWith("| Status", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith('|'))];
        Assert.Equal(report.Jobs.Count + 2, table.Length);
        Assert.All(table, line => Assert.Equal(14, line.Count(character => character == '|')));
    }

    [Theory]
    [InlineData("a|b", "a&#124;b")]
    [InlineData("[x](http://evil)", @"\[x\]\(http&#58;//evil\)")]
    [InlineData("<img src=x>", "&#60;img src=x&#62;")]
    [InlineData("@everyone", "&#64;everyone")]
    [InlineData("`code` *bold* _under_", @"\`code\` \*bold\* \_under\_")]
    [InlineData("two\nlines", @"two\\u000Alines")]
    public void A_name_in_Markdown_is_text(string name, string expected)
    {
        ReportSource source = new(SampleFleet.Now);
        source.AddFailure("nas", name, "Broken.", null);

        string text = MarkdownReport.Of(source.Build(SampleFleet.Now), "Backups");

        Assert.Contains($"- **{expected} on nas**: Failed. Broken.\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_has_a_line_for_each_job_and_every_property()
    {
        FleetReport report = SampleFleet.Whole();
        string[] lines = CsvReport.Of(report).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(report.Jobs.Count + 1, lines.Length);
        Assert.Equal(
            typeof(BackupReport).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal),
            lines[0].Split(',').Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0")]
    [InlineData("+1", "'+1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("a,b \"c\"", "\"a,b \"\"c\"\"\"")]
    [InlineData("two\nlines", "two\\u000Alines")]
    public void A_name_in_a_sheet_is_no_formula_and_no_second_cell(string name, string cell)
    {
        ReportSource source = new(SampleFleet.Now);
        source.AddFailure("nas", name, "Broken.", null);

        Assert.StartsWith($"nas,{cell},Failed,True,Broken.,", CsvReport.Of(source.Build(SampleFleet.Now)).Split("\r\n")[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/tmp/a.html", BackupReportFormat.Html)]
    [InlineData("/tmp/a.HTM", BackupReportFormat.Html)]
    [InlineData("/tmp/a.md", BackupReportFormat.Markdown)]
    [InlineData("/tmp/a.csv", BackupReportFormat.Csv)]
    [InlineData("/tmp/a.txt", null)]
    [InlineData("/tmp/html", null)]
    public void The_name_of_a_file_says_what_it_is(string path, object? format) => Assert.Equal((BackupReportFormat?)format, ReportFile.FormatOf(path));

    [Fact]
    public void A_file_is_replaced_whole_and_a_link_in_its_place_is_not_followed()
    {
        using TemporaryFolder files = new();
        string other = files.File("other.txt", "mine");
        string path = files["report.md"];
        if (!OperatingSystem.IsWindows())
            File.CreateSymbolicLink(path, other);

        ReportFile.Write(path, "new");

        Assert.Equal(("new", "mine"), (File.ReadAllText(path), File.ReadAllText(other)));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal(2, Directory.GetFiles(files.Path).Length);
        BackupException failure = Assert.Throws<BackupException>(() => ReportFile.Write(files["no/report.md"], "new"));
        Assert.Equal(ErrorIds.ReportNotWritten, failure.Error.Id);
    }
}
