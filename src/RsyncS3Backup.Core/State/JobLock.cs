using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State;

/// <summary>One run of a job at a time, across processes, sessions and users of the same state folder.</summary>
/// <remarks>
/// <para>
/// The system holds the lock on <c>run.lock</c> for the open file (flock(2), share modes on Windows) and releases it when the process ends,
/// however it ends. Who holds it stands beside it in <c>run.lock.json</c>, because a file that is locked so cannot be opened to read.
/// The lock file is never deleted: two processes could then hold locks on two files of that name.
/// </para>
/// <para>
/// An rsync that outlives us does not inherit the lock: .NET opens files with O_CLOEXEC. It must not, because stage 2 can run beside it, and
/// it holds the change journal instead (see RsyncLifetime), which the next stage 1 waits for after it has this lock.
/// </para>
/// </remarks>
internal sealed class JobLock : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    private const string LockFile = "run.lock";
    private const string HolderFile = "run.lock.json";

    // EWOULDBLOCK of Linux and of macOS, and ERROR_SHARING_VIOLATION.
    private static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    // Another user of the same state folder must be able to open it; the folder itself is closed to others unless its owner opened it.
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly FileStream file;
    private readonly string holderPath;

    private JobLock(FileStream file, string holderPath, bool isEffective)
    {
        this.file = file;
        this.holderPath = holderPath;
        IsEffective = isEffective;
    }

    /// <summary>False where the file system keeps no locks, so that another run could start all the same.</summary>
    public bool IsEffective { get; }

    /// <summary>Takes the lock.</summary>
    /// <returns>Null when another run holds it.</returns>
    /// <exception cref="IOException">There is no state folder and none can be made, or it is on a full or read-only drive.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be used.</exception>
    public static JobLock? TryTake(string jobName, string runId, DateTimeOffset started)
    {
        string folder = StateFolder.ForJob(jobName).Path;
        string path = Path.Combine(folder, LockFile);
        if (TryOpen(path) is not { } file)
            return null;
        JobLock taken;
        using (FileStream? second = TryOpen(path))
            taken = new JobLock(file, Path.Combine(folder, HolderFile), isEffective: second is null);
        taken.WriteHolder(runId, started);
        return taken;
    }

    /// <summary>Takes the lock, or waits for it.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="runId">The run that holds it then.</param>
    /// <param name="wait">How long to wait; null: not at all.</param>
    /// <param name="waiting">Called once with the holder, when the wait begins.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when another run holds it still.</returns>
    /// <exception cref="IOException">As of <see cref="TryTake"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">As of <see cref="TryTake"/>.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<JobLock?> TakeAsync(
        string jobName, string runId, TimeSpan? wait, Action<JobLockHolder?> waiting, CancellationToken cancellationToken)
    {
        long asked = Stopwatch.GetTimestamp();
        for (bool isFirst = true; ; isFirst = false)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(jobName, runId, DateTimeOffset.Now) is { } held)
                return held;
            if (Stopwatch.GetElapsedTime(asked) >= (wait ?? TimeSpan.Zero))
                return null;
            if (isFirst)
                waiting(Holder(jobName));
            await Task.Delay(BetweenTries, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Who holds a job's lock, as far as that can be said. Does not touch the lock.</summary>
    public static JobLockHolder? Holder(string jobName)
    {
        try
        {
            string path = Path.Combine(StateFolder.PathFor(jobName), HolderFile);
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using JsonDocument document = JsonDocument.Parse(file);
            JsonElement holder = document.RootElement;
            JobLockHolder found = new(
                holder.GetProperty("processId").GetInt32(),
                holder.GetProperty("host").GetString()!,
                holder.GetProperty("started").GetDateTimeOffset(),
                holder.GetProperty("runId").GetString()!);
            // A holder of whom nothing can be written leaves what an earlier one wrote, who may be dead.
            return RunningProcess.MayBe(found.ProcessId, found.Host, found.Started) ? found : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            // Nothing is lost but a detail of a message.
            return null;
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(holderPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next holder writes it anew.
        }

        file.Dispose();
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return Open(path, FileAccess.ReadWrite);
        }
        catch (UnauthorizedAccessException) when (File.Exists(path))
        {
            // Another user made it. A lock needs no right to write, but on some network file systems.
            return TryOpenToRead(path);
        }
        catch (IOException exception) when (HeldByAnother.Contains(exception.HResult))
        {
            return null;
        }
    }

    private static FileStream? TryOpenToRead(string path)
    {
        try
        {
            return Open(path, FileAccess.Read);
        }
        catch (IOException exception) when (HeldByAnother.Contains(exception.HResult))
        {
            return null;
        }
    }

    private static FileStream Open(string path, FileAccess access)
    {
        OwnFile.RequirePlain(path);
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = access, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Everybody;
        return new FileStream(path, options);
    }

    private void WriteHolder(string runId, DateTimeOffset started)
    {
        try
        {
            // A file of a user who is not us, or of a run that was killed.
            File.Delete(holderPath);
            using FileStream holder = StateFolder.CreateFile(holderPath);
            using Utf8JsonWriter json = new(holder);
            json.WriteStartObject();
            json.WriteNumber("processId", Environment.ProcessId);
            json.WriteString("host", Environment.MachineName);
            json.WriteString("started", started);
            json.WriteString("runId", runId);
            json.WriteEndObject();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk: the lock holds without it.
        }
    }
}

/// <summary>The run that holds a job's lock.</summary>
/// <param name="ProcessId">Its process.</param>
/// <param name="Host">The machine of that process.</param>
/// <param name="Started">When the run started.</param>
/// <param name="RunId">The run.</param>
internal sealed record JobLockHolder(int ProcessId, string Host, DateTimeOffset Started, string RunId)
{
    /// <summary>The process and the start, as in a message.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"process {ProcessId} on {Host}, started at {Started.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}");
}

/// <summary>Whether the process of a run still lives.</summary>
internal static class RunningProcess
{
    // The start of a process is known from the clock at boot and is some hundredths of a second off.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromSeconds(5);

    /// <summary>False when the process that began a run at that time is gone for certain; of other machines nothing is known.</summary>
    public static bool MayBe(int processId, string host, DateTimeOffset began)
    {
        if (host != Environment.MachineName)
            return true;
        try
        {
            using Process process = Process.GetProcessById(processId);
            // The system gives the ids of dead processes to new ones.
            return process.StartTime.ToUniversalTime() <= began.UtcDateTime + ClockSlack;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Another user's process tells its start to nobody on some systems.
            return true;
        }
    }
}
