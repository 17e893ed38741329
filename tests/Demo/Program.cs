using System.Reflection;
using Demo;
using S3Server;

// What a user would do, in the real PowerShell engine, with real files, the real rsync, and an S3 server over HTTP. Every answer below is
// the module's own; at the end mirror, bucket and what was restored are compared with the source byte by byte.
string manifest = typeof(Prompt).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "StagedManifest").Value!;
const string bucket = "my-backups";

using DemoFolder folder = DemoFolder.Create();
await using LoopbackS3Server s3 = await LoopbackS3Server.StartAsync();
s3.Store.CreateBucket(bucket);
Environment.SetEnvironmentVariable("RSYNCS3BACKUP_STATE", folder.State);
Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", s3.AccessKey);
Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", s3.SecretKey);
Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");

using Prompt prompt = new(folder.Root);
SampleTree tree = new(folder.Source);

Prompt.Say("Two copies of what matters");
Console.WriteLine($"""
    {tree.Create()} in {folder.Source}
    An S3 server on this machine, {s3.Endpoint.ToString().TrimEnd('/')}, with an empty bucket '{bucket}'.
    The job, job.json:

    """);
Console.WriteLine(folder.WriteJob(bucket, s3.Endpoint.ToString().TrimEnd('/')));

Prompt.Say("The module, and a look at the job");
prompt.Run($"Import-Module '{manifest}'");
prompt.Run("Test-BackupConfiguration job.json -Quiet");

Prompt.Say("The first backup: everything is new");
prompt.Run("Invoke-RsyncToS3Backup job.json");

Prompt.Say($"The second backup, after {tree.Change()}");
prompt.Run("Invoke-RsyncToS3Backup job.json -OutVariable result");
prompt.Run("$result.Stage2");
prompt.Run("$result.Stage2.Requests");

Prompt.Say("Stage 1 fails: the source is gone, as after a lost mount. Nothing is deleted, and S3 is not touched");
tree.TakeAway();
long requestsBefore = s3.Requests.Total;
prompt.Run("Invoke-RsyncToS3Backup job.json");
Console.WriteLine($"    Requests that S3 saw in this run: {s3.Requests.Total - requestsBefore}");
tree.BringBack();

Prompt.Say("Stage 2 fails: S3 denies uploads. The mirror is good all the same");
tree.ChangeAgain();
FaultRule denied = s3.Faults.Add(new FaultRule { Operation = "PutObject", Kind = FaultKind.AccessDenied, Times = int.MaxValue });
prompt.Run("Invoke-RsyncToS3Backup job.json");

Prompt.Say("S3 allows uploads again: stage 2 alone is enough");
s3.Faults.Remove(denied);
prompt.Run("Invoke-S3SyncStage -ConfigPath job.json");

Prompt.Say("The drive is lost: everything comes back from S3");
Directory.Move(folder.Mirror, folder.Mirror + "-lost");
prompt.Run("Restore-Backup -ConfigPath job.json -Destination restored");
Directory.Move(folder.Mirror + "-lost", folder.Mirror);

Prompt.Say("What was done, and whether both copies are intact");
prompt.Run("Get-BackupHistory");
prompt.Run("Test-Backup -ConfigPath job.json -Level Checksums");

Prompt.Say("The proof");
Comparison comparison = Comparison.Of(folder, s3.Store, bucket);
Console.WriteLine(comparison);
return comparison.IsEqual ? 0 : 1;
