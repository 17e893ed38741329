using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Input;

/// <summary>
/// The jobs and configurations that a cmdlet is given, in whatever form. Each that is not good is one non-terminating error.
/// </summary>
/// <param name="cmdlet">Whose session and streams they are.</param>
/// <param name="errors">Tells what is not good.</param>
internal sealed class JobInput(PSCmdlet cmdlet, InputErrors errors)
{
    private readonly FileSystemPaths paths = new(cmdlet);

    // A job is run once, however many of its runs or entries come.
    private readonly HashSet<(string? Path, string? Name, string? Snapshot)> named = [];

    /// <summary>Told of each job that is there and cannot be read, by its name, before the error is written.</summary>
    internal Action<string, BackupError>? Broken { get; init; }

    /// <summary>
    /// True when the job at hand was asked for by itself; false for one that came by a wildcard or through the pipeline, which is passed
    /// over where it has nothing of what the cmdlet is about.
    /// </summary>
    internal bool IsAskedFor { get; private set; }

    /// <summary>True when the job at hand was found in a job folder by the name that was given.</summary>
    internal bool IsByName { get; private set; }

    /// <summary>The jobs that the parameters name; in ProcessRecord those of the record at hand.</summary>
    internal IEnumerable<BackupConfiguration> Read(IJobParameters given) => cmdlet.ParameterSetName switch
    {
        ParameterSets.ByName => FromNames(given.Name),
        ParameterSets.ByPath => FromFiles(given.ConfigPath),
        ParameterSets.ByLiteralPath => FromFiles(given.LiteralPath.Select(WildcardPattern.Escape)),
        ParameterSets.ByConfig => FromObjects(given.Config),
        _ => [],
    };

    /// <summary>The configurations that paths name.</summary>
    internal IEnumerable<BackupConfiguration> FromFiles(IEnumerable<string> given)
    {
        foreach (string path in given)
        {
            foreach (string file in Files([path]))
            {
                if (errors.TryRead(() => Load(file, path), error => TellBroken(Path.GetFileNameWithoutExtension(file), error)) is not { } configuration)
                    continue;
                (IsAskedFor, IsByName) = (!WildcardPattern.ContainsWildcardCharacters(path), false);
                yield return configuration;
            }
        }
    }

    /// <summary>The configuration files that paths name, good ones or not.</summary>
    internal IEnumerable<string> Files(IEnumerable<string> given) =>
        given.SelectMany(path => errors.TryRead(() => paths.ResolveConfigurations(path)) ?? []);

    /// <summary>The jobs of the job folders that names and wildcards mean; what is a path and no name is a configuration file.</summary>
    internal IEnumerable<BackupConfiguration> FromNames(IEnumerable<string> names)
    {
        HashSet<BackupError> told = [];
        foreach (NamedFile found in Named(names))
        {
            if (found.Path is { } path)
            {
                foreach (BackupConfiguration fromFile in FromFiles([path]))
                    yield return fromFile;
            }
            else if (found.Job!.Configuration is { } configuration)
            {
                (IsAskedFor, IsByName) = (!found.IsOfWildcard, true);
                yield return configuration;
            }
            else if (told.Add(found.Job.Error!))
            {
                TellBroken(found.Job.Name, found.Job.Error!);
                errors.Write(found.Job.Error!, found.Job.Name);
            }
        }
    }

    /// <summary>The configurations that the parameters name, with everything that is wrong in them.</summary>
    internal IEnumerable<ConfigurationReadResult> ReadAll(IJobParameters given) => cmdlet.ParameterSetName switch
    {
        ParameterSets.ByName => ReadNamed(given.Name),
        ParameterSets.ByConfig => References(given.Config).SelectMany(ReadAll),
        _ => FilesOf(given).Select(ConfigurationReader.ReadFile),
    };

    private IEnumerable<ConfigurationReadResult> ReadAll(JobReference reference) => reference switch
    {
        { Whole: BackupConfiguration { Path: null } made } => [new ConfigurationReadResult { Configuration = made }],
        { Whole: BackupJob job } => [Read(JobFile.Again(job))],
        { Whole: { } keys } and not { Whole: BackupConfiguration } => [ConfigurationReader.ReadObject(JsonFromObject.Convert(keys))],
        { IsText: true, Name: { } name } => ReadNamed([name]),
        _ => FilesOf(reference).Select(ConfigurationReader.ReadFile),
    };

    private IEnumerable<ConfigurationReadResult> ReadNamed(IEnumerable<string> names) =>
        Named(names).SelectMany(found => found.Path is { } path ? Files([path]).Select(ConfigurationReader.ReadFile) : [Read(found.Job!)]);

    private static ConfigurationReadResult Read(JobFile job) =>
        new() { Configuration = job.Configuration, Problems = job.Problems, Error = job.Error };

    /// <summary>
    /// The configurations that objects are or name: what this module emits, in whatever form it comes; hashtables and custom objects with a
    /// configuration file's keys; files, paths and names.
    /// </summary>
    internal IEnumerable<BackupConfiguration> FromObjects(IEnumerable<object?> objects) =>
        References(objects).SelectMany(reference => FromReference(reference));

    /// <summary>What objects say of jobs; an error for each that says nothing.</summary>
    internal IEnumerable<JobReference> References(IEnumerable<object?> objects) =>
        objects.OfType<object>().Select(item => errors.TryRead(() => JobReference.Read(item))).OfType<JobReference>();

    /// <summary>The jobs that one object means. One that only names a job means it once in a command.</summary>
    /// <param name="reference">What the object says.</param>
    /// <param name="eachSnapshot">True where each snapshot of a job means something else.</param>
    internal IEnumerable<BackupConfiguration> FromReference(JobReference reference, bool eachSnapshot = false)
    {
        string? snapshot = eachSnapshot && reference.Kind == EmittedKind.BackupSnapshot ? Emitted.Text(reference.Source, "KeyPrefix") : null;
        IEnumerable<BackupConfiguration> jobs =
            reference.File is { } file ? FromFiles([file])
            : reference.IsText ? FromNames([reference.Name!])
            : reference.Whole is { } whole ? One(() => ConfigurationObject.Read(whole), reference)
            : named.Add((reference.ConfigurationPath, reference.Name, snapshot)) ? One(() => Find(reference), reference)
            : [];
        foreach (BackupConfiguration job in jobs)
        {
            IsAskedFor = !cmdlet.MyInvocation.ExpectingInput && !WildcardPattern.ContainsWildcardCharacters(reference.File ?? reference.Name ?? "");
            yield return job;
        }
    }

    /// <summary>The configuration files that the parameters name, good ones or not; each once.</summary>
    internal IEnumerable<string> FilesOf(IJobParameters given)
    {
        IEnumerable<string> files = cmdlet.ParameterSetName switch
        {
            ParameterSets.ByName => FilesOf(given.Name),
            ParameterSets.ByPath => Files(given.ConfigPath),
            ParameterSets.ByLiteralPath => Files(given.LiteralPath.Select(WildcardPattern.Escape)),
            _ => References(given.Config).SelectMany(FilesOf),
        };
        return files.Where(file => named.Add((file, null, null)));
    }

    private IEnumerable<string> FilesOf(JobReference reference) =>
        reference.File is { } file ? Files([file])
        : reference.IsText ? FilesOf([reference.Name!])
        : errors.TryRead(() => reference.ConfigurationPath ?? (reference.Whole is null ? Find(reference).Path : null)
            ?? throw new BackupException(ParameterErrors.ConfigurationWithoutFile(reference.Name))) is { } path ? [path]
        : [];

    private IEnumerable<string> FilesOf(IEnumerable<string> names)
    {
        foreach (NamedFile found in Named(names))
        {
            // What is wrong in a file can be put right; whose file it is cannot.
            if (found.Job is { Error: { } error } && error.Id != ErrorIds.ConfigurationInvalid)
            {
                errors.Write(error);
                continue;
            }

            foreach (string file in found.Path is { } path ? Files([path]) : [found.Job!.Path])
                yield return file;
        }
    }

    /// <summary>The files of the job folders that names and wildcards mean, broken ones among them.</summary>
    /// <param name="names">The names and wildcards.</param>
    /// <param name="isMissingWildcardAnError">True where nothing would be done silently although something was asked for.</param>
    internal IReadOnlyList<JobFile> Select(IEnumerable<string> names, bool isMissingWildcardAnError = true) =>
        Select(JobList.Read(), names, isMissingWildcardAnError);

    /// <summary>Likewise, of a list that was read already.</summary>
    internal IReadOnlyList<JobFile> Select(JobList list, IEnumerable<string> names, bool isMissingWildcardAnError = true)
    {
        IReadOnlyList<JobFile> jobs = JobSelection.Select(list, names, name =>
        {
            if (isMissingWildcardAnError || !WildcardPattern.ContainsWildcardCharacters(name))
                errors.Write(list.NotFound(NameSelection.Shown(name), paths.IsFile(name)));
        });
        foreach (JobFile job in jobs.Where(job => job.Hides.Count > 0))
        {
            string hidden = string.Join(", ", job.Hides.Select(path => $"'{path}'"));
            cmdlet.WriteWarning($"Job '{job.Name}' is '{job.Path}'; not used is {hidden}, which has the same name.");
        }

        return [.. jobs];
    }

    private IEnumerable<NamedFile> Named(IEnumerable<string> names)
    {
        JobList list = JobList.Read();
        HashSet<string> seen = [];
        foreach (string name in names)
        {
            // A job may be named like a file.
            if (JobReference.IsPath(name) && !list.Jobs.Any(job => job.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                yield return new NamedFile(name, Job: null, IsOfWildcard: false);
                continue;
            }

            bool isOfWildcard = WildcardPattern.ContainsWildcardCharacters(name) && !list.Jobs.Any(job => job.Name == name);
            foreach (JobFile job in Select(list, [name]).Where(job => seen.Add(job.Path)))
                yield return new NamedFile(Path: null, job, isOfWildcard);
        }
    }

    private IEnumerable<BackupConfiguration> One(Func<BackupConfiguration> read, JobReference reference)
    {
        (IsAskedFor, IsByName) = (false, false);
        return errors.TryRead(read, error => TellBroken(reference.Name, error)) is { } configuration ? [configuration] : [];
    }

    private static BackupConfiguration Find(JobReference reference)
    {
        JobList list = JobList.Read();
        string? path = reference.ConfigurationPath;
        JobFile? job = FindFile(list, reference.Name, path);
        if (job is not null)
            return job.Required();
        // State is kept by name, so its last run was of the job that is meant.
        path ??= JobHistory.Find(reference.Name!)?.Read(since: null, last: 1, kinds: []) is [{ ConfigurationPath: { } recorded }]
            ? recorded
            : null;
        return path is not null
            ? ConfigurationReader.Load(path)
            : throw new BackupException(ParameterErrors.JobOfObjectNotFound(reference.What, reference.Name!, list.Places));
    }

    /// <summary>The configuration of a job whose file was once at a path: where it is now, when it was renamed or moved since.</summary>
    /// <param name="name">The job's name.</param>
    /// <param name="path">The path that is on record.</param>
    /// <exception cref="BackupException">It is not there, or not good.</exception>
    internal static BackupConfiguration LoadRecorded(string? name, string path) =>
        (File.Exists(path) ? null : FindFile(JobList.Read(), name, path))?.Required() ?? ConfigurationReader.Load(path);

    private static JobFile? FindFile(JobList list, string? name, string? path)
    {
        bool isByName = path is null || (name is not null && !File.Exists(path));
        return list.Jobs.FirstOrDefault(job => isByName ? job.Name == name : job.Path == path);
    }

    private void TellBroken(string? name, BackupError error)
    {
        if (name is not null && error.Id is not (ErrorIds.ConfigurationNotFound or ErrorIds.JobNotFound))
            Broken?.Invoke(name, error);
    }

    private static BackupConfiguration Load(string file, string given)
    {
        try
        {
            return ConfigurationReader.Load(file);
        }
        catch (BackupException exception) when (exception.Error.Id == ErrorIds.ConfigurationNotFound && !given.AsSpan().ContainsAny('/', '\\'))
        {
            // A file is never looked for by a job's name, nor a job where a file was meant: which one runs must not hang on the current folder.
            if (JobList.Read().Jobs.FirstOrDefault(job => job.Name.Equals(given, StringComparison.OrdinalIgnoreCase)) is not { } job)
                throw;
            throw new BackupException(
                exception.Error with { RecommendedAction = $"There is a job of that name, which -Name '{job.Name}' takes." }, exception);
        }
    }

    private sealed record NamedFile(string? Path, JobFile? Job, bool IsOfWildcard);
}
