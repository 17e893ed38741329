namespace RsyncS3Backup.Observation;

/// <summary>
/// The secrets that a run knows of, to take them out of what others print: a hook that prints its environment, a server that repeats the
/// address it was asked.
/// </summary>
internal sealed class KnownSecrets
{
    // Shorter ones would tear holes into words, and are no secret anyway.
    private const int Shortest = 6;

    private static readonly string[] Variables = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "RSYNC_PASSWORD"];

    private readonly SortedSet<string> values = new(Comparer<string>.Create(LongestFirst));

    /// <summary>Those that every environment may hold.</summary>
    public KnownSecrets() => Array.ForEach(Variables, AddVariable);

    /// <summary>Adds a secret.</summary>
    public void Add(string? value)
    {
        if (value?.Trim() is { Length: >= Shortest } secret)
            values.Add(secret);
    }

    /// <summary>Adds what an environment variable holds.</summary>
    public void AddVariable(string name) => Add(Environment.GetEnvironmentVariable(name));

    /// <summary>Adds an address: as a whole, and what is secret in it, which is everything but the machine.</summary>
    public void AddAddress(Uri address)
    {
        Add(address.OriginalString);
        Add(address.UserInfo);
        Add(address.PathAndQuery);
        Add(address.AbsolutePath);
        Add(address.Query.TrimStart('?'));
        // A part such as "webhook" is none.
        foreach (string segment in address.Segments.Select(segment => segment.Trim('/')).Where(segment => segment.Length >= 16))
            Add(segment);
    }

    /// <summary>A text without them.</summary>
    public string Hide(string text)
    {
        foreach (string secret in values)
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        return text;
    }

    /// <summary>A text that was cut at its end: without them, and without the beginning of one there.</summary>
    public string HideCut(string text)
    {
        text = Hide(text);
        int kept = text.Length;
        foreach (string secret in values)
        {
            for (int length = Math.Min(secret.Length - 1, text.Length); length > text.Length - kept; length--)
            {
                if (!text.AsSpan().EndsWith(secret.AsSpan(0, length), StringComparison.Ordinal))
                    continue;
                kept = text.Length - length;
                break;
            }
        }

        return kept == text.Length ? text : text[..kept] + "***";
    }

    private static int LongestFirst(string left, string right) =>
        left.Length != right.Length ? right.Length.CompareTo(left.Length) : string.CompareOrdinal(left, right);
}
