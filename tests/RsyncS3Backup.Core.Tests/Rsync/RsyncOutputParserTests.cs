using System.Globalization;
using System.Text;
using RsyncS3Backup.Rsync.Output;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncOutputParserTests
{
    // Printed by rsync 3.5.0; Latin-1 here, so that each char is one byte.
    private const string Captured =
        "\t.d..t......\t4096\t0\t.///\n"
        + "\r              3   0%    0.00kB/s    0:00:00  \r              3   0%    0.00kB/s    0:00:00 (xfr#1, ir-chk=10/13)\n"
        + "\t>f+++++++++\t3\t46\tb//\n"
        + "\r        3000003  99%  953.67MB/s    0:00:00 (xfr#2, to-chk=9/13) \n"
        + "\t>f+++++++++\t3000000\t3000407\tbig//\n"
        + "\tcS+++++++++\t0\t0\tfifo//\n"
        + "\t>f+++++++++\t1\t44\tlit\\#134#123//\n"
        + "\t>f+++++++++\t1\t44\tnew\\#012line//\n"
        + "\t>f+++++++++\t1\t44\ttab\ttab//\n"
        + "\tcL+++++++++\t1\t0\tx -> y// -> a\n"
        + "\tcL+++++++++\t1\t0\todd// -> /a//b -> c => d\\#015\n"
        + "\t>f+++++++++\t1\t44\t\xff\xfe.bin//\n"
        + "\tcd+++++++++\t4096\t0\td///\n"
        + "\t>f+++++++++\t2\t45\td/\xc3\xa9 \xf0\x9f\x98\x80//\n"
        + "\thf+++++++++\t3\t0\ta// => b\n"
        + "\thf..t......\t3\t0\ta2// => d/b\n"
        + "\t>f.st......\t3000005\t3000412\tbig//\n"
        + "\t.f...p.....\t1\t0\tlit\\#134#123//\n"
        + "\tcLc.t......\t1\t0\tlink// -> z\n"
        + "\t*deleting  \t0\t0\td/e///\n"
        + "\t*deleting  \t0\t0\td/\xc3\xa9 => \"q\"//\n"
        + "cannot delete non-empty directory: d\n"
        + "\n"
        + "Number of files: 13 (reg: 8, dir: 3, link: 1, special: 1)\n";

    // Of a pull, in which the generator's items come right after the receiver's progress.
    private const string CapturedFromAnotherMachine =
        "\r              0 100%    0.00kB/s    0:00:00 (xfr#0, to-chk=0/2)\t*deleting  \t0\t0\t4//\n"
        + "\r              3   0%    0.00kB/s    0:00:00  \t>f+++++++++\t3\t46\tb\tc//\n"
        + "\r              0 100%    0.00kB/s    0:00:00 (xfr#0, to-chk=0/2)cannot delete non-empty directory: a)\tb\n"
        + "\r              3   0%    0.00kB/s    0:00:00  cannot delete non-empty directory: a  \tb\n";

    private static readonly string[] Expected =
    [
        "Metadata Folder 4096 []",
        "Progress 3 0% 10/13? ", "Created File 3 [b]",
        "Progress 3000003 99% 9/13", "Created File 3000000 [big]",
        "Created Special 0 [fifo]",
        "Created File 1 [lit\\#123]",
        "Created File 1 [new\nline]",
        "Created File 1 [tab\ttab]",
        "Created SymbolicLink 1 [x -> y] to [a]",
        "Created SymbolicLink 1 [odd] to [/a//b -> c => d\r]",
        "Created File 1 [\xff\xfe.bin]",
        "Created Folder 4096 [d]",
        "Created File 2 [d/\xc3\xa9 \xf0\x9f\x98\x80]",
        "Created File hard link 3 [a] to [b]",
        "Updated File hard link 3 [a2] to [d/b]",
        "Updated File 3000005 [big]",
        "Metadata File 1 [lit\\#123]",
        "Updated SymbolicLink 1 [link] to [z]",
        "Deleted Folder 0 [d/e]",
        "Deleted File 0 [d/\xc3\xa9 => \"q\"]",
        "Text [cannot delete non-empty directory: d]",
        "Text [Number of files: 13 (reg: 8, dir: 3, link: 1, special: 1)]",
    ];

    [Fact]
    public void Real_output_is_read_in_one_piece() => Assert.Equal(Expected.Select(Tidy), Parse(Captured));

    [Fact]
    public void Real_output_is_read_the_same_wherever_it_is_cut()
    {
        for (int cut = 1; cut < Captured.Length; cut++)
            Assert.Equal(Expected.Select(Tidy), Parse(Captured[..cut], Captured[cut..]));
    }

    [Fact]
    public void Real_output_is_read_the_same_byte_by_byte() =>
        Assert.Equal(Expected.Select(Tidy), Parse([.. Captured.Select(c => c.ToString())]));

    [Fact]
    public void An_item_right_after_a_progress_is_read_and_a_text_there_is_none()
    {
        Assert.Equal(
            ["Progress 0 100% 0/2", "Deleted File 0 [4]", "Created File 3 [b\tc]", "Progress 0 100% 0/2"],
            Parse(CapturedFromAnotherMachine));
    }

    [Fact]
    public void A_name_is_shown_with_replacement_characters_where_it_is_not_utf8()
    {
        Collector collector = new();
        new RsyncOutputParser(collector, word: "").Feed("\t>f+++++++++\t1\t44\t"u8.ToArray().Concat(new byte[] { 0xff }).Concat("é//\n"u8.ToArray()).ToArray());
        Assert.Equal(["\uFFFDé"], collector.Names);
    }

    [Fact]
    public void Only_a_line_with_the_word_of_its_own_rsync_is_a_change()
    {
        Collector collector = new();
        RsyncOutputParser parser = new(collector);
        string word = parser.OutFormat[1..parser.OutFormat.IndexOf('%', StringComparison.Ordinal)];

        parser.Feed(Encoding.Latin1.GetBytes($"\t>f+++++++++\t3\t46\tforged//\n\t{word}>f+++++++++\t3\t46\treal//\n"));

        Assert.Equal(["Malformed \t>f+++++++++\t3\t46\tforged//", "Created File 3 [real]"], collector.Read);
        Assert.Matches("^[0-9A-F]{16}$", word);
        Assert.NotEqual(parser.OutFormat, new RsyncOutputParser(collector).OutFormat);
    }

    [Fact]
    public void The_last_line_needs_no_newline() => Assert.Equal(["Created File 3 [b]"], Parse("\t>f+++++++++\t3\t46\tb//"));

    [Theory]
    [InlineData("\t")]
    [InlineData("\tgarbage")]
    [InlineData("\t>f+++++++++\t3\t46\tno end of name")]
    [InlineData("\t>f+++++++++\tthree\t46\tb//")]
    [InlineData("\t>f+++++++++\t3x\t46\tb//")]
    [InlineData("\t>f+++++++++\t3\t46\t//")]
    [InlineData("\t>f+++++++++\t3\t46\tb// junk")]
    [InlineData("\t>x+++++++++\t3\t46\tb//")]
    [InlineData("\t?f+++++++++\t3\t46\tb//")]
    [InlineData("\t*f+++++++++\t3\t46\tb//")]
    [InlineData("\t>\t3\t46\tb//")]
    [InlineData("\t>f+++++++++\t650\t650\t../rootonly/shadow//")]
    [InlineData("\t>f+++++++++\t650\t650\ta/../../shadow//")]
    [InlineData("\t>f+++++++++\t650\t650\ta/..//")]
    [InlineData("\t>f+++++++++\t650\t650\t..//")]
    [InlineData("\t>f+++++++++\t650\t650\t.//")]
    [InlineData("\t>f+++++++++\t650\t650\ta/./b//")]
    [InlineData("\t>f+++++++++\t650\t650\t/etc/shadow//")]
    [InlineData("\t>f+++++++++\t650\t650\ta\\#000b//")]
    [InlineData("\t>f+++++++++\t650\t650\t\\#056\\#056/shadow//")]
    [InlineData("\thf+++++++++\t650\t0\ta// => ../shadow")]
    [InlineData("\tcd+++++++++\t0\t0\t..///")]
    public void A_change_that_cannot_be_read_is_never_swallowed(string line)
    {
        string read = Assert.Single(Parse(line + "\n"));
        Assert.StartsWith("Malformed", read);
    }

    [Fact]
    public void A_line_that_never_ends_is_dropped_and_reported_and_the_next_one_is_read()
    {
        List<string> read = Parse("\t>f+++++++++\t3\t46\t" + new string('x', 100_000), new string('y', 50_000), "\n\t>f+++++++++\t3\t46\tb//\n");
        Assert.Equal(2, read.Count);
        Assert.StartsWith("Malformed", read[0]);
        Assert.Equal("Created File 3 [b]", read[1]);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("\\#012", "\n")]
    [InlineData("\\#134#123", "\\#123")]
    [InlineData("\\#134#134#123", "\\#134#123")]
    [InlineData("a\\#b", "a\\#b")]
    [InlineData("a\\#12", "a\\#12")]
    [InlineData("a\\#128", "a\\#128")]
    [InlineData("a\\", "a\\")]
    [InlineData("\\#011\\#015x", "\t\rx")]
    public void Escapes_are_undone_exactly(string printed, string name) =>
        Assert.Equal(name, RsyncEscapes.Undo(Encoding.UTF8.GetBytes(printed)));

    private static string Tidy(string expected) => expected.TrimEnd(' ');

    private static List<string> Parse(params string[] chunks)
    {
        Collector collector = new();
        RsyncOutputParser parser = new(collector, word: "");
        foreach (string chunk in chunks)
            parser.Feed(Encoding.Latin1.GetBytes(chunk));
        parser.Complete();
        return collector.Read;
    }

    private sealed class Collector : IRsyncOutputHandler
    {
        public List<string> Read { get; } = [];

        public List<string> Names { get; } = [];

        public void Item(in RsyncItem item)
        {
            Names.Add(item.Name);
            string link = item.LinkTargetBytes.IsEmpty ? "" : $" to [{Encoding.Latin1.GetString(item.LinkTargetBytes)}]";
            string name = Encoding.Latin1.GetString(item.NameBytes);
            Read.Add($"{item.Change} {item.EntryType}{(item.IsHardLink ? " hard link" : "")} {item.Size} [{name}]{link}");
        }

        public void Progress(in RsyncProgressLine progress)
        {
            // States without a count, and states that are printed again, depend on nothing that this test is about.
            if (progress.Known is not null)
            {
                Read.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Progress {progress.Bytes} {progress.Percent}% {progress.Remaining}/{progress.Known}{(progress.IsScanComplete ? "" : "?")}"));
            }
        }

        public void Text(ReadOnlySpan<byte> line) => Read.Add($"Text [{Encoding.Latin1.GetString(line)}]");

        public void Malformed(ReadOnlySpan<byte> line) => Read.Add("Malformed " + Encoding.Latin1.GetString(line));
    }
}
