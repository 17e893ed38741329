using System.Text;
using System.Text.Json;

namespace RsyncS3Backup.Configuration;

/// <summary>What reading a configuration gives: the job, or everything that is wrong with it.</summary>
internal sealed record ConfigurationReadResult
{
    /// <summary>The job; null when there is any problem.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>Every problem, in the order of the file; empty for a good one.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; init; } = [];

    /// <summary>
    /// All problems as the one error of a cmdlet: <c>ConfigurationInvalid</c>, <c>ConfigurationMalformed</c>,
    /// <c>ConfigurationNotFound</c> or <c>ConfigurationUnreadable</c>; null for a good configuration.
    /// </summary>
    public BackupError? Error { get; init; }

    /// <summary>The name that stands in the file, also when something else is wrong; null when there is none, or none that a job can have.</summary>
    internal string? WrittenName { get; init; }

    /// <summary>The job.</summary>
    /// <exception cref="BackupException">There is a problem.</exception>
    public BackupConfiguration Required() => Configuration ?? throw new BackupException(Error!);
}

/// <summary>Reads jobs from JSON. Nothing but <see cref="Load"/> throws for what stands in a file: problems are results.</summary>
internal static class ConfigurationReader
{
    // A job is a page of text; a path that names something else, such as a disk image or a device, must not be read to its end.
    private const int LargestFile = 1024 * 1024;

    /// <summary>Reads a job from a file and demands that it is good.</summary>
    /// <exception cref="BackupException">It is not; the error lists every problem, one a line.</exception>
    public static BackupConfiguration Load(string path) => ReadFile(path).Required();

    /// <summary>Reads a job from a file. A job without <c>name</c> gets the file's name without its extension.</summary>
    public static ConfigurationReadResult ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        try
        {
            if (Directory.Exists(full))
                return Failed(ConfigurationErrors.Unreadable(full, "it is a folder."), "a file");
            byte[]? content = ReadContent(full);
            return content is null
                ? Failed(ConfigurationErrors.Unreadable(full, "it is larger than 1 MiB, which no job is."), "a file with one job")
                : Read(content, full, Path.GetFileNameWithoutExtension(full));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(ConfigurationErrors.NotFound(full), "a file that exists");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Failed(ConfigurationErrors.Unreadable(full, exception.Message), "a file that can be read");
        }
    }

    /// <summary>Reads a job from text.</summary>
    /// <param name="json">The text, with or without comments and trailing commas.</param>
    /// <param name="path">The file it comes from, which problems name; null for none.</param>
    /// <param name="defaultName">The name of a job that has none; null: the last part of its <c>localDestination</c>.</param>
    public static ConfigurationReadResult Read(string json, string? path, string? defaultName)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(Encoding.UTF8.GetBytes(json), path, defaultName);
    }

    /// <inheritdoc cref="Read(string, string?, string?)"/>
    public static ConfigurationReadResult Read(ReadOnlySpan<byte> json, string? path, string? defaultName)
    {
        try
        {
            return Read(ConfigurationParser.Parse(WithoutMark(json)), path, defaultName);
        }
        catch (JsonException exception)
        {
            return Malformed(exception, path);
        }
    }

    /// <summary>Reads a job from a hashtable or an object, given as JSON; see <see cref="ObjectForm"/>.</summary>
    /// <param name="json">The object.</param>
    /// <param name="path">The file that it is to be written to; null for none.</param>
    public static ConfigurationReadResult ReadObject(string json, string? path = null) =>
        Read(ObjectForm.OfJob(ConfigurationParser.Parse(Encoding.UTF8.GetBytes(json))), path, defaultName: null);

    private static ConfigurationReadResult Read(ConfigurationNode root, string? path, string? defaultName)
    {
        ConfigurationProblems problems = new(path, NamedSchema.Of(root, path));
        BackupConfiguration? configuration = null;
        if (root.Kind == ConfigurationNodeKind.Object)
            configuration = ReadJob(root, path, defaultName, problems);
        else
            problems.Add(root, "The file does not hold an object.", "one job: { … }");
        if (problems.Count == 0)
            return new ConfigurationReadResult { Configuration = configuration, WrittenName = configuration?.Name };
        IReadOnlyList<ConfigurationProblem> all = problems.InOrder();
        string? name = configuration is { Name: { Length: > 0 } written } && ConfigurationRules.JobName(written) is null ? written : null;
        return new ConfigurationReadResult { Problems = all, Error = ConfigurationErrors.Invalid(path, all), WrittenName = name };
    }

    private static BackupConfiguration ReadJob(
        ConfigurationNode root, string? path, string? defaultName, ConfigurationProblems problems)
    {
        ConfigurationSecrets.Refuse(root, problems);
        ConfigurationObject job = new(root, ConfigurationKeys.Job, problems);
        // Where something is missing or wrong its problem is known by now, and what is read here is never handed out.
        BackupConfiguration configuration = ConfigurationKeys.Job.Read(job) with { Path = path };
        if (job.Object("hooks") is { } hooks)
        {
            HookOptions read = SurroundingsChecks.OfHooks(configuration.Hooks!, hooks, path, problems);
            configuration = configuration with { Hooks = read };
        }

        SurroundingsChecks.OfNotifications(job.Objects("notifications"), configuration.Notifications, problems);
        ConfigurationChecks.Run(job, configuration, problems);
        return job.Has("name") ? configuration : ConfigurationChecks.WithDefaultName(configuration, job, defaultName, problems);
    }

    private static byte[]? ReadContent(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        byte[] buffer = new byte[16 * 1024];
        for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > LargestFile)
                return null;
        }

        return content.ToArray();
    }

    /// <summary>The text as UTF-8 without a byte order mark. Windows PowerShell's Out-File writes UTF-16.</summary>
    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json switch
    {
        [0xEF, 0xBB, 0xBF, ..] => json[3..],
        [0xFF, 0xFE, ..] => Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(json[2..])),
        [0xFE, 0xFF, ..] => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(json[2..])),
        _ => json,
    };

    private static ConfigurationReadResult Malformed(JsonException exception, string? path)
    {
        // Both are counted from 0 there, and the message ends in them once more.
        int line = (int)(exception.LineNumber ?? 0) + 1;
        int column = (int)(exception.BytePositionInLine ?? 0) + 1;
        int end = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string reason = end < 0 ? exception.Message : exception.Message[..end];
        BackupError error = ConfigurationErrors.Malformed(path, reason, line, column);
        return Failed(error, "JSON; comments and trailing commas may be in it", line);
    }

    private static ConfigurationReadResult Failed(BackupError error, string allowed, int? line = null) => new()
    {
        Error = error,
        Problems =
        [
            new ConfigurationProblem { JsonPath = "$", Message = error.Message, Allowed = allowed, Path = error.Target, Line = line },
        ],
    };
}
