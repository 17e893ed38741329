using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Readiness;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>Writes a configuration file from parameters. What it writes is valid, or it writes nothing.</summary>
[Cmdlet(VerbsCommon.New, "BackupConfiguration", DefaultParameterSetName = "S3", SupportsShouldProcess = true)]
[OutputType(typeof(BackupConfiguration))]
public sealed class NewBackupConfigurationCommand : ConfigurationParametersCmdlet
{
    private readonly FileSystemPaths paths;
    // What the doubts say in words of their own.
    private static readonly string[] ToldByDoubts = [ErrorIds.SourceMissing, ErrorIds.DestinationNotMounted];

    private readonly InputErrors errors;

    /// <summary>Made by the engine, once for each command.</summary>
    public NewBackupConfigurationCommand()
    {
        paths = new FileSystemPaths(this);
        errors = new InputErrors(this);
    }

    /// <summary>The file to write. Default: a file in the user's job folder, named after <see cref="Name"/>.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string? Path { get; set; }

    /// <summary>
    /// The folders to back up, here or on other machines (<c>user@host:/path</c>, <c>rsync://host/module</c>), or hashtables with
    /// a source's keys.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public object[] Source { get; set; } = [];

    /// <summary>The mirror's root folder.</summary>
    [Parameter(Mandatory = true, Position = 2)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>The bucket's name.</summary>
    [Parameter(Mandatory = true, Position = 3, ParameterSetName = "S3")]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>Make a job without stage 2.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LocalOnly")]
    public SwitchParameter LocalOnly { get; set; }

    /// <summary>The job's name. Default: the file's name without its extension. Needed where no <see cref="Path"/> is given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emit the configuration.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (errors.TryRead(FindPlace) is not { } path || errors.TryRead(() => Build(path)) is not { } configuration)
            return;
        foreach (string doubt in JobDoubts.Of(configuration, JobList.Read()).Concat(Unready(configuration)))
            WriteWarning(doubt);
        string json = ConfigurationWriter.ToJson(configuration, SchemaFile.Address(MyInvocation.MyCommand.Module?.ModuleBase));
        if (File.Exists(path) && !Force)
            WriteError(ParameterErrors.FileExists(path));
        else if (ShouldProcess(path, "Write backup configuration") && errors.TryRead(() => WriteFile(path, json)) is not null && PassThru)
            WriteObject(configuration);
    }

    private IReadOnlyList<string> Unready(BackupConfiguration job) =>
        Run(null, (_, token) => ReadinessTest.DoubtsAsync(ReadinessRequest.For(job), ToldByDoubts, token));

    private string FindPlace()
    {
        ParameterValues.Demand(nameof(Name), Name, KeyRule.JobName);
        if (Path is not null)
            return paths.Resolve(Path);
        if (Name is null)
            throw new BackupException(ParameterErrors.PathOrNameMissing());
        string folder = JobFolders.Current()[0].Path;
        string path = System.IO.Path.Combine(folder, JobFile.FileName(Name));
        JobFile? other = JobList.Read().Jobs.FirstOrDefault(job => job.Name == Name && job.Path != path && job.Folder.Path == folder);
        return other is null ? path : throw new BackupException(ParameterErrors.JobExists(Name, other.Path));
    }

    private BackupConfiguration Build(string path)
    {
        if (TimeZone is not null && CronExpression is null)
            throw new BackupException(ParameterErrors.TimeZoneAlone(TimeZone));
        string settings = new GivenSettings(this).Read().ToObject(Name ?? System.IO.Path.GetFileNameWithoutExtension(path));
        ConfigurationReadResult read = ConfigurationReader.ReadObject(settings, path);
        BackupConfiguration job = read.Configuration
            ?? throw new BackupException(ParameterErrors.JobNotGood(path, read.Problems, ConfigurationKeys.Parameters));
        return LocalOnly || this.IsGiven(nameof(MaxChange)) ? job
            : job with { Options = job.Options with { Rsync = job.Options.Rsync with { MaxChange = ChangeLimit.Proposed } } };
    }

    private string WriteFile(string path, string json)
    {
        try
        {
            if (Path is null)
                JobFolders.Make(System.IO.Path.GetDirectoryName(path)!);
            JobFile.Write(path, json, replaces: Force);
            SchemaFile.Keep(MyInvocation.MyCommand.Module?.ModuleBase);
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(ParameterErrors.NotWritten(path, exception.Message), exception);
        }
    }
}
