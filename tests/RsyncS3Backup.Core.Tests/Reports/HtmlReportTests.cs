using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Reports;
using RsyncS3Backup.Reports.Html;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Reports;

public sealed partial class HtmlReportTests
{
    /// <summary>What a job can be called on a machine that somebody else has.</summary>
    private static readonly string[] HostileNames =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</style></svg><script>1</script>", "&lt;b&gt; & <b>",
        "a\u001b[31mred\u0007\0", "evil\u202egnp.exe", "\u2067rtl\u2069", "lone \ud800 half", "line\r\nbreak\u2028sep", "{{constructor}}", "<!--", "]]>",
        "שלום", "日本語 🙂",
    ];

    [Fact]
    public void It_is_one_file_that_has_no_script_and_asks_for_nothing()
    {
        string html = HtmlReport.Of(SampleFleet.Whole(), "Backups");

        Assert.DoesNotMatch("<(script|img|iframe|object|embed|link|form|base|video|audio|use|image|foreignObject)[ >/]", html);
        Assert.DoesNotMatch(@"(?i)\s(src|srcset|action|data|poster|style|on\w+)\s*=", html);
        Assert.DoesNotMatch(@"(?i)url\(|@import|https?:", html);
        Assert.All(Href().Matches(html), match => Assert.StartsWith("#", match.Groups[1].Value, StringComparison.Ordinal));
    }

    [Fact]
    public void Its_policy_allows_its_own_style_and_nothing_else()
    {
        string html = HtmlReport.Of(SampleFleet.Whole(), "Backups");
        string style = html.Split("<style>")[1].Split("</style>")[0];

        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"content=\"default-src &#39;none&#39;; style-src &#39;sha256-{hash}&#39;;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_comes_first_and_worst_first()
    {
        FleetReport report = SampleFleet.Whole();
        string html = HtmlReport.Of(report, "Backups");

        int[] places = [.. new[] { "id=\"wrong\"", "id=\"all\"", "id=\"runs\"", "id=\"each\"" }.Select(id => html.IndexOf(id, StringComparison.Ordinal))];
        Assert.All(places, place => Assert.True(place > 0));
        Assert.Equal(places.Order(), places);
        string news = html[places[0]..places[1]];
        Assert.Equal(report.Urgent.Count() + report.WorthALook.Count(), Regex.Count(news, "<li "));
        Assert.True(news.LastIndexOf("<li class=\"bad\">", StringComparison.Ordinal) < news.IndexOf("<li class=\"warn\">", StringComparison.Ordinal));
        foreach (string text in new[]
        {
            "S3AccessDenied: S3 denies writing to example-backups/documents/.", "Allow s3:PutObject", "Nothing came from this machine.",
            "&#39;/hmoe&#39; is not there.", "No good run for", "It never ran.", "2 files of maildir vanished",
            "The last test found that the copies differ: 2 MissingInS3, 1 MirrorCorrupted.",
        })
            Assert.Contains(text, news, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_picture_says_what_it_shows_and_every_table_what_its_cells_are()
    {
        string html = HtmlReport.Of(SampleFleet.Whole(), "Backups");

        Assert.True(Picture().Count(html) > 20);
        Assert.All(Picture().Matches(html), match => Assert.Matches("aria-hidden=\"true\"|role=\"img\" aria-label=\"[^\"]{20,}\"", match.Value));
        Assert.All(HeaderCell().Matches(html), match => Assert.Contains("scope=\"", match.Value, StringComparison.Ordinal));
        Assert.All(Regex.Matches(html, "(?s)<table.*?</table>"), match => Assert.Contains("<th scope=\"row\"", match.Value, StringComparison.Ordinal));
        Assert.Contains("2 Oct to 30 Nov: ", html, StringComparison.Ordinal);
        Assert.Contains("days without a run; ", html, StringComparison.Ordinal);
        Assert.Contains("aria-label=\"Size: mirror: 820 GiB on 30 Nov, at most 820 GiB on 30 Nov; S3: ", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_leads_to_one_place()
    {
        string html = HtmlReport.Of(SampleFleet.Whole(), "Backups");
        string[] ids = [.. Regex.Matches(html, " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];

        Assert.Equal(ids.Distinct(), ids);
        Assert.All(Href().Matches(html), match => Assert.Contains(match.Groups[1].Value[1..], ids));
        Assert.All(Regex.Matches(html, "aria-(?:labelledby|describedby)=\"([^\"]+)\""), match => Assert.Contains(match.Groups[1].Value, ids));
    }

    [Fact]
    public void A_name_is_text_wherever_it_stands()
    {
        string[] plain = Tags(Of("NAME", "HOST"));
        foreach (string name in HostileNames)
        {
            string html = Of(name, name + "2");

            // The markup is the same whatever the names are; none of it is theirs.
            Assert.Equal(plain, Tags(html));
            Assert.DoesNotContain(html, character => char.IsControl(character) && character != '\n');
            Assert.DoesNotContain(html, character => character is '\u202e' or '\u2067' or '\u2069' or '\u2028');
            Assert.Equal(html, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(html)));
        }

        static string Of(string name, string host)
        {
            ReportSource source = new(SampleFleet.Now);
            BackupRun run = SampleFleet.Run(host, name, SampleFleet.Now.AddDays(-3), 5, new Random(1));
            BackupError error = new()
            {
                Id = name,
                Category = BackupErrorCategory.WriteError,
                Message = name,
                RecommendedAction = name,
                ExitCode = BackupExitCode.Stage1Failed,
            };
            source.Add(run, host);
            source.Add(
                run with
                {
                    RunId = "2",
                    StartTime = SampleFleet.Now.AddDays(-1),
                    Status = BackupStatus.Failed,
                    Stage1 = run.Stage1! with { Status = BackupStatus.Failed, Error = error },
                    Stage2 = run.Stage2! with { BucketName = name, KeyPrefix = name, Warnings = [name] },
                },
                host);
            source.AddFailure(host + "3", name, name, name);
            return HtmlReport.Of(source.Build(SampleFleet.Now.AddDays(-60)) with { Zone = TimeZoneInfo.Utc }, name);
        }

        static string[] Tags(string html) => [.. Tag().Matches(html).Select(match => match.Groups[1].Value)];
    }

    [Theory]
    [InlineData(":root { color-scheme: light dark;")]
    [InlineData("@media (prefers-color-scheme: dark) { :root {")]
    [InlineData("@media print {")]
    public void Texts_and_signs_can_be_told_from_what_is_below_them(string section)
    {
        string colors = HtmlStyle.Sheet[HtmlStyle.Sheet.IndexOf(section, StringComparison.Ordinal)..].Split('}')[0];
        Dictionary<string, string> named = Regex.Matches(colors, @"--(\w+): #([0-9a-f]{6})").ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

        foreach (string back in new[] { "page", "card", "wash" })
        {
            Assert.True(Contrast(named["text"], named[back]) >= 7, $"text on {back}");
            Assert.True(Contrast(named["muted"], named[back]) >= 4.5, $"muted on {back}");
            foreach (string sign in new[] { "ok", "warn", "bad", "run", "edge", "a", "b", "c" })
                Assert.True(Contrast(named[sign], named[back]) >= 3, $"{sign} on {back}");
        }

        foreach (string badge in new[] { "ok", "warn", "bad", "run" })
            Assert.True(Contrast(named["badge"], named[badge]) >= 4.5, $"badge on {badge}");
        foreach (string square in new[] { "warn", "bad", "edge" })
            Assert.True(Contrast(named["sign"], named[square]) >= 3, $"sign on {square}");
    }

    [Fact]
    public void A_report_of_nothing_and_one_of_single_results_are_whole()
    {
        ReportSource nothing = new(SampleFleet.Now);
        Assert.Contains("No job is known.", HtmlReport.Of(nothing.Build(SampleFleet.Now.AddDays(-60)), "Backups"), StringComparison.Ordinal);

        ReportSource one = new(SampleFleet.Now);
        one.Add(SampleFleet.Run("nas", "photos", SampleFleet.Now.AddHours(-1), 5, new Random(1)), "nas");
        string html = HtmlReport.Of(one.Build(SampleFleet.Now.AddDays(-60)), "Backups");

        Assert.Contains("All of 1 job on 1 machine are well.", html, StringComparison.Ordinal);
        Assert.Contains("<p>Nothing.</p>", html, StringComparison.Ordinal);
        // One day is no course.
        Assert.DoesNotContain("class=\"chart\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_are_those_of_the_zone_and_numbers_those_of_no_culture()
    {
        FleetReport report = SampleFleet.Whole() with { Zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Tokyo") };
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            string html = HtmlReport.Of(report, "Backups");

            Assert.Contains(">2026-11-30 <span>11:15</span></time>", html, StringComparison.Ordinal);
            Assert.Contains("datetime=\"2026-11-30T02:15:00Z\"", html, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"[MLvh]\d+,\d", html);
            Assert.Contains("820.0 GiB", html, StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_browser_shows_it_light_dark_on_a_phone_and_on_paper()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "out", "report")).FullName;
        string path = Path.Combine(folder, "report.html");
        await File.WriteAllTextAsync(path, HtmlReport.Of(SampleFleet.Whole(), "Backups"));

        string[] names = ["light.png", "dark.png", "phone.png", "paper.pdf"];
        foreach (string name in names)
            File.Delete(Path.Combine(folder, name));

        string dom = await Chromium.ShowAsync(path, Path.Combine(folder, "light.png"), 1200, 2600, Path.Combine(folder, "paper.pdf"));
        await Chromium.PictureAsync(path, Path.Combine(folder, "dark.png"), 1200, 2600, isDark: true);
        await Chromium.PictureAsync(path, Path.Combine(folder, "phone.png"), 500, 3200);

        Assert.Equal(8, Regex.Count(dom, "<article"));
        Assert.Equal(5, Regex.Count(dom, "<svg class=\"strip\""));
        Assert.DoesNotContain("<script", dom, StringComparison.Ordinal);
        Assert.EndsWith("</main>\n\n\n</body></html>", dom.TrimEnd(), StringComparison.Ordinal);
        byte[][] pictures = [.. names.Select(name => File.ReadAllBytes(Path.Combine(folder, name)))];
        Assert.All(pictures, picture => Assert.True(picture.Length > 20_000));
        Assert.NotEqual(pictures[0], pictures[1]);
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_browser_takes_hostile_names_for_text()
    {
        using TemporaryFolder files = new();
        ReportSource source = new(SampleFleet.Now);
        foreach (string name in HostileNames)
            source.Add(SampleFleet.Run(name, name, SampleFleet.Now.AddDays(-1), 5, new Random(1)), name);
        string path = files.File("hostile.html", HtmlReport.Of(source.Build(SampleFleet.Now.AddDays(-60)), "<script>document.title='taken'</script>"));

        string dom = await Chromium.DomAsync(path);

        Assert.Contains("<title>&lt;script&gt;document.title='taken'&lt;/script&gt;</title>", dom, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?i)<(script|img)", dom);
        Assert.DoesNotMatch(@"(?i)<[^>]*\son\w+=", Regex.Replace(dom, "\"[^\"]*\"", "\"\""));
        Assert.Contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>", dom, StringComparison.Ordinal);
        Assert.Contains("<bdi>שלום</bdi>", dom, StringComparison.Ordinal);
    }

    private static double Contrast(string first, string second)
    {
        double[] lights = [Light(first), Light(second)];
        return (lights.Max() + 0.05) / (lights.Min() + 0.05);

        // WCAG 2.2, "relative luminance".
        static double Light(string color)
        {
            double[] parts =
            [
                .. Enumerable.Range(0, 3).Select(i => Convert.ToInt32(color.Substring(i * 2, 2), 16) / 255.0)
                    .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)),
            ];
            return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
        }
    }

    [GeneratedRegex("<a href=\"([^\"]*)\"")]
    private static partial Regex Href();

    [GeneratedRegex("<svg [^>]*>")]
    private static partial Regex Picture();

    [GeneratedRegex("<th[ >][^>]*>?")]
    private static partial Regex HeaderCell();

    [GeneratedRegex(@"<(/?[a-zA-Z!][^\s>]*)")]
    private static partial Regex Tag();
}
