using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>
/// The names of the jobs that a cmdlet is given which needs no more of a job than its name: by name, by file, or by an object that names it.
/// </summary>
/// <param name="cmdlet">Whose parameters and streams they are.</param>
/// <param name="errors">Tells what is wrong.</param>
internal sealed class NamedJobs(PSCmdlet cmdlet, InputErrors errors)
{
    private readonly List<string> names = [];
    private readonly Dictionary<string, string> files = [];
    private readonly HashSet<string> piped = new(StringComparer.Ordinal);
    private readonly JobInput jobs = new(cmdlet, errors);
    private bool isAnythingGiven;

    /// <summary>What objects say of jobs; an error for each that says nothing.</summary>
    internal IEnumerable<JobReference> References(IEnumerable<object?> objects) => jobs.References(objects);

    /// <summary>The names so far, with or without wildcards; a name that came with an object is escaped.</summary>
    internal IReadOnlyList<string> Names => names;

    /// <summary>True when jobs were meant and none is left: what came through the pipeline was empty, or nothing was good. Not: all jobs.</summary>
    internal bool IsNothing => names.Count == 0
        && (isAnythingGiven || cmdlet.MyInvocation.ExpectingInput || cmdlet.ParameterSetName != ParameterSets.ByName);

    /// <summary>Takes what the parameters name; in ProcessRecord that of the record at hand.</summary>
    internal void Add(IJobParameters given)
    {
        switch (cmdlet.ParameterSetName)
        {
            case ParameterSets.ByPath:
                AddFiles(given.ConfigPath);
                break;
            case ParameterSets.ByLiteralPath:
                AddFiles(given.LiteralPath.Select(WildcardPattern.Escape));
                break;
            case ParameterSets.ByInputObject:
                isAnythingGiven = true;
                foreach (JobReference reference in jobs.References(given.Config))
                    Add(reference);
                break;
            default:
                AddNames(given.Name);
                break;
        }
    }

    /// <summary>Takes the job that an object names.</summary>
    internal void Add(JobReference reference)
    {
        isAnythingGiven = true;
        if (reference is { Name: { } name, IsText: true })
            AddNames([name]);
        else if (reference.Name is { } exact)
            AddExact(exact, reference.Kind is EmittedKind.BackupJob or EmittedKind.BackupConfiguration ? reference.ConfigurationPath : null);
        else if ((reference.File ?? (reference.ConfigurationPath is { } path ? WildcardPattern.Escape(path) : null)) is { } file)
            AddFiles([file]);
        else
            errors.Write(ParameterErrors.NotAConfiguration(reference.Source.BaseObject.GetType().FullName!));
    }

    /// <summary>The jobs of the job folders that are meant. One that was given as a file is that file and no other of its name.</summary>
    /// <param name="isMissingWildcardAnError">True where nothing would be done silently although something was asked for.</param>
    internal IReadOnlyList<JobFile> Files(bool isMissingWildcardAnError = true)
    {
        JobList list = JobList.Read();
        List<JobFile> chosen = [.. jobs.Select(list, names.Except(files.Values), isMissingWildcardAnError)];
        foreach (string file in files.Keys)
        {
            if (list.Jobs.FirstOrDefault(job => Path.GetFullPath(job.Path).Equals(file, StringComparison.Ordinal)) is not { } job)
                errors.Write(JobErrors.NotInFolder(file, list.Places));
            else if (!chosen.Contains(job))
                chosen.Add(job);
        }

        return chosen;
    }

    /// <summary>Tells that a name has nothing of what the cmdlet is about: an error for one that was asked for.</summary>
    internal void Missing(string name, BackupError error)
    {
        if (piped.Contains(name))
            cmdlet.WriteVerbose(error.Message);
        else
            errors.Write(error);
    }

    private void AddNames(IEnumerable<string> given)
    {
        JobList? list = null;
        foreach (string name in given)
        {
            isAnythingGiven = true;
            bool isPath = JobReference.IsPath(name)
                && !(list ??= JobList.Read()).Jobs.Any(job => job.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (isPath)
                AddFiles([name]);
            else
                names.Add(name);
        }
    }

    private void AddFiles(IEnumerable<string> given)
    {
        foreach (string file in jobs.Files(given))
        {
            isAnythingGiven = true;
            ConfigurationReadResult read = ConfigurationReader.ReadFile(file);
            // A file that is broken is still its job's; one of another kind, such as photos.log, is nobody's.
            bool isNobodys = read is { Configuration: null, WrittenName: null } && Path.GetExtension(file) is not (".json" or ".jsonc");
            if (read.Error is { } error && (isNobodys || error.Id == ErrorIds.ConfigurationNotFound))
                errors.Write(error);
            else
                AddFile(WildcardPattern.Escape(read.Configuration?.Name ?? read.WrittenName ?? Path.GetFileNameWithoutExtension(file)), file);
        }
    }

    private void AddExact(string name, string? file)
    {
        piped.Add(name);
        string escaped = WildcardPattern.Escape(name);
        if (file is not null)
            AddFile(escaped, file);
        else if (!names.Contains(escaped))
            names.Add(escaped);
    }

    private void AddFile(string name, string file)
    {
        files[Path.GetFullPath(file)] = name;
        if (!names.Contains(name))
            names.Add(name);
    }
}
