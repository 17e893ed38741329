using System.Text;
using CliWrap;
using FsCheck.Xunit;
using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>The command line of an rsync of Cygwin or MSYS2 on Windows.</summary>
public sealed class CygwinCommandLineTests
{
    private const string Doubtful = "ab \t'\"\\*?[]{}~@!$`%^&|<>()ü能";

    [Theory]
    [InlineData("/cygdrive/c/data/O'Brien")]
    [InlineData("--exclude=it's", "--exclude=that's")]
    [InlineData("--exclude=*.tmp", "--exclude=[a-c]?", "--exclude={a,b}")]
    [InlineData("say \"hi\"", @"C:\data\", @"\\server\share", @"\", @"a\""b")]
    [InlineData("@list", "~", "~user/x", "", "  ", "\t")]
    [InlineData("能.txt", "Łukasz")]
    public void What_is_written_is_read_again(params string[] arguments) =>
        Assert.Equal(arguments, Split(CygwinCommandLine.Write(arguments)));

    [Property]
    public void Random_words_are_read_again(byte[][] words)
    {
        string[] arguments = [.. words.Select(word => new string([.. (word ?? []).Select(value => Doubtful[value % Doubtful.Length])]))];

        Assert.Equal(arguments, Split(CygwinCommandLine.Write(arguments)));
    }

    // Why it is needed: this is how two patterns with an apostrophe become one, and what they exclude is backed up.
    [Fact]
    public void What_the_C_runtime_reads_is_other_words_to_Cygwin()
    {
        string line = Cli.Wrap("rsync").WithArguments(["--exclude=it's", "--exclude=that's"]).Arguments;

        Assert.Equal(["--exclude=its --exclude=thats"], Split(line));
    }

    [Theory]
    [InlineData("*.txt")]
    [InlineData("a{b,c}")]
    [InlineData("~")]
    [InlineData("@file")]
    public void The_reader_of_this_test_sees_what_would_name_files(string line) =>
        Assert.Throws<InvalidDataException>(() => Split(line));

    /// <summary>As build_argv, quoted and globify of Cygwin's dcrt0.cc do for a program that a native one started.</summary>
    /// <exception cref="InvalidDataException">A word would be replaced by names of files.</exception>
    private static List<string> Split(string line)
    {
        List<string> words = [];
        for (int at = 0; at < line.Length;)
        {
            if (char.IsWhiteSpace(line[at]))
            {
                at++;
                continue;
            }

            StringBuilder word = new();
            if (line[at] is '~' or '@')
                throw new InvalidDataException(line[at..]);
            while (at < line.Length && !char.IsWhiteSpace(line[at]))
            {
                char quote = line[at++];
                if (quote is not ('"' or '\''))
                {
                    if ("*?[{".Contains(quote, StringComparison.Ordinal))
                        throw new InvalidDataException(line);
                    word.Append(quote);
                    continue;
                }

                for (; at < line.Length && line[at] != quote; at++)
                {
                    if (quote == '"' && line[at] == '\\' && at + 1 < line.Length && line[at + 1] is '"' or '\\')
                        at++;
                    word.Append(line[at]);
                }

                at++;
            }

            words.Add(word.ToString());
        }

        return words;
    }
}
