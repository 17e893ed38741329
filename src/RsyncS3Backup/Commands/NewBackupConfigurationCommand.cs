using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Readiness;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>Writes a configuration file from parameters. What it writes is valid, or it writes nothing.</summary>
[Cmdlet(VerbsCommon.New, "BackupConfiguration", DefaultParameterSetName = ToS3, SupportsShouldProcess = true)]
[OutputType(typeof(BackupConfiguration))]
public sealed class NewBackupConfigurationCommand : ConfigurationParametersCmdlet
{
    private const string ToS3 = "S3";
    private const string ToS3ByPath = "S3ConfigPath";
    private const string Local = "LocalOnly";
    private const string LocalByPath = "LocalOnlyConfigPath";

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

    /// <summary>
    /// The job's name: its file is written to the user's job folder. A path is the file to write. With -ConfigPath: the name in the
    /// file. Default: the file's name without its extension.
    /// </summary>
    [Parameter(Position = 0, ParameterSetName = ToS3)]
    [Parameter(Position = 0, ParameterSetName = Local)]
    [Parameter(ParameterSetName = ToS3ByPath)]
    [Parameter(ParameterSetName = LocalByPath)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The file to write. Default: a file in the user's job folder, named after <see cref="Name"/>.</summary>
    // With -LocalOnly without a position: what stands first would be this, and a name the name of a file here.
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ToS3ByPath)]
    [Parameter(Mandatory = true, ParameterSetName = LocalByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath", "Path")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string? ConfigPath { get; set; }

    /// <summary>
    /// The folders to back up, here or on other machines (<c>user@host:/path</c>, <c>rsync://host/module</c>), or hashtables with
    /// a source's keys.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public object[] Source { get; set; } = [];

    /// <summary>The mirror's root folder.</summary>
    [Parameter(Mandatory = true, Position = 2)]
    [Alias("Destination")]
    [ValidateNotNullOrEmpty]
    public string MirrorPath { get; set; } = "";

    /// <summary>The bucket's name.</summary>
    [Parameter(Mandatory = true, Position = 3, ParameterSetName = ToS3)]
    [Parameter(Mandatory = true, Position = 3, ParameterSetName = ToS3ByPath)]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>Make a job without stage 2.</summary>
    [Parameter(Mandatory = true, ParameterSetName = Local)]
    [Parameter(Mandatory = true, ParameterSetName = LocalByPath)]
    public SwitchParameter LocalOnly { get; set; }

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emit the configuration.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (errors.TryRead(FindPlace) is not { } path || errors.TryRead(() => Build(path)) is not { } json
            || errors.TryRead(() => Check(path, json)) is not { } configuration)
            return;
        foreach (string doubt in JobDoubts.Of(configuration, JobList.Read()).Concat(Unready(configuration)))
            WriteWarning(doubt);
        if (File.Exists(path) && !Force)
            WriteError(ParameterErrors.FileExists(path));
        else if (this.Agrees($"Write the configuration of job '{configuration.Name}' to '{path}'.") && errors.TryRead(() => WriteFile(path, json)) is not null && PassThru)
            WriteObject(configuration);
    }

    private IReadOnlyList<string> Unready(BackupConfiguration job) =>
        Run(null, (_, token) => ReadinessTest.DoubtsAsync(ReadinessRequest.For(job), ToldByDoubts, token));

    // What stands first is a name or a path, and says which by itself.
    private string? GivenPath => ConfigPath ?? (Name is { } name && JobReference.IsPath(name) ? name : null);

    private string? GivenName => Name is null || (ConfigPath is { } path ? JobReference.IsOneWord([Name], [path]) : GivenPath is not null)
        ? null
        : RsyncS3Backup.KeyPrefix.WithHost(Name);

    private string FindPlace()
    {
        ParameterValues.Demand(nameof(Name), GivenName, KeyRule.JobName);
        if (GivenPath is { } given)
            return paths.Resolve(given);
        if (GivenName is not { } name)
            throw new BackupException(ParameterErrors.PathOrNameMissing());
        string folder = JobFolders.Current()[0].Path;
        string path = Path.Combine(folder, JobFile.FileName(name));
        JobFile? other = JobList.Read().Jobs.FirstOrDefault(job => job.Name == name && job.Path != path && job.Folder.Path == folder);
        return other is null ? path : throw new BackupException(ParameterErrors.JobExists(name, other.Path));
    }

    private string Build(string path)
    {
        if (TimeZone is not null && CronExpression is null)
            throw new BackupException(ParameterErrors.TimeZoneAlone(TimeZone));
        ConfigurationSettings given = new GivenSettings(this).Read();
        ConfigurationReadResult read = ConfigurationReader.ReadObject(given.ToObject(GivenName ?? Path.GetFileNameWithoutExtension(path)), path);
        BackupConfiguration job = read.Configuration
            ?? throw new BackupException(ParameterErrors.JobNotGood(path, read.Problems, ConfigurationKeys.Parameters));
        if (!LocalOnly && !this.IsGiven(nameof(MaxChange)))
            job = job with { Options = job.Options with { Rsync = job.Options.Rsync with { MaxChange = ChangeLimit.Proposed } } };
        string json = ConfigurationWriter.ToJson(job, SchemaFile.Address(MyInvocation.MyCommand.Module?.ModuleBase));
        // Without -LocalOnly a bucket was named.
        return ConfigurationLayers.LeaveToDefaults(json, path, given, nameof(LocalOnly));
    }

    // With the defaults of its folder.
    private static BackupConfiguration Check(string path, string json)
    {
        ConfigurationReadResult read = ConfigurationReader.Read(json, path, Path.GetFileNameWithoutExtension(path));
        return read.Configuration ?? throw new BackupException(read.Error is { Id: not ErrorIds.ConfigurationInvalid } error
            ? error
            : ParameterErrors.JobNotGood(path, read.Problems, ConfigurationKeys.Parameters));
    }

    private string WriteFile(string path, string json)
    {
        try
        {
            if (GivenPath is null)
                JobFolders.Make(Path.GetDirectoryName(path)!);
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
