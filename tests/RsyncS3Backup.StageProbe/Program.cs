using RsyncS3Backup;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;

// A process of its own that runs stage 1 of one configuration file and prints what it hears meanwhile, so that a test can kill it at a moment
// that it sees. Ends with 0 when the stage succeeded.
BackupConfiguration configuration = ConfigurationReader.Load(args[0]);
using RunContext context = RunContext.Start(configuration.Name, new PrintingObserver());
RsyncStageResult result = await RsyncStage.RunAsync(RsyncStageRequest.From(configuration), context, CancellationToken.None);
Console.WriteLine($"{result.Status} {result.Error?.Id}: {result.Error?.Message}");
return result.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings ? 0 : 1;

internal sealed class PrintingObserver : IRunObserver
{
    public void Verbose(string message) => Console.WriteLine(message);

    public void Warning(string message) => Console.WriteLine(message);

    public void ItemFailed(BackupError error) => Console.WriteLine(error.Message);

    public void Progress(StageProgress progress)
    {
    }
}
