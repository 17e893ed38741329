using RsyncS3Backup;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;

// A process of its own that runs stage 1, stage 2, both or a restore of one configuration file and prints what it hears meanwhile, so that a test can
// kill it at a moment that it sees. Ends with 0 when that succeeded. Or, for the lock of a job:
//   hold <job>               takes it and keeps it until it is killed
//   race <job>               at each line of input 'try' tries to take it once and says 'won' or 'lost'; at 'release' releases it
// Or, because the AWS SDK reads its files and its environment once in a process:
//   credentials <profile>…   asks S3 as each profile, '-' for none that is named, and prints the error's id, message and advice
switch (args)
{
    case ["credentials", .. var profiles]:
        return await AskAsync(profiles);
    case ["hold", var job]:
        return await HoldAsync(job);
    case ["race", var job]:
        return Race(job);
}

BackupConfiguration configuration = ConfigurationReader.Load(args[0]);
PrintingObserver observer = new();
(BackupStatus status, BackupError? error) = (args.Length > 1 ? args[1] : "1") switch
{
    "2" => await Stage2Async(),
    "both" => await BothAsync(),
    "restore" => await RestoreAsync(args[2]),
    _ => await Stage1Async(),
};
Console.WriteLine($"{status} {error?.Id}: {error?.Message}");
return status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings ? 0 : 1;

async Task<(BackupStatus, BackupError?)> Stage1Async()
{
    using RunContext context = RunContext.Start(configuration.Name, observer);
    RsyncStageResult result = await RsyncStage.RunAsync(RsyncStageRequest.From(configuration), context, CancellationToken.None);
    return (result.Status, result.Error);
}

async Task<(BackupStatus, BackupError?)> Stage2Async()
{
    using RunContext context = RunContext.Start(configuration.Name, observer);
    S3SyncStageResult result = await S3SyncStage.RunAsync(S3SyncRequest.From(configuration), context, CancellationToken.None);
    return (result.Status, result.Error);
}

async Task<(BackupStatus, BackupError?)> BothAsync()
{
    BackupResult result = await BackupRunner.RunAsync(configuration, new BackupRunOptions(), observer, CancellationToken.None);
    return (result.Status, result.Stage1.Error ?? result.Stage2.Error);
}

async Task<(BackupStatus, BackupError?)> RestoreAsync(string destination)
{
    RestoreRequest request = RestoreRequest.For(configuration) with { From = BackupCopy.S3, Destination = destination };
    RestoreResult result = await BackupRestore.RunAsync(request, observer, CancellationToken.None);
    return (result.Status, result.Error);
}

static async Task<int> AskAsync(string[] profiles)
{
    foreach (string profile in profiles)
    {
        S3Access access = new()
        {
            Destination = new S3Destination
            {
                Bucket = "bucket",
                Region = "eu-west-1",
                EndpointUrl = "https://127.0.0.1:9",
                Profile = profile == "-" ? null : profile,
            },
        };
        using S3ObjectStore store = new(access, "", 1);
        try
        {
            await store.ReadAsync("key", 10, CancellationToken.None);
        }
        catch (Exception exception)
        {
            BackupError error = S3Errors.From(exception, store.Target);
            Console.WriteLine($"{error.Id}\t{error.Message}\t{error.RecommendedAction}");
        }
    }

    return 0;
}

static async Task<int> HoldAsync(string job)
{
    using JobLock? held = JobLock.TryTake(job, "probe", DateTimeOffset.Now);
    Console.WriteLine(held is null ? "refused" : $"held, effective: {held.IsEffective}");
    await Task.Delay(Timeout.Infinite);
    return 0;
}

static int Race(string job)
{
    JobLock? held = null;
    Console.WriteLine("ready");
    while (Console.ReadLine() is { } line)
    {
        if (line == "try")
        {
            held = JobLock.TryTake(job, "probe", DateTimeOffset.Now);
            Console.WriteLine(held is null ? "lost" : "won");
        }
        else
        {
            held?.Dispose();
            held = null;
            Console.WriteLine("released");
        }
    }

    return 0;
}

internal sealed class PrintingObserver : IRunObserver
{
    public void Verbose(string message) => Console.WriteLine(message);

    public void Warning(string message) => Console.WriteLine(message);

    public void ItemFailed(BackupError error) => Console.WriteLine(error.Message);

    public void Progress(StageProgress progress)
    {
    }
}
