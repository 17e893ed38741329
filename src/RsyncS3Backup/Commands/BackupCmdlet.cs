using System.Collections;
using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>What the module's cmdlets share: paths as PowerShell means them, and configurations however they are given.</summary>
public abstract class BackupCmdlet : AsyncCmdlet
{
    /// <summary>The version of the PowerShell that this runs in.</summary>
    private protected string? PowerShellVersion =>
        (SessionState.PSVariable.GetValue("PSVersionTable") as IDictionary)?["PSVersion"]?.ToString();

    /// <summary>True when a parameter stands in the command, whatever its value.</summary>
    private protected bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>Where a run is logged beside its own log file.</summary>
    /// <param name="logPath">The value of -LogPath; null when it was not given.</param>
    private protected RunLogging LoggingTo(string? logPath)
    {
        bool isOnlyAsked = MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? whatIf) && whatIf is SwitchParameter { IsPresent: true };
        if (logPath is null || isOnlyAsked)
            return new RunLogging();
        string resolved = "";
        try
        {
            resolved = ResolveFileSystemPath(logPath);
            // PowerShell's path tools take the separator away, which says that a folder is meant.
            if (Path.EndsInDirectorySeparator(logPath) && !Path.EndsInDirectorySeparator(resolved))
                resolved += Path.DirectorySeparatorChar;
            LogCopy.Require(resolved);
        }
        catch (BackupException exception)
        {
            // Terminating: without the log that was asked for, no job of this command may run.
            OnBadInput(exception.Error);
            ThrowTerminating(exception.Error);
        }

        return new RunLogging { CopyPath = resolved };
    }

    /// <summary>Ends the cmdlet with an error.</summary>
    private protected void ThrowTerminating(BackupError error) => ThrowTerminatingError(ErrorRecords.From(error));

    /// <summary>Demands that a parameter's value is what the same key of a configuration may be.</summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="value">Its value; null when it was not given.</param>
    /// <param name="rule">Says what is wrong with a value, or null.</param>
    /// <param name="allowed">What is allowed.</param>
    /// <exception cref="BackupException">The rule finds something wrong.</exception>
    private protected static void Demand(string parameter, string? value, Func<string, string?> rule, string allowed)
    {
        if (value is not null && rule(value) is { } problem)
            throw new BackupException(ParameterErrors.InvalidValue(parameter, value, problem, allowed));
    }

    /// <summary>The value of a -MaxDelete parameter.</summary>
    /// <exception cref="BackupException">It is neither a number nor a share.</exception>
    private protected static DeleteLimit ReadMaxDelete(string value)
    {
        Demand("MaxDelete", value, ConfigurationRules.MaxDelete, ConfigurationRules.MaxDeleteAllowed);
        return DeleteLimit.TryParse(value, out DeleteLimit limit) ? limit : DeleteLimit.Default;
    }

    /// <summary>A path of the file system, absolute; it need not exist. <c>~</c>, PowerShell's drives and $PWD are understood.</summary>
    /// <exception cref="BackupException">It is a path of another provider, or of no drive.</exception>
    private protected string ResolveFileSystemPath(string path)
    {
        try
        {
            string resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return provider.Name == "FileSystem"
                ? resolved
                : throw new BackupException(ParameterErrors.NotAFileSystemPath(path, provider.Name));
        }
        catch (Exception exception) when (exception is SessionStateException or PSArgumentException or PSNotSupportedException)
        {
            throw new BackupException(ParameterErrors.PathNotResolved(path, exception.Message), exception);
        }
    }

    /// <summary>A source: a folder of the file system, as above, or an address on another machine as it is.</summary>
    /// <exception cref="BackupException">It is neither.</exception>
    private protected string ResolveSource(string source)
    {
        // A drive of PowerShell's, such as Temp:, is written as a host is.
        bool isDrive = SessionState.Drive.GetAll().Any(drive => source.StartsWith(drive.Name + ":", StringComparison.OrdinalIgnoreCase)
            && !source.StartsWith(drive.Name + "::", StringComparison.OrdinalIgnoreCase));
        bool isOfProvider = source.StartsWith("FileSystem::", StringComparison.OrdinalIgnoreCase);
        if (isDrive || isOfProvider || !RemotePath.IsRemote(source))
            return ResolveFileSystemPath(source);
        // Not with the value in the message, as other parameters do: it may hold a password.
        return ConfigurationRules.SourcePath(source) is { } problem
            ? throw new BackupException(RsyncErrors.SourceAddressInvalid(problem))
            : source;
    }

    /// <summary>The configuration files that a path with or without wildcards names; one that does not exist is left to the reader.</summary>
    /// <exception cref="BackupException">Nothing matches, or it is no path of the file system.</exception>
    private protected IReadOnlyList<string> ResolveConfigurationFiles(string path)
    {
        string literal = ResolveFileSystemPath(path);
        if (File.Exists(literal))
            return [literal];
        if (!WildcardPattern.ContainsWildcardCharacters(path))
            return [ResolveFileSystemPath(WildcardPattern.Unescape(path))];
        try
        {
            string[] files = [.. SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _).Where(File.Exists)];
            if (files.Length > 0)
                return files;
        }
        catch (ItemNotFoundException)
        {
            // The same as no match.
        }

        throw new BackupException(ParameterErrors.NoConfigurationMatches(path));
    }

    /// <summary>The configurations that paths name; each one that is not good is one non-terminating error.</summary>
    private protected IEnumerable<BackupConfiguration> ReadConfigurationFiles(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            foreach (string file in TryRead(() => ResolveConfigurationFiles(path)) ?? [])
            {
                if (TryRead(() => Load(file, path)) is { } configuration)
                    yield return configuration;
            }
        }
    }

    /// <summary>
    /// The jobs of the job folders that names and wildcards mean; each that is missing or not good is one non-terminating error.
    /// </summary>
    private protected IEnumerable<BackupConfiguration> ReadNamedJobs(IEnumerable<string> names)
    {
        HashSet<BackupError> told = [];
        foreach (JobFile job in SelectJobs(names))
        {
            if (job.Configuration is { } configuration)
                yield return configuration;
            else if (told.Add(job.Error!))
                ReportBadInput(job.Error!);
        }
    }

    /// <summary>
    /// The files of the job folders that names and wildcards mean, broken ones among them; each that is missing is one non-terminating error.
    /// </summary>
    /// <param name="names">The names and wildcards.</param>
    /// <param name="isMissingWildcardAnError">True where nothing would be done silently although something was asked for.</param>
    private protected IReadOnlyList<JobFile> SelectJobs(IEnumerable<string> names, bool isMissingWildcardAnError = true)
    {
        JobList list = JobList.Read();
        IReadOnlyList<JobFile> jobs = JobSelection.Select(list, names, name =>
        {
            if (isMissingWildcardAnError || !WildcardPattern.ContainsWildcardCharacters(name))
                ReportBadInput(list.NotFound(NameSelection.Shown(name), IsFile(name)));
        });
        foreach (JobFile job in jobs.Where(job => job.Hides.Count > 0))
            WriteWarning($"Job '{job.Name}' is '{job.Path}'; not used is {string.Join(", ", job.Hides.Select(path => $"'{path}'"))}, which has the same name.");
        return jobs;
    }

    /// <summary>
    /// The configurations that objects are: what Get-BackupJob and Import-BackupConfiguration return, hashtables and custom objects with a configuration
    /// file's keys, and files. Each one that is not good is one non-terminating error.
    /// </summary>
    private protected IEnumerable<BackupConfiguration> ReadConfigurations(IEnumerable<object?> objects)
    {
        foreach (object? item in objects)
        {
            if (item is null)
                continue;
            if (FilePath(item) is { } path)
            {
                foreach (BackupConfiguration fromFile in ReadConfigurationFiles([path]))
                    yield return fromFile;
            }
            else if (TryRead(() => FromObject(item)) is { } configuration)
            {
                yield return configuration;
            }
        }
    }

    /// <summary>Called for every input that is no usable configuration, beside the error that is written.</summary>
    private protected virtual void OnBadInput(BackupError error)
    {
    }

    /// <summary>What <paramref name="read"/> returns; null, and a non-terminating error, when it throws one of ours.</summary>
    private protected T? TryRead<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (BackupException exception)
        {
            OnBadInput(exception.Error);
            WriteError(ErrorRecords.From(exception));
            return null;
        }
    }

    private void ReportBadInput(BackupError error)
    {
        OnBadInput(error);
        WriteError(error);
    }

    private bool IsFile(string path)
    {
        try
        {
            return File.Exists(ResolveFileSystemPath(path));
        }
        catch (BackupException)
        {
            return false;
        }
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

    private static BackupConfiguration FromObject(object item)
    {
        object plain = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (plain is BackupConfiguration configuration)
            return configuration;
        if (plain is BackupJob job)
            return JobFile.Again(job).Required();
        if (plain is BackupSchedule schedule)
            return new JobReader().Read(schedule.Name, schedule.ConfigurationPath);
        // What came back from another process says of itself that it was an object of ours, and is none any more.
        string? cameBack = plain is PSCustomObject ? PSObject.AsPSObject(item).TypeNames.FirstOrDefault(name => name.StartsWith("Deserialized.", StringComparison.Ordinal)) : null;
        if (cameBack is not null || plain is not (IDictionary or PSCustomObject))
            throw new BackupException(ParameterErrors.NotAConfiguration(cameBack ?? plain.GetType().FullName!));
        return ConfigurationReader.Read(JsonFromObject.Convert(plain is PSCustomObject ? item : plain), path: null, defaultName: null).Required();
    }

    // Files arrive here too: a pipeline parameter that takes any object takes what Get-ChildItem and Select-Object FullName emit.
    private static string? FilePath(object item)
    {
        PSObject custom = PSObject.AsPSObject(item);
        return custom.BaseObject switch
        {
            string path => path,
            FileInfo file => WildcardPattern.Escape(file.FullName),
            PSCustomObject when custom.Properties["sources"] is null =>
                (custom.Properties["FullName"] ?? custom.Properties["ConfigPath"] ?? custom.Properties["Path"])?.Value as string,
            _ => null,
        };
    }
}
