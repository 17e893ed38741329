using System.Diagnostics;
using System.Text.Json;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State;

/// <summary>
/// What a job remembers of its schedule, in <c>schedule.json</c> of its state folder. Two processes that claim an occurrence at the same
/// moment get it once.
/// </summary>
internal static class ScheduleState
{
    /// <summary>The memory's file.</summary>
    public const string FileName = "schedule.json";

    private const string LockFile = "schedule.lock";
    private const string ReturnFile = "schedule.drive.json";

    // The lock is held while a small file is read and written.
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    /// <summary>Decides, and keeps the decision, so that no other caller gets the same occurrence.</summary>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>): better no run than one at every trigger.</exception>
    public static DueDecision Claim(
        string job, CronSchedule schedule, DateTimeOffset now, bool catchUp, TimeSpan tolerance, DateTimeOffset? changed) =>
        Locked(job, folder =>
        {
            ScheduleMemory? memory = Load(folder, schedule, now);
            DueDecision decision = DueDecision.From(schedule, memory, now, catchUp, tolerance, changed);
            if (decision.Memory != memory)
                Save(folder, decision.Memory);
            return decision;
        });

    /// <summary>Decides and keeps nothing.</summary>
    public static DueDecision Look(
        string job, CronSchedule schedule, DateTimeOffset now, bool catchUp, TimeSpan tolerance, DateTimeOffset? changed) =>
        DueDecision.From(schedule, Load(FolderOf(job), schedule, now), now, catchUp, tolerance, changed);

    /// <summary>A job is registered or enabled: its times count from now on.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="schedule">When it is due.</param>
    /// <param name="now">The instant.</param>
    /// <param name="keep">Whether to go on from where the same schedule was, as when it is registered again.</param>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static void Begin(string job, CronSchedule schedule, DateTimeOffset now, bool keep) => Locked(job, folder =>
    {
        ScheduleMemory? memory = keep ? Load(folder, schedule, now) : null;
        if (memory is null || !memory.IsOf(schedule))
            memory = ScheduleMemory.From(schedule, now);
        QuietTime.EndIn(folder, BackupScheduleTask.Backup);
        Save(folder, memory);
        return memory;
    });

    /// <summary>A job is registered no more.</summary>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static void Forget(string job) => Locked(job, folder =>
    {
        QuietTime.EndIn(folder, BackupScheduleTask.Backup);
        File.Delete(Path.Combine(folder, FileName));
        File.Delete(Path.Combine(folder, ReturnFile));
        return folder;
    });

    /// <summary>Claims a run that did not find its drive, to make it good.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="run">When that run started.</param>
    /// <param name="period">Up to when the job's times are settled.</param>
    /// <param name="isOnce">Whether it is made good only if nothing was in this period, because what it failed for may not be that the drive was away.</param>
    /// <returns>False when somebody has claimed it.</returns>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static bool ClaimReturn(string job, DateTimeOffset run, DateTimeOffset period, bool isOnce) => Locked(job, folder =>
    {
        if (IsReturnClaimed(folder, run, period, isOnce))
            return false;
        StateFolder.Replace(Path.Combine(folder, ReturnFile), json =>
        {
            json.WriteString("madeGood", run.ToUniversalTime());
            json.WriteString("period", period.ToUniversalTime());
        });
        return true;
    });

    /// <summary>Whether <see cref="ClaimReturn"/> would find it open.</summary>
    public static bool IsReturnOpen(string job, DateTimeOffset run, DateTimeOffset period, bool isOnce) =>
        !IsReturnClaimed(FolderOf(job), run, period, isOnce);

    /// <summary>Says until when the job is not due, unless somebody else has claimed or registered since.</summary>
    /// <param name="job">The job.</param>
    /// <param name="schedule">When it is due.</param>
    /// <param name="claimed">What was decided and kept.</param>
    /// <param name="now">When that was.</param>
    /// <param name="otherwise">When to ask for another reason; null: no time.</param>
    public static void TellQuiet(
        BackupConfiguration job, CronSchedule schedule, DueDecision claimed, DateTimeOffset now, DateTimeOffset? otherwise) => QuietTime.Write(
            job, BackupScheduleTask.Backup, now, [claimed.Next?.Utc, otherwise], folder => Load(folder, schedule, now) == claimed.Memory);

    // Not made here: who only looks leaves nothing behind.
    private static string FolderOf(string job) => Path.Combine(StateFolder.Root(), StateFolder.FolderName(job));

    /// <summary>Uses the job's state folder while nobody else does.</summary>
    /// <exception cref="BackupException">It cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static T Locked<T>(string job, Func<string, T> use)
    {
        try
        {
            string folder = StateFolder.ForJob(job).Path;
            using FileStream held = Lock(Path.Combine(folder, LockFile));
            return use(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(ScheduleErrors.StateNotWritten(job, exception.Message), exception);
        }
    }

    // A run too many costs little.
    private static bool IsReturnClaimed(string folder, DateTimeOffset run, DateTimeOffset period, bool isOnce) => StateFolder.Read(
        () => Path.Combine(folder, ReturnFile),
        root => root.GetProperty("madeGood").GetDateTimeOffset() == run || (isOnce && root.GetProperty("period").GetDateTimeOffset() == period),
        otherwise: false);

    private static FileStream Lock(string path)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                OwnFile.RequirePlain(path);
                FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                return new FileStream(path, options);
            }
            catch (IOException exception) when (exception is not BlockedException && File.Exists(path) && Stopwatch.GetElapsedTime(began) < LockPatience)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static ScheduleMemory? Load(string folder, CronSchedule schedule, DateTimeOffset now)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            if (!File.Exists(path))
                return null;
            using JsonDocument document = JsonDocument.Parse(InUse.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            return new ScheduleMemory
            {
                CronExpression = root.GetProperty("cronExpression").GetString()!,
                TimeZone = root.TryGetProperty("timeZone", out JsonElement timeZone) ? timeZone.GetString() : null,
                Zone = root.GetProperty("zone").GetString()!,
                Settled = root.GetProperty("settled").GetDateTimeOffset(),
                SettledLocal = root.GetProperty("settledLocal").GetDateTime(),
                SettledBehind = root.TryGetProperty("settledBehind", out JsonElement behind) ? behind.GetDateTimeOffset() : null,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException or NotSupportedException)
        {
            // It was there, so this is not the first check, and what is due right now must not be lost; a run too many costs little.
            return ScheduleMemory.From(schedule, now - DueDecision.DefaultTolerance);
        }
    }

    private static void Save(string folder, ScheduleMemory memory) => StateFolder.Replace(Path.Combine(folder, FileName), json =>
    {
        json.WriteString("cronExpression", memory.CronExpression);
        if (memory.TimeZone is not null)
            json.WriteString("timeZone", memory.TimeZone);
        json.WriteString("zone", memory.Zone);
        json.WriteString("settled", memory.Settled);
        json.WriteString("settledLocal", memory.SettledLocal);
        if (memory.SettledBehind is { } behind)
            json.WriteString("settledBehind", behind);
    });
}
