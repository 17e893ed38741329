using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Somebody who may write to the mirror's root, or to the state folder, puts links where the module writes.</summary>
public sealed class OwnFileTests : IDisposable
{
    private const string Precious = "root:x:0:0";
    private readonly TemporaryFolder files = new();

    private string Victim => files["passwd"];

    public void Dispose() => files.Dispose();

    [SkippableTheory]
    [InlineData(".rsyncs3backup.json.tmp")]
    [InlineData(".rsyncs3backup.json")]
    public void A_link_in_the_place_of_the_marker_leads_to_nothing_that_is_overwritten(string name)
    {
        Plant(Path.Combine(files.Folder("mirror"), name));

        MirrorMarker.New("job", files["mirror"]).Write(files["mirror"]);

        AssertUntouched();
        Assert.Equal("job", MirrorMarker.Read(files["mirror"])!.Job);
    }

    [SkippableFact]
    public void A_link_that_is_put_there_again_and_again_does_not_either()
    {
        Plant(files["link"]);
        string mirror = files.Folder("mirror");
        using (new Planter(Path.Combine(mirror, MirrorMarker.FileName), Victim))
        {
            for (Stopwatch watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(1);)
                MirrorMarker.New("job", mirror).Write(mirror);
        }

        AssertUntouched();
    }

    [SkippableFact]
    public void A_file_of_the_state_is_made_anew()
    {
        Plant(files["endpoint"]);

        StateFolder.CreateFile(files["endpoint"]).Dispose();

        AssertUntouched();
        Assert.True(FileAttributesReader.Read(files["endpoint"]).IsRegularFile);
    }

    [SkippableFact]
    public void No_log_goes_on_behind_a_link()
    {
        Plant(files["log.jsonl"]);

        Assert.ThrowsAny<IOException>(() => StateFolder.AppendFile(files["log.jsonl"]));
        AssertUntouched();
    }

    [SkippableFact]
    public void No_database_is_made_or_closed_behind_a_link()
    {
        Plant(files["catalog.db"]);

        Assert.ThrowsAny<IOException>(() => RsyncS3Backup.State.Sqlite.SqliteFile.ToOwnerOnly(files["catalog.db"]));
        AssertUntouched();
    }

    private void Plant(string path)
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights on Windows");
        File.WriteAllText(Victim, Precious);
        File.SetUnixFileMode(Victim, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.CreateSymbolicLink(path, Victim);
    }

    private void AssertUntouched()
    {
        Assert.Equal(Precious, File.ReadAllText(Victim));
        Assert.True(File.GetUnixFileMode(Victim).HasFlag(UnixFileMode.OtherRead));
    }

    /// <summary>Puts links beside a file, under every name that it could be written by first.</summary>
    private sealed class Planter : IDisposable
    {
        private readonly Thread thread;
        private volatile bool isOver;

        public Planter(string path, string target)
        {
            thread = new Thread(() =>
            {
                while (!isOver)
                {
                    foreach (string name in new[] { path, path + ".tmp" })
                    {
                        try
                        {
                            File.Delete(name);
                            File.CreateSymbolicLink(name, target);
                        }
                        catch (IOException)
                        {
                            // The other was as quick.
                        }
                    }
                }
            });
            thread.Start();
        }

        public void Dispose()
        {
            isOver = true;
            thread.Join();
        }
    }
}
