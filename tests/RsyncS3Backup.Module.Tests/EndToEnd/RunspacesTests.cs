using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Several runspaces of one process, as Start-ThreadJob and ForEach-Object -Parallel make them.</summary>
public sealed class RunspacesTests : EndToEndTest
{
    private const string Script =
        "param($Path, $Access, $Secret) Invoke-RsyncToS3Backup $Path -AccessKey $Access -SecretKey $Secret -ErrorAction SilentlyContinue";

    [Fact]
    public void Different_jobs_run_beside_one_another_and_each_has_its_history()
    {
        string[] names = ["one", "two", "three", "four"];

        PSObject[] results = RunTogether([.. names.Select(name => WriteJobNamed(name))]);

        Assert.Equal(names.Order(StringComparer.Ordinal), results.Select(result => result.Text("Name")).Order(StringComparer.Ordinal));
        Assert.All(results, result => Assert.Equal("Succeeded", result.Text("Status")));
        Assert.All(names, name => Assert.Equal(Files(Source), Objects($"rsync/{name}/")));
        Assert.Equal(names.Order(StringComparer.Ordinal), Session.Texts("(Get-BackupHistory).Name").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_one_job_started_several_times_at_once_one_runs_and_the_others_are_told_so()
    {
        // Holds the winner until the others have had their answer.
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.Hold, Times = int.MaxValue });
        string job = WriteJob();

        PSObject[] results = RunTogether([job, job, job], whenAllButOneEnded: hold.Release);

        Assert.Equal(["Skipped", "Skipped", "Succeeded"], results.Select(result => result.Text("Status")).Order(StringComparer.Ordinal));
        Assert.All(results.Where(result => result.Text("Status") == "Skipped"), result => Assert.Equal("JobAlreadyRunning", result.Text("Error.Id")));
        Assert.Equal(3, Session.Texts("(Get-BackupHistory photos).RunId").Distinct().Count());
        Assert.Equal(Files(Source), Objects());
    }

    private PSObject[] RunTogether(string[] jobs, Action? whenAllButOneEnded = null)
    {
        PowerShellSession[] sessions = [.. jobs.Select(_ => PowerShellSession.Create())];
        try
        {
            using CountdownEvent others = new(Math.Max(1, jobs.Length - 1));
            Task<PSObject>[] runs = [.. sessions.Zip(jobs).Select(pair => Task.Run(() =>
            {
                PSObject result = Assert.Single(pair.First.Run(Script, pair.Second, Server.AccessKey, Server.SecretKey).Objects);
                if (!others.IsSet)
                    others.Signal();
                return result;
            }))];
            Assert.True(others.Wait(TimeSpan.FromMinutes(2)));
            whenAllButOneEnded?.Invoke();
            return Task.WhenAll(runs).GetAwaiter().GetResult();
        }
        finally
        {
            foreach (PowerShellSession session in sessions)
                session.Dispose();
        }
    }
}
