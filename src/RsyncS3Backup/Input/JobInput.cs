using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Input;

/// <summary>
/// The jobs and configurations that a cmdlet is given, in whatever form. Each that is not good is one non-terminating error.
/// </summary>
/// <param name="cmdlet">Whose session and streams they are.</param>
/// <param name="errors">Tells what is not good.</param>
internal sealed class JobInput(PSCmdlet cmdlet, InputErrors errors)
{
    private readonly FileSystemPaths paths = new(cmdlet);

    /// <summary>Told of each job that is there and cannot be read, by its name, before the error is written.</summary>
    internal Action<string, BackupError>? Broken { get; init; }

    /// <summary>The jobs that the parameters name; in ProcessRecord those of the record at hand.</summary>
    internal IEnumerable<BackupConfiguration> Read(IJobParameters given) => cmdlet.ParameterSetName switch
    {
        ParameterSets.ByName => FromNames(given.Name),
        ParameterSets.ByPath => FromFiles(given.ConfigPath),
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
                if (errors.TryRead(() => Load(file, path), error => TellBroken(Path.GetFileNameWithoutExtension(file), error)) is { } configuration)
                    yield return configuration;
            }
        }
    }

    /// <summary>The configuration files that paths name, good ones or not.</summary>
    internal IEnumerable<string> Files(IEnumerable<string> given) =>
        given.SelectMany(path => errors.TryRead(() => paths.ResolveConfigurations(path)) ?? []);

    /// <summary>The jobs of the job folders that names and wildcards mean.</summary>
    internal IEnumerable<BackupConfiguration> FromNames(IEnumerable<string> names)
    {
        HashSet<BackupError> told = [];
        foreach (JobFile job in Select(names))
        {
            if (job.Configuration is { } configuration)
                yield return configuration;
            else if (told.Add(job.Error!))
            {
                TellBroken(job.Name, job.Error!);
                errors.Write(job.Error!, job.Name);
            }
        }
    }

    /// <summary>
    /// The configurations that objects are: what Get-BackupJob and Import-BackupConfiguration return, hashtables and custom objects with a
    /// configuration file's keys, and files.
    /// </summary>
    internal IEnumerable<BackupConfiguration> FromObjects(IEnumerable<object?> objects)
    {
        foreach (object? item in objects)
        {
            if (item is null)
                continue;
            if (ConfigurationObject.FilePath(item) is { } path)
            {
                foreach (BackupConfiguration fromFile in FromFiles([path]))
                    yield return fromFile;
            }
            else if (errors.TryRead(() => ConfigurationObject.Read(item), error => TellBroken((PSObject.AsPSObject(item).BaseObject as BackupJob)?.Name, error))
                is { } configuration)
            {
                yield return configuration;
            }
        }
    }

    /// <summary>The files of the job folders that names and wildcards mean, broken ones among them.</summary>
    /// <param name="names">The names and wildcards.</param>
    /// <param name="isMissingWildcardAnError">True where nothing would be done silently although something was asked for.</param>
    internal IReadOnlyList<JobFile> Select(IEnumerable<string> names, bool isMissingWildcardAnError = true)
    {
        JobList list = JobList.Read();
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

        return jobs;
    }

    private void TellBroken(string? name, BackupError error)
    {
        if (name is not null && error.Id != ErrorIds.ConfigurationNotFound)
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
}
