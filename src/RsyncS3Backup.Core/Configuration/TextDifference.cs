namespace RsyncS3Backup.Configuration;

/// <summary>What differs between two texts, line by line.</summary>
internal static class TextDifference
{
    // A job is a page of text; a larger one is not worth more memory than this.
    private const long MostPairs = 4_000_000;

    /// <summary>The lines that go, with <c>-</c> before them, and those that come, with <c>+</c>, in their order.</summary>
    public static IReadOnlyList<string> Lines(string before, string after)
    {
        string[] old = before.ReplaceLineEndings("\n").Split('\n');
        string[] now = after.ReplaceLineEndings("\n").Split('\n');
        int same = old.Zip(now).TakeWhile(pair => pair.First == pair.Second).Count();
        int most = Math.Min(old.Length, now.Length) - same;
        int sameAtEnd = Enumerable.Reverse(old).Zip(Enumerable.Reverse(now)).Take(most)
            .TakeWhile(pair => pair.First == pair.Second).Count();
        return Between(old[same..^sameAtEnd], now[same..^sameAtEnd]);
    }

    /// <summary>The longest common part stays; what is not in it is gone or new.</summary>
    private static List<string> Between(string[] old, string[] now)
    {
        if ((long)old.Length * now.Length > MostPairs)
            return [.. old.Select(line => "- " + line), .. now.Select(line => "+ " + line)];
        int[,] common = new int[old.Length + 1, now.Length + 1];
        for (int i = old.Length - 1; i >= 0; i--)
        {
            for (int j = now.Length - 1; j >= 0; j--)
                common[i, j] = old[i] == now[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        List<string> lines = [];
        for ((int i, int j) = (0, 0); i < old.Length || j < now.Length;)
        {
            if (i < old.Length && j < now.Length && old[i] == now[j])
                (i, j) = (i + 1, j + 1);
            else if (j == now.Length || (i < old.Length && common[i + 1, j] >= common[i, j + 1]))
                lines.Add("- " + old[i++]);
            else
                lines.Add("+ " + now[j++]);
        }

        return lines;
    }
}
