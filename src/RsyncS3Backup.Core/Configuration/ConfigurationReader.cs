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
            return Read(ConfigurationFile.Read(full), full, Path.GetFileNameWithoutExtension(full));
        }
        catch (BackupException exception)
        {
            return Failed(exception.Error);
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
            return ReadLayers(ConfigurationFile.Parse(json, path), path, defaultName);
        }
        catch (JsonException exception)
        {
            return Failed(ConfigurationErrors.Malformed(path, exception), ConfigurationErrors.PlaceOf(exception).Line);
        }
    }

    /// <summary>Reads a job from a hashtable or an object, given as JSON; see <see cref="ObjectForm"/>.</summary>
    /// <param name="json">The object.</param>
    /// <param name="path">The file that it is to be written to; null for none.</param>
    public static ConfigurationReadResult ReadObject(string json, string? path = null) =>
        Read(ObjectForm.OfJob(ConfigurationParser.Parse(Encoding.UTF8.GetBytes(json))), path, defaultName: null);

    private static ConfigurationReadResult ReadLayers(ConfigurationNode own, string? path, string? defaultName)
    {
        if (path is null || own.Kind != ConfigurationNodeKind.Object)
            return Read(own, path, defaultName);
        ConfigurationProblems problems = new(path, NamedSchema.Of(own, path));
        ConfigurationLayers layers = new(problems);
        try
        {
            if (ConfigurationLayers.IsDefaults(path))
                problems.Add(own, "This file holds what the jobs of its folder share, and is no job.", "a file of another name");
            return Read(layers.Merge(own, Path.GetFullPath(path)), path, defaultName, problems, layers.Files);
        }
        catch (BackupException exception)
        {
            string? name = own.Members.FirstOrDefault(member => member.Key == "name")?.Value.Text;
            return Failed(exception.Error) with { WrittenName = NameOrNull(name is null ? null : RsyncS3Backup.KeyPrefix.WithHost(name)) };
        }
    }

    private static ConfigurationReadResult Read(
        ConfigurationNode root, string? path, string? defaultName, ConfigurationProblems? known = null, IReadOnlyList<string>? below = null)
    {
        ConfigurationProblems problems = known ?? new(path, NamedSchema.Of(root, path));
        BackupConfiguration? configuration = null;
        if (root.Kind == ConfigurationNodeKind.Object)
            configuration = ReadJob(root, path, defaultName, problems) with { BaseFiles = below ?? [] };
        else
            problems.Add(root, "The file does not hold an object.", "one job: { … }");
        if (problems.Count == 0)
            return new ConfigurationReadResult { Configuration = configuration, WrittenName = configuration?.Name };
        IReadOnlyList<ConfigurationProblem> all = problems.InOrder();
        return new ConfigurationReadResult
        {
            Problems = all,
            Error = ConfigurationErrors.Invalid(path, all),
            WrittenName = NameOrNull(configuration?.Name),
        };
    }

    private static string? NameOrNull(string? written) => written is { Length: > 0 } && ConfigurationRules.JobName(written) is null ? written : null;

    private static BackupConfiguration ReadJob(
        ConfigurationNode root, string? path, string? defaultName, ConfigurationProblems problems)
    {
        ConfigurationSecrets.Refuse(root, problems);
        // What a file extends is merged by now.
        if (path is null && root.Members.FirstOrDefault(member => member.Key == "extends") is { } extends)
            problems.Add(extends, "This configuration comes from no file, and only a file extends another.", "'extends' in a file only");
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

    private static ConfigurationReadResult Failed(BackupError error, int? line = null) => new()
    {
        Error = error,
        Problems =
        [
            new ConfigurationProblem { JsonPath = "$", Message = error.Message, Allowed = Allowed(error.Id), Path = error.Target, Line = line },
        ],
    };

    private static string Allowed(string errorId) => errorId switch
    {
        ErrorIds.ConfigurationNotFound => "a file that exists",
        ErrorIds.ConfigurationMalformed => "JSON; comments and trailing commas may be in it",
        ErrorIds.JobFileUnsafe => "a file that nobody else may write",
        _ => "a file with one job, which can be read",
    };
}
