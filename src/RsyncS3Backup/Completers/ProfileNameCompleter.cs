namespace RsyncS3Backup.Completers;

/// <summary>Completes the profiles of the shared AWS files, read without the AWS SDK, which completing must not load.</summary>
public sealed class ProfileNameCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words()
    {
        string home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws");
        string config = Environment.GetEnvironmentVariable("AWS_CONFIG_FILE") is { Length: > 0 } path ? path : Path.Combine(home, "config");
        string credentials = Environment.GetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE") is { Length: > 0 } other
            ? other
            : Path.Combine(home, "credentials");
        return ConfigProfiles(ReadLines(config))
            .Concat(CredentialProfiles(ReadLines(credentials)))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
    }

    /// <summary>The profiles of a config file: <c>[default]</c> and <c>[profile name]</c>; other sections (sso-session) are none.</summary>
    internal static IEnumerable<string> ConfigProfiles(IEnumerable<string> lines)
    {
        foreach (string section in Sections(lines))
        {
            if (section == "default")
                yield return section;
            else if (section.StartsWith("profile ", StringComparison.Ordinal))
                yield return section["profile ".Length..].Trim().Trim('"', '\'');
        }
    }

    /// <summary>The profiles of a credentials file: every section.</summary>
    internal static IEnumerable<string> CredentialProfiles(IEnumerable<string> lines) => Sections(lines);

    private static IEnumerable<string> Sections(IEnumerable<string> lines)
    {
        foreach (string line in lines.Select(line => line.Trim()))
        {
            int end = line.IndexOf(']', StringComparison.Ordinal);
            if (line.StartsWith('[') && end > 1)
                yield return line[1..end].Trim();
        }
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // A completer offers what it can read.
            return [];
        }
    }
}
