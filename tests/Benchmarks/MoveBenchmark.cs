using System.Globalization;

namespace Benchmarks;

/// <summary>
/// What S3 has already and need not be sent again, over a line of 40 ms and 50 Mbit/s: a folder that was renamed, and a large
/// file of which little changed. rclone is there with and without <c>--track-renames</c>. What went over the line is requests and
/// all.
/// </summary>
internal static class MoveBenchmark
{
    // Of ours, as long as 10,000 of them suffice.
    private const int PartMiB = 8;

    /// <param name="server">The server at the end of the line.</param>
    /// <param name="line">The line.</param>
    /// <param name="workplace">Where the files are.</param>
    /// <param name="peers">Who is measured beside ours.</param>
    /// <param name="files">How many files the folder has that is renamed.</param>
    /// <param name="largeMiB">The large file, in MiB.</param>
    /// <param name="everyMiB">A page of it changes in so many MiB.</param>
    public static void Run(
        ServerProcess server, SlowLine line, Workplace workplace, Peer[] peers, int files, int largeMiB, int everyMiB)
    {
        string source = Directory.CreateDirectory(Path.Combine(workplace.Root, "moved")).FullName;
        string old = Path.Combine(source, "old");
        Directory.CreateDirectory(old);
        Random random = new(3);
        byte[] content = new byte[1024 * 1024];
        for (int number = 0; number < files; number++)
        {
            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(old, $"{number:D4}.bin"), content);
        }

        Stage2 job = First(server, line, workplace, "moved", source, peers);
        Title($"a folder of {files:N0} files of 1 MiB, renamed");
        Directory.Move(old, Path.Combine(source, "new"));
        Compare(server, line, job, source, peers, "moved-{0}/");

        string large = workplace.LargeFile(largeMiB);
        string path = Path.Combine(large, "large.bin");
        Stage2 changing = First(server, line, workplace, "changed", large, peers);
        using (FileStream file = File.OpenWrite(path))
        {
            // A page each so many MiB.
            for (long offset = 0; offset < file.Length; offset += everyMiB * 1024L * 1024)
            {
                file.Position = offset;
                file.Write(content.AsSpan(0, 4096));
            }
        }

        Title($"one file of {largeMiB:N0} MiB, 4 KiB changed in each {everyMiB} MiB");
        double sent = Compare(server, line, changing, large, peers, "changed-{0}/");
        int changedMiB = (largeMiB + everyMiB - 1) / everyMiB * PartMiB;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"    sent / parts with changes {sent / changedMiB:0.00}, of {changedMiB} MiB"));
        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = file.Length;
            for (int mebibyte = 0; mebibyte < 10; mebibyte++)
                file.Write(content);
        }

        Title("the same, 10 MiB appended");
        Compare(server, line, changing, large, peers, "changed-{0}/");

        line.IsSlow = false;
        string restored = Path.Combine(workplace.Root, "changed-restored");
        changing.Restore(restored);
        bool isEqual = Workplace.AreEqual(path, Directory.GetFiles(restored, "large.bin", SearchOption.AllDirectories).Single());
        Console.WriteLine($"    restored from S3: {(isEqual ? "equal" : "NOT EQUAL")}");
    }

    private static Stage2 First(ServerProcess server, SlowLine line, Workplace workplace, string name, string source,
        Peer[] peers)
    {
        line.IsSlow = false;
        Stage2 job = new(server, workplace, name, source, Path.Combine(workplace.Root, name + "-mirror"), deletes: true);
        job.RunBoth(1);
        foreach (Peer peer in peers)
            peer.Sync(source, $"{name}-{peer.Name.Split(' ')[0]}/");
        line.IsSlow = true;
        return job;
    }

    /// <summary>Runs ours and the peers; the MiB that ours sent.</summary>
    private static double Compare(
        ServerProcess server, SlowLine line, Stage2 job, string source, Peer[] peers, string prefixFormat)
    {
        Take(server, line);
        double ours = job.RunBoth(1)[0].Seconds;
        double sent = Show("ours, journal", ours, ours, server, line);
        foreach (Peer peer in peers)
        {
            double seconds = peer.Sync(source,
                string.Format(CultureInfo.InvariantCulture, prefixFormat, peer.Name.Split(' ')[0]));
            Show(peer.Name, seconds, ours, server, line);
        }

        return sent;
    }

    private static void Title(string text) => Console.WriteLine($"{Environment.NewLine}{text}");

    private static double Show(string name, double seconds, double ours, ServerProcess server, SlowLine line)
    {
        (string requests, double mebibytes) = Take(server, line);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"    {name,-16}{seconds,8:0.0} s   {mebibytes,8:0.0} MiB sent   {seconds / ours,6:0.0} × ours, {requests}"));
        return mebibytes;
    }

    private static (string Requests, double MiB) Take(ServerProcess server, SlowLine line) =>
        (server.TakeRequests(), line.TakeSent() / 1024.0 / 1024.0);
}
