using RsyncS3Backup.Configuration;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Jobs;

/// <summary>
/// Gives a job another name: its file, what is remembered of it, and the mirror, which says whose it is. The key prefix stays, so
/// that nothing is sent again. Each step may be taken again, so that a rename that was interrupted is completed by the next.
/// </summary>
/// <param name="job">The job as it is.</param>
/// <param name="newName">Its new name.</param>
internal sealed class JobRename(JobFile job, string newName)
{
    private readonly BackupConfiguration configuration = job.Required();

    /// <summary>Where the job's file is then.</summary>
    public string NewPath { get; } = Path.Combine(
        Path.GetDirectoryName(job.Path)!, JobFile.FileName(newName, Path.GetExtension(job.Path)));

    /// <summary>What is in the way; null when nothing is.</summary>
    /// <param name="jobs">All jobs.</param>
    public BackupError? Obstacle(JobList jobs)
    {
        if (jobs.Jobs.FirstOrDefault(other => other.Name == newName) is { } same)
            return JobErrors.NameTaken(newName, $"'{same.Path}' is a job of that name");
        // On a file system that does not tell upper from lower case the same file, and then no other one.
        if (File.Exists(NewPath) && !string.Equals(NewPath, job.Path, StringComparison.OrdinalIgnoreCase))
            return JobErrors.NameTaken(newName, $"there is a file '{NewPath}'");
        string state = StateFolder.PathFor(newName);
        return Directory.Exists(StateFolder.PathFor(job.Name)) && Directory.Exists(state)
            ? JobErrors.NameTaken(newName, $"'{state}' holds what is remembered of a job of that name")
            : null;
    }

    /// <summary>Renames it, under its lock and that of its mirror.</summary>
    /// <exception cref="BackupException">The job runs, its mirror cannot be reached, or something cannot be written.</exception>
    public async Task<BackupConfiguration> RunAsync(CancellationToken cancellationToken)
    {
        bool hasState = Directory.Exists(StateFolder.PathFor(job.Name));
        JobLock? held = null;
        try
        {
            if (hasState)
            {
                held = JobLock.TryTake(job.Name, "rename", DateTimeOffset.Now)
                    ?? throw new BackupException(RunErrors.JobAlreadyRunning(job.Name, JobLock.Holder(job.Name)));
            }

            using (MirrorLock? mirror = await MirrorLock
                .TakeAsync(configuration.Options.Rsync.LocalDestination, wait: null, () => { }, cancellationToken).ConfigureAwait(false))
            {
                MarkMirror();
            }

            if (hasState)
            {
                RenameInHistory();
                // Windows moves no folder in which a file is open.
                if (OperatingSystem.IsWindows())
                    held?.Dispose();
                Directory.Move(StateFolder.PathFor(job.Name), StateFolder.PathFor(newName));
            }

            BackupConfiguration renamed = RenameFile();
            // What cannot be removed is not worth a rename that is half done.
            MetricFile.TryRemove(configuration);
            return renamed;
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or NotSupportedException or InvalidDataException)
        {
            throw new BackupException(JobErrors.NotRenamed(job.Name, newName, exception.Message), exception);
        }
        finally
        {
            held?.Dispose();
        }
    }

    private void MarkMirror()
    {
        string mirror = configuration.Options.Rsync.LocalDestination;
        MirrorMarker? marker = MirrorMarker.Read(mirror);
        if (marker is null && MirrorMemory.Load(job.Name, mirror).MarkerId is not null)
            throw new BackupException(JobErrors.MirrorAway(job.Name, mirror));
        // What is another job's stays so; the next run says it.
        if (marker?.Job == job.Name)
            (marker with { Job = newName }).Write(mirror);
    }

    private void RenameInHistory()
    {
        if (JobHistory.Find(job.Name) is { } history)
            history.Rename(newName, StateFolder.PathFor(newName));
    }

    private BackupConfiguration RenameFile()
    {
        string text = File.ReadAllText(job.Path);
        string before = text;
        bool isNamedAfterFile = ConfigurationReader.Read(text, job.Path, defaultName: "\0").Configuration?.Name != job.Name;
        if (!isNamedAfterFile || Path.GetFileNameWithoutExtension(NewPath) != newName)
            text = ConfigurationEditor.Set(text, ["name"], ConfigurationWriter.Quoted(newName));
        S3SyncOptions stage2 = configuration.Options.Rsync.SyncToS3;
        // The default prefix is made of the name.
        if (stage2 is { Enabled: true, S3Prefix: null })
        {
            string prefix = ConfigurationWriter.Quoted($"rsync/{job.Name}/");
            text = ConfigurationEditor.Set(text, ["options", "rsync", "syncToS3", "s3Prefix"], prefix);
        }

        BackupConfiguration renamed = ConfigurationReader.Read(text, NewPath, Path.GetFileNameWithoutExtension(NewPath)).Required();
        if (text != before)
            JobFile.Write(job.Path, text);
        if (NewPath != job.Path)
            File.Move(job.Path, NewPath);
        return renamed;
    }
}
