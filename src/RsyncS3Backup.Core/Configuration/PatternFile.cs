using System.Globalization;
using System.Text;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// A file with a pattern a line (<c>patternFiles</c>), read by us: rsync takes a byte order mark for a part of the first pattern,
/// a file in UTF-16 for one that excludes nothing, and a folder for an empty file, all without a word.
/// </summary>
internal sealed class PatternFile
{
    private const string UnicodeAdvice = "a text file, as UTF-8 with or without a byte order mark or as UTF-16 with one";

    private readonly int? blank;

    private PatternFile(string path, string? problem, string? text, bool needsText)
    {
        Path = path;
        Problem = problem;
        Lines = text is null ? [] : text.ReplaceLineEndings("\n").Split('\n');
        NeedsText = needsText;
        int index = Array.FindIndex(Lines, line => IsPattern(line) && line[^1] is ' ' or '\t');
        blank = index < 0 ? null : index + 1;
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Why it cannot be used; null when it can.</summary>
    public string? Problem { get; }

    /// <summary>What must stand in a file that can be used.</summary>
    public static string Allowed => UnicodeAdvice;

    /// <summary>
    /// What nobody means who wrote it: a blank at a line's end, which then belongs to the pattern. Null where there is none.
    /// </summary>
    public string? Doubt => blank is not { } line ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"Line {line} of '{Path}' ends with a blank, which is a part of the pattern: it fits only names that end with one.");

    /// <summary>
    /// True when rsync would not read the file as what it is, so that its <see cref="Patterns"/> are handed to it one by one.
    /// </summary>
    public bool NeedsText { get; }

    /// <summary>The patterns, in their order.</summary>
    public IEnumerable<string> Patterns => Lines.Where(IsPattern);

    /// <summary>The same for a comparison with names in UTF-8.</summary>
    public IEnumerable<string> PatternsOfText => NeedsText ? Patterns : Patterns.Select(line => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(line)));

    private string[] Lines { get; }

    /// <summary>Reads a file.</summary>
    public static PatternFile Read(string path)
    {
        try
        {
            return Directory.Exists(path) ? Bad("is a folder")
                : !File.Exists(path) ? Bad("is not there")
                : Read(path, File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Bad($"cannot be read: {exception.Message}");
        }

        PatternFile Bad(string problem) => new(path, $"The pattern file '{path}' {problem}.", text: null, needsText: false);
    }

    private static PatternFile Read(string path, byte[] content)
    {
        (Encoding Encoding, int Length) mark = content switch
        {
            [0xEF, 0xBB, 0xBF, ..] => (new UTF8Encoding(false, true), 3),
            [0xFF, 0xFE, ..] => (new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true), 2),
            [0xFE, 0xFF, ..] => (new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true), 2),
            // Without a mark rsync reads it byte by byte, whatever the names on the disk are written in.
            _ => (Encoding.Latin1, 0),
        };
        try
        {
            string text = mark.Encoding.GetString(content.AsSpan(mark.Length));
            // A zero byte ends a pattern for rsync; text has one only as UTF-16 without its mark.
            int zero = text.IndexOf('\0', StringComparison.Ordinal);
            if (zero < 0)
                return new PatternFile(path, problem: null, text, needsText: mark.Length > 0);
            int line = text.AsSpan(0, zero).Count('\n') + 1;
            return Bad(string.Create(CultureInfo.InvariantCulture, $"holds in line {line} what is not text"));
        }
        catch (DecoderFallbackException)
        {
            return Bad($"has the byte order mark of {(mark.Length == 3 ? "UTF-8" : "UTF-16")} and is not written in it");
        }

        PatternFile Bad(string problem) => new(path, $"The pattern file '{path}' {problem}.", text: null, needsText: false);
    }

    // As rsync's parse_filter_file has it.
    private static bool IsPattern(string line) => line.Length > 0 && line[0] is not ('#' or ';');

    /// <summary>What is wrong with a job's pattern files.</summary>
    public static IEnumerable<ConfigurationProblem> ProblemsOf(BackupConfiguration job)
    {
        IReadOnlyList<string> files = job.Options.Rsync.PatternFiles;
        for (int index = 0; index < files.Count; index++)
        {
            PatternFile file = Read(files[index]);
            if ((file.Problem ?? file.Doubt) is { } message)
            {
                yield return new ConfigurationProblem
                {
                    JsonPath = ConfigurationText.Append("$.options.rsync.patternFiles", index),
                    Message = message,
                    Allowed = file.Problem is null ? "no blank at the end of a line" : Allowed,
                    Path = job.Path,
                };
            }
        }
    }
}
