using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>Which schedules are meant: those of some jobs, or the one that an object is.</summary>
/// <param name="Jobs">The jobs; none: all.</param>
/// <param name="Scope">That of a schedule that came; null: both.</param>
/// <param name="Task">That of a schedule that came; null: both.</param>
internal sealed record ScheduleWanted(NamedJobs Jobs, BackupScheduleScope? Scope, BackupScheduleTask? Task)
{
    /// <summary>What the parameters of the record at hand mean; nothing where jobs were meant and none is left.</summary>
    /// <param name="cmdlet">The cmdlet.</param>
    /// <param name="given">Its parameters.</param>
    /// <param name="errors">Tells what is wrong.</param>
    internal static IEnumerable<ScheduleWanted> Of(PSCmdlet cmdlet, IJobParameters given, InputErrors errors)
    {
        if (cmdlet.ParameterSetName != ParameterSets.ByInputObject)
        {
            NamedJobs jobs = new(cmdlet, errors);
            jobs.Add(given);
            if (!jobs.IsNothing)
                yield return new ScheduleWanted(jobs, Scope: null, Task: null);
            yield break;
        }

        // Each with its own scope and task.
        foreach (JobReference reference in new JobInput(cmdlet, errors).References(given.Config))
        {
            NamedJobs job = new(cmdlet, errors);
            job.Add(reference);
            if (!job.IsNothing)
                yield return new ScheduleWanted(job, reference.Scope, reference.Task);
        }
    }
}
