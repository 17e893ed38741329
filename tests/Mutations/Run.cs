using System.Diagnostics;
using Microsoft.CodeAnalysis.CSharp;

namespace Mutations;

/// <summary>
/// A whole run: Core is compiled once with all mutants asleep in it and laid beside a copy of its tests; the tests run once to see which of
/// them reach which mutants; then each mutant is woken, and the tests that reach it run until one fails.
/// </summary>
internal static class Run
{
    /// <summary>Runs.</summary>
    /// <param name="only">Names of files, if not all are meant.</param>
    /// <param name="threshold">How much of each file has to be caught, in percent.</param>
    /// <returns>True when that is so.</returns>
    public static bool All(string[] only, double threshold)
    {
        long started = Stopwatch.GetTimestamp();
        string root = Root();
        string project = Path.Combine(root, "src/RsyncS3Backup.Core");
        string lists = Path.Combine(root, "tests/Mutations");
        string[] files = [.. Lines(Path.Combine(lists, "decisions.txt")).Where(file => only.Length == 0 || only.Contains(Path.GetFileNameWithoutExtension(file)))];
        if (files.Length == 0)
            throw new InvalidOperationException("decisions.txt has no such file.");
        string folder = Path.Combine(root, "out/mutations");
        CopyTests(Path.Combine(root, "tests/RsyncS3Backup.Core.Tests/bin/Release/net10.0"), folder);

        CSharpCompilation core = CoreSources.Load(project);
        IReadOnlyList<Mutant> mutants = MutatedCore.Compile(core, project, files, Path.Combine(folder, "RsyncS3Backup.Core.dll"));
        Say($"{mutants.Count} mutants in {files.Length} files are compiled");

        Trial trial = new(folder, [.. Lines(Path.Combine(lists, "tests.txt"))]);
        IReadOnlyList<TestReach> reach = trial.Reach(mutants.Max(mutant => mutant.Id) + 1);
        if (reach.Where(test => test.Failure is not null).ToList() is { Count: > 0 } failed)
            throw new InvalidOperationException("With no mutant awake: " + string.Join('\n', failed.Select(test => test.Failure)));
        Say($"{reach.Count} tests take {reach.Sum(test => test.Milliseconds) / 1000:0.0} s with none awake");

        int tenth = 0;
        IReadOnlyDictionary<int, Fate> fates = trial.Run(mutants, reach, tried =>
        {
            int now = 10 * tried / mutants.Count;
            if (Interlocked.Exchange(ref tenth, now) != now)
                Say($"{tried} tried");
        });
        Equivalents equivalents = Equivalents.Parse(File.ReadAllText(Path.Combine(lists, "equivalent.txt")));
        return Report.Write(Console.Out, files, mutants, fates, equivalents, threshold);

        void Say(string text) => Console.WriteLine($"{Stopwatch.GetElapsedTime(started):m\\:ss} {text}.");
    }

    private static IEnumerable<string> Lines(string path) =>
        File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith('#'));

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "RsyncS3.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("This is not run in the repository.");
        return folder;
    }

    private static void CopyTests(string source, string target)
    {
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
