using System.Text;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Jobs;

/// <summary>A file in a job folder.</summary>
internal sealed record JobFile
{
    /// <summary>The job's name; of a file that cannot be read, what it would be named after.</summary>
    public required string Name { get; init; }

    /// <summary>The file, absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The folder that it lies in.</summary>
    public required JobFolder Folder { get; init; }

    /// <summary>The job; null when there is a problem.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>Why the job cannot be run; null for a good one.</summary>
    public BackupError? Error { get; init; }

    /// <summary>What is wrong, each thing for itself; empty for a good one.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; init; } = [];

    /// <summary>Files of the same name in later folders, which are not used.</summary>
    public IReadOnlyList<string> Hides { get; init; } = [];

    /// <summary>The job.</summary>
    /// <exception cref="BackupException">There is a problem.</exception>
    public BackupConfiguration Required() => Configuration ?? throw new BackupException(Error!);

    /// <summary>The name of the file that a job of that name is written to.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="extension">With its dot.</param>
    public static string FileName(string jobName, string extension = ".json")
    {
        char[] refused = System.IO.Path.GetInvalidFileNameChars();
        string name = new([.. jobName.Select(character => refused.Contains(character) ? '_' : character)]);
        // What begins with a dot is no job.
        return (name.StartsWith('.') ? "_" + name[1..] : name) + extension;
    }

    /// <summary>
    /// Writes a configuration file: beside its place and then moved there, so that a full disk leaves no half of a file and an
    /// older one untouched.
    /// </summary>
    /// <param name="path">
    /// The file, or a link that leads to it. Whose one that is there is, and who may do what with it, stays so.
    /// </param>
    /// <param name="json">Its text.</param>
    /// <param name="replaces">False where a file that is there is an error.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Write(string path, string json, bool replaces = true)
    {
        FileAttributesSnapshot? there = null;
        if (File.Exists(path))
        {
            path = RealPath.Of(path);
            there = OperatingSystem.IsWindows() ? null : FileAttributesReader.TryRead(path);
        }

        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            // A job that everybody may write is refused, so a generous umask must not make one.
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode =
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            using (FileStream file = new(temporary, options))
            {
                if (there is { } before && !OperatingSystem.IsWindows())
                {
                    UnixFileMode mode = File.GetUnixFileMode(path);
                    // Who is not root can give a file to nobody else, and need not.
                    UnixCalls.TryChangeOwner(file.SafeFileHandle, before.UserId, before.GroupId);
                    File.SetUnixFileMode(file.SafeFileHandle, mode);
                }

                file.Write(Encoding.UTF8.GetBytes(json));
            }

            File.Move(temporary, path, overwrite: replaces);
        }
        catch
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a file of a job folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="folderProblem">Why no file of the folder is to be trusted; null when they are.</param>
    public static JobFile Read(string path, JobFolder folder, string? folderProblem)
    {
        string fileName = System.IO.Path.GetFileNameWithoutExtension(path);
        if ((folderProblem ?? FileSafety.Problem(path) ?? FileSafety.KindProblem(path)) is { } unsafeBecause)
            return new JobFile { Name = fileName, Path = path, Folder = folder }.Refused(JobErrors.Unsafe(path, unsafeBecause));
        ConfigurationReadResult read = ConfigurationReader.ReadFile(path);
        return new JobFile
        {
            Name = read.Configuration?.Name ?? read.WrittenName ?? fileName,
            Path = path,
            Folder = folder,
            Configuration = read.Configuration,
            Error = read.Error,
            Problems = read.Problems,
        };
    }

    /// <summary>The file of a job that was listed before, as it is now. One that was broken stays so: its name need not be its own alone.</summary>
    public static JobFile Again(BackupJob job)
    {
        JobFolder folder = new(System.IO.Path.GetDirectoryName(job.Path)!, job.Scope);
        return job.Error is { } error
            ? new JobFile { Name = job.Name, Path = job.Path, Folder = folder }.Refused(error)
            : Read(job.Path, folder, FileSafety.FolderProblem(folder.Path));
    }

    /// <summary>This file as one that is not to be run.</summary>
    public JobFile Refused(BackupError error) => this with
    {
        Configuration = null,
        Error = error,
        Problems = [new ConfigurationProblem { JsonPath = "$", Message = error.Message, Allowed = error.RecommendedAction.TrimEnd('.'), Path = Path }],
    };
}
