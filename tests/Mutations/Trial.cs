using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Mutations;

/// <summary>What became of a mutant.</summary>
internal enum Fate
{
    /// <summary>A test failed.</summary>
    Caught,

    /// <summary>A test did not end, or ended the process.</summary>
    CaughtByForce,

    /// <summary>No test failed.</summary>
    Survived,

    /// <summary>No test runs it.</summary>
    NotReached,
}

/// <summary>Tries mutants in processes of their own.</summary>
/// <param name="folder">Where the tests lie, with the mutated assembly among them.</param>
/// <param name="classes">The classes of the tests.</param>
internal sealed class Trial(string folder, IReadOnlyList<string> classes)
{
    private const string Tests = "RsyncS3Backup.Core.Tests";

    // A table test takes milliseconds, and on a machine that others keep busy too it is the processor's time that tells an endless loop.
    private static readonly TimeSpan MostProcessorTime = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(20);

    // What takes longer is no table test.
    private const double LongestTest = 300;

    private const int MutantsOfProcess = 120;

    private readonly string own = Path.Combine(folder, "mutations");

    /// <summary>Which tests run which mutants.</summary>
    public IReadOnlyList<TestReach> Reach(int mutants)
    {
        Directory.CreateDirectory(own);
        string target = Path.Combine(own, "reach.json");
        File.Delete(target);
        using Process worker = Start(["reach", $"{mutants}", target], classes.Select(name => $"{Tests}.{name}"));
        Drain(worker);
        worker.WaitForExit();
        if (worker.ExitCode != 0 || !File.Exists(target))
            throw new InvalidOperationException($"The tests did not run to their end with no mutant awake (exit code {worker.ExitCode}).");
        return JsonSerializer.Deserialize<TestReach[]>(File.ReadAllText(target))!;
    }

    /// <summary>Tries all of them.</summary>
    /// <param name="mutants">The mutants.</param>
    /// <param name="reach">Which tests run which.</param>
    /// <param name="told">Hears how many have been tried.</param>
    public IReadOnlyDictionary<int, Fate> Run(IReadOnlyList<Mutant> mutants, IReadOnlyList<TestReach> reach, Action<int> told)
    {
        Dictionary<int, List<TestReach>> tests = [];
        foreach (TestReach test in reach.Where(test => test.Milliseconds <= LongestTest).OrderBy(test => test.Milliseconds))
        {
            foreach (int id in test.Reached)
            {
                if (!tests.TryGetValue(id, out List<TestReach>? known))
                    tests[id] = known = [];
                known.Add(test);
            }
        }

        // What runs once is reached by the first test that needs it, and all that run code of its file may notice it.
        ILookup<string, int> ofFile = mutants.ToLookup(mutant => mutant.File, mutant => mutant.Id);
        Dictionary<string, string[]> ofOnce = mutants.Where(mutant => mutant.RunsOnce).Select(mutant => mutant.File).Distinct().ToDictionary(
            file => file,
            file => ofFile[file].SelectMany(id => tests.GetValueOrDefault(id, [])).Distinct().OrderBy(test => test.Milliseconds)
                .Select(test => test.Id).ToArray());
        Dictionary<string, string> classOf = reach.ToDictionary(test => test.Id, test => test.Class);
        ConcurrentDictionary<int, Fate> fates = [];
        foreach (Mutant mutant in mutants)
        {
            if (mutant.RunsOnce ? ofOnce[mutant.File].Length == 0 : !tests.ContainsKey(mutant.Id))
                fates[mutant.Id] = Fate.NotReached;
        }

        Attempt[] alone = [.. mutants.Where(mutant => mutant.RunsOnce && !fates.ContainsKey(mutant.Id))
            .Select(mutant => new Attempt(mutant.Id, ofOnce[mutant.File]))];
        Attempt[] others = [.. mutants.Where(mutant => !mutant.RunsOnce && !fates.ContainsKey(mutant.Id))
            .Select(mutant => new Attempt(mutant.Id, [.. tests[mutant.Id].Select(test => test.Id)]))];
        Attempt[][] batches = [.. alone.Select(attempt => new[] { attempt }), .. others.Chunk(MutantsOfProcess)];
        Parallel.ForEach(
            Partitioner.Create(batches, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            batch =>
            {
                RunBatch(batch, classOf, fates);
                told(fates.Count);
            });
        return fates;
    }

    private void RunBatch(Attempt[] batch, Dictionary<string, string> classOf, ConcurrentDictionary<int, Fate> fates)
    {
        string plan = Path.Combine(own, $"{batch[0].Mutant}.json");
        while (batch.Length > 0)
        {
            string[] needed = [.. batch.SelectMany(attempt => attempt.Tests).Select(test => classOf[test]).Distinct()];
            File.WriteAllText(plan, JsonSerializer.Serialize(new Plan(needed, batch)));
            int? last = RunProcess(plan, fates);
            // What ended its process, or had to be ended, was noticed. The others go on without it.
            if (last is { } noticed)
                fates[noticed] = Fate.CaughtByForce;
            Attempt[] rest = [.. batch.Where(attempt => !fates.ContainsKey(attempt.Mutant))];
            if (rest.Length == batch.Length)
                throw new InvalidOperationException("A process that tries mutants ended before the first of them.");
            batch = rest;
        }

        File.Delete(plan);
    }

    // Returns the mutant that was awake when the process ended.
    private int? RunProcess(string plan, ConcurrentDictionary<int, Fate> fates)
    {
        using Process worker = Start(["try", plan], []);
        int? awake = null;
        TimeSpan spent = TimeSpan.Zero;
        long since = Stopwatch.GetTimestamp();
        Task<string?> next = worker.StandardOutput.ReadLineAsync();
        while (true)
        {
            if (!next.Wait(TimeSpan.FromMilliseconds(250)))
            {
                if (awake is not null && (Stopwatch.GetElapsedTime(since) > MostTime || Spent(worker) - spent > MostProcessorTime))
                    worker.Kill(entireProcessTree: true);
                continue;
            }

            if (next.Result is not { } line)
                break;
            if (line.StartsWith(Worker.Ours, StringComparison.Ordinal))
            {
                string[] words = line[Worker.Ours.Length..].Split(' ');
                int mutant = int.Parse(words[1], CultureInfo.InvariantCulture);
                awake = words[0] == "begin" ? mutant : null;
                (spent, since) = (Spent(worker), Stopwatch.GetTimestamp());
                if (awake is null)
                    fates[mutant] = words[0] == "caught" ? Fate.Caught : Fate.Survived;
            }

            next = worker.StandardOutput.ReadLineAsync();
        }

        worker.WaitForExit();
        return awake;
    }

    private static TimeSpan Spent(Process process)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return TimeSpan.Zero;
        }
    }

    // Not of this program but of the tests: their versions of everything.
    private Process Start(IEnumerable<string> arguments, IEnumerable<string> tests)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            ArgumentList =
            {
                "exec", "--depsfile", Path.Combine(folder, $"{Tests}.deps.json"),
                "--runtimeconfig", Path.Combine(folder, $"{Tests}.runtimeconfig.json"),
                Path.Combine(folder, "Mutations.dll"),
            },
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add("--tests");
        start.ArgumentList.Add(Path.Combine(folder, $"{Tests}.dll"));
        foreach (string name in tests)
            start.ArgumentList.Add(name);
        start.Environment["RSYNCS3BACKUP_STATE"] = Path.Combine(own, "state");
        // An endless loop may fill the memory before its time is over.
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x30000000";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private static void Drain(Process process)
    {
        while (process.StandardOutput.ReadLine() is { } line)
            _ = line;
    }
}
