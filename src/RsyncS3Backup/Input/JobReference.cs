using System.Collections;
using System.Management.Automation;
using System.Text.RegularExpressions;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>
/// What an object says of the job that is meant: a name, a file, a job or configuration, or anything that this module emits and that
/// names its job, also as it comes back from another process, from XML, JSON or CSV. An object that is none of these is refused and
/// never taken as its text.
/// </summary>
internal sealed partial record JobReference
{
    private static readonly string[] FileProperties = ["FullName", "ConfigPath", "ConfigurationPath", "PSPath", "Path"];

    /// <summary>The object as a message calls it, such as <c>BackupRun</c>.</summary>
    public required string What { get; init; }

    /// <summary>The object's kind, when it is one that this module emits.</summary>
    public EmittedKind Kind { get; init; }

    /// <summary>The job's name; where <see cref="IsText"/>, a wildcard or a path too.</summary>
    public string? Name { get; init; }

    /// <summary>The job's configuration file, as it is.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>A path as it was written, with or without wildcards.</summary>
    public string? File { get; init; }

    /// <summary>The job itself: a <see cref="BackupConfiguration"/>, a <see cref="BackupJob"/>, or an object with a configuration's keys.</summary>
    public object? Whole { get; init; }

    /// <summary>True for what somebody wrote.</summary>
    public bool IsText { get; init; }

    /// <summary>The scope of a schedule; null for anything else.</summary>
    public BackupScheduleScope? Scope { get; init; }

    /// <summary>What a schedule starts; null for anything else.</summary>
    public BackupScheduleTask? Task { get; init; }

    /// <summary>The object, for what else it says.</summary>
    public required PSObject Source { get; init; }

    /// <summary>What an object says.</summary>
    /// <exception cref="BackupException">It names no job.</exception>
    internal static JobReference Read(object item)
    {
        PSObject source = PSObject.AsPSObject(item);
        Emitted.DemandOfHere(source);
        return source.BaseObject switch
        {
            // Whether it is a name or a path depends on which jobs there are.
            string text => new JobReference { What = "name", Source = source, Name = text, IsText = true },
            FileInfo file => new JobReference { What = "file", Source = source, File = WildcardPattern.Escape(file.FullName) },
            BackupConfiguration or BackupJob or IDictionary => new JobReference
            {
                What = source.BaseObject.GetType().Name,
                Kind = Emitted.KindOf(source),
                Source = source,
                Whole = source.BaseObject,
                Name = source.BaseObject is IDictionary keys ? keys["name"] as string : Emitted.Text(source, "Name"),
                ConfigurationPath = source.BaseObject is IDictionary ? null : Emitted.Text(source, "Path"),
            },
            _ when Emitted.KindOf(source) is not EmittedKind.None and var kind => OfEmitted(source, kind),
            PSCustomObject => OfCustom(source),
            _ => throw new BackupException(ParameterErrors.NotAConfiguration(source.BaseObject.GetType().FullName!)),
        };
    }

    /// <summary>True for a text that is a path, unless a job is named so: a name holds no slash, and hardly the colon of a drive.</summary>
    internal static bool IsPath(string text) =>
        text.AsSpan().ContainsAny('/', '\\') || text.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
        || text.EndsWith(".jsonc", StringComparison.OrdinalIgnoreCase) || Drive().IsMatch(text);

    /// <summary>True when one word was taken for two parameters that may stand in one place: for the name, and for the path that it is.</summary>
    /// <param name="names">The names.</param>
    /// <param name="paths">The paths.</param>
    internal static bool IsOneWord(string[] names, string[] paths) =>
        names.Length == paths.Length
        && names.Zip(paths).All(pair => ReferenceEquals(pair.First, pair.Second) || (pair.First == pair.Second && IsPath(pair.First)));

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]*::?[^ :]", RegexOptions.CultureInvariant)]
    private static partial Regex Drive();

    private static JobReference OfEmitted(PSObject source, EmittedKind kind)
    {
        JobReference reference = new()
        {
            What = $"{kind}",
            Kind = kind,
            Source = source,
            Name = Emitted.Text(source, "Name"),
            ConfigurationPath = Emitted.ConfigurationPath(source, kind),
            Scope = kind == EmittedKind.BackupSchedule ? Emitted.Value<BackupScheduleScope>(source, "Scope") : null,
            Task = kind == EmittedKind.BackupSchedule ? Emitted.Value<BackupScheduleTask>(source, "Task") : null,
        };
        if (kind == EmittedKind.BackupConfiguration && reference.ConfigurationPath is null)
            throw new BackupException(ParameterErrors.ConfigurationWithoutFile(reference.Name));
        return reference is { Name: null, ConfigurationPath: null }
            ? throw new BackupException(ParameterErrors.NamesNoJob(reference.What))
            : reference;
    }

    private static JobReference OfCustom(PSObject source)
    {
        // What came back from another process says of itself what it was, and has no more of that than its properties.
        string? cameBack = source.TypeNames.FirstOrDefault(name => name.StartsWith("Deserialized.", StringComparison.Ordinal));
        bool isOfNobody = cameBack is null || cameBack.EndsWith(".PSCustomObject", StringComparison.Ordinal)
            || cameBack.EndsWith(".FileInfo", StringComparison.Ordinal);
        if (!isOfNobody)
            throw new BackupException(ParameterErrors.NotAConfiguration(cameBack!));
        if (source.Properties["sources"] is null)
        {
            if (FileProperties.Select(name => Emitted.Text(source, name)).FirstOrDefault(path => path is not null) is { } path)
                return Named(new JobReference { What = "object", Source = source, File = path });
            if (Emitted.Text(source, "Name") is { } name)
                return Named(new JobReference { What = "object", Source = source, Name = name, IsText = true });
        }

        // Its keys are what is meant, whatever the file says that it came from.
        return new JobReference
        {
            What = "object",
            Source = source,
            Whole = source,
            Name = Emitted.Text(source, "name"),
            ConfigurationPath = Emitted.Text(source, "Path"),
        };

        static JobReference Named(JobReference reference) => reference with
        {
            Scope = Emitted.Value<BackupScheduleScope>(reference.Source, "Scope"),
            Task = Emitted.Value<BackupScheduleTask>(reference.Source, "Task"),
        };
    }
}
