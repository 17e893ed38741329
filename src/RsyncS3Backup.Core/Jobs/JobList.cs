using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Jobs;

/// <summary>The jobs that are known by name, as their files are at one moment.</summary>
/// <remarks>
/// Of two files with one name the one in the earlier folder is the job: state is kept by name, so running both would mix it. In one folder
/// neither is before the other, and neither is run.
/// </remarks>
internal sealed class JobList
{
    private static readonly string[] Extensions = [".json", ".jsonc"];

    private static readonly EnumerationOptions All = new() { AttributesToSkip = FileAttributes.Directory, IgnoreInaccessible = false };

    private IReadOnlyList<JobPlaces>? writers;

    private JobList(IReadOnlyList<JobFile> jobs, IReadOnlyList<string> places)
    {
        Jobs = jobs;
        Places = places;
    }

    /// <summary>The jobs by name, broken ones among them.</summary>
    public IReadOnlyList<JobFile> Jobs { get; }

    /// <summary>The folders that were looked at, each with what was found there, as in a message.</summary>
    public IReadOnlyList<string> Places { get; }

    /// <summary>Reads the jobs of this user and this machine.</summary>
    public static JobList Read() => Read(JobFolders.Current());

    /// <summary>Reads the jobs in folders, the earlier of which come first.</summary>
    public static JobList Read(IReadOnlyList<JobFolder> folders)
    {
        List<JobFile> found = [];
        List<string> places = [];
        foreach (JobFolder folder in folders)
        {
            (IReadOnlyList<JobFile> files, string place) = ReadFolder(folder);
            found.AddRange(files);
            places.Add(place);
        }

        IEnumerable<JobFile> jobs = found
            .GroupBy(file => file.Name, StringComparer.Ordinal)
            .SelectMany(OfOneName)
            .OrderBy(file => file.Name, StringComparer.OrdinalIgnoreCase)
            .ThenBy(file => file.Path, StringComparer.Ordinal);
        return new JobList([.. jobs], places);
    }

    /// <summary>What a job's mirror and prefix have to do with those of the other jobs.</summary>
    public IReadOnlyList<ConfigurationProblem> OverlapsOf(BackupConfiguration job) => JobOverlaps.Find(
        JobPlaces.Of(job),
        writers ??= [.. Jobs.Select(file => file.Configuration).OfType<BackupConfiguration>().Select(JobPlaces.Of)]);

    /// <summary>The error for a name or a wildcard that no job has.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isFile">True when there is a file of that path.</param>
    public BackupError NotFound(string name, bool isFile = false) =>
        JobErrors.NotFound(name, isFile, Places, ConfigurationText.Nearest(name, Jobs.Select(job => job.Name)));

    private static IEnumerable<JobFile> OfOneName(IGrouping<string, JobFile> files)
    {
        JobFile[] first = [.. files.TakeWhile(file => file.Folder == files.First().Folder)];
        if (first.Length == 1)
            return [first[0] with { Hides = [.. files.Skip(1).Select(file => file.Path)] }];
        BackupError error = JobErrors.NameNotUnique(files.Key, [.. first.Select(file => file.Path)]);
        return first.Select(file => file.Refused(error));
    }

    private static (IReadOnlyList<JobFile> Files, string Place) ReadFolder(JobFolder folder)
    {
        try
        {
            string? problem = FileSafety.FolderProblem(folder.Path);
            JobFile[] files =
            [
                .. Directory.EnumerateFiles(folder.Path, "*", All)
                    .Where(IsJob)
                    .Order(StringComparer.Ordinal)
                    .Select(path => JobFile.Read(path, folder, problem)),
            ];
            return (files, $"'{folder.Path}' ({(files.Length == 1 ? "1 job" : $"{files.Length} jobs")})");
        }
        catch (DirectoryNotFoundException)
        {
            return ([], $"'{folder.Path}' (not there)");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ([], $"'{folder.Path}' (cannot be read: {exception.Message})");
        }
    }

    // What begins with a dot is what an editor keeps beside the file that it edits.
    private static bool IsJob(string path) =>
        !Path.GetFileName(path).StartsWith('.') && !ConfigurationLayers.IsDefaults(path)
        && Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
