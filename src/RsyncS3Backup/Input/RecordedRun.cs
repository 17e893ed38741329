using System.Management.Automation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Input;

/// <summary>The run that an object is of, which came back from another process without its type: as the history of its job has it.</summary>
internal static class RecordedRun
{
    /// <summary>The run.</summary>
    /// <exception cref="BackupException">The history does not have it.</exception>
    internal static BackupRun Of(PSObject item)
    {
        if (item.BaseObject is BackupRun run)
            return run;
        EmittedKind kind = Emitted.KindOf(item);
        string name = Emitted.Text(item, "Name") ?? throw new BackupException(ParameterErrors.NamesNoJob($"{kind}"));
        return Find(item) ?? throw new BackupException(ParameterErrors.RunNotOnRecord($"{kind}", name, Emitted.Text(item, "RunId") ?? ""));
    }

    /// <summary>The run; null when no history of this machine has it.</summary>
    internal static BackupRun? Find(PSObject item)
    {
        if (Emitted.Text(item, "Name") is not { } name || Emitted.Text(item, "RunId") is not { } runId)
            return null;
        return JobHistory.Find(name)?.ReadRun(runId);
    }
}
