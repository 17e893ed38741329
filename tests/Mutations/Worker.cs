using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Xunit.Abstractions;

namespace Mutations;

/// <summary>A test as it ran with no mutant awake.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Class">The full name of its class.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Failure">Why it failed; null when it passed.</param>
/// <param name="Reached">The mutants that it ran.</param>
internal sealed record TestReach(string Id, string Class, double Milliseconds, string? Failure, int[] Reached);

/// <summary>A mutant and the tests that may notice it, the quickest first.</summary>
internal sealed record Attempt(int Mutant, string[] Tests);

/// <summary>What one process tries.</summary>
/// <param name="Classes">The full names of the tests' classes.</param>
/// <param name="Attempts">The mutants.</param>
internal sealed record Plan(string[] Classes, Attempt[] Attempts);

/// <summary>The process that runs tests with mutants awake. It speaks by lines on its standard output.</summary>
internal static class Worker
{
    /// <summary>Starts each line that is ours: tests write too.</summary>
    public const string Ours = "\u0001";

    // The quick tests of a mutant run first, and the others only when those noticed nothing.
    private const int QuickTests = 40;

    /// <summary>Runs each test once and writes down what it reached.</summary>
    public static void Reach(string tests, string[] classes, int mutants, string target)
    {
        Assembly assembly = Assembly.LoadFrom(tests);
        TestRunner runner = new(assembly, classes);
        FieldInfo reached = Switch().GetField("Reached")!;
        List<TestReach> all = [];
        foreach (ITestCase test in runner.Cases.Values.Where(IsMeant))
        {
            bool[] marks = new bool[mutants];
            reached.SetValue(null, marks);
            long started = Stopwatch.GetTimestamp();
            string? failure = runner.Run([test]);
            all.Add(new TestReach(
                test.UniqueID, test.TestMethod.TestClass.Class.Name, Stopwatch.GetElapsedTime(started).TotalMilliseconds, failure,
                [.. Enumerable.Range(0, mutants).Where(id => marks[id])]));
        }

        File.WriteAllText(target, JsonSerializer.Serialize(all));
    }

    /// <summary>Wakes mutants one after another and tells which of them a test noticed.</summary>
    public static void Try(string tests, string planFile)
    {
        (string[] classes, Attempt[] attempts) = JsonSerializer.Deserialize<Plan>(File.ReadAllText(planFile))!;
        Assembly assembly = Assembly.LoadFrom(tests);
        FieldInfo awake = Switch().GetField("Awake")!;
        // What runs once has to find it awake.
        if (attempts is [var only])
            awake.SetValue(null, only.Mutant);
        TestRunner runner = new(assembly, classes);
        foreach (Attempt attempt in attempts)
        {
            Console.WriteLine($"{Ours}begin {attempt.Mutant}");
            awake.SetValue(null, attempt.Mutant);
            ITestCase[] cases = [.. attempt.Tests.Select(id => runner.Cases[id])];
            string? failure = runner.Run(cases[..Math.Min(QuickTests, cases.Length)]);
            if (failure is null && cases.Length > QuickTests)
                failure = runner.Run(cases[QuickTests..]);
            Console.WriteLine($"{Ours}{(failure is null ? "survived" : "caught")} {attempt.Mutant}");
            awake.SetValue(null, 0);
        }
    }

    private static Type Switch() => Assembly.Load("RsyncS3Backup.Core").GetType("Mutant", throwOnError: true)!;

    // A test that tries what chance brings notices a mutant at one time and not at another.
    private static bool IsMeant(ITestCase test) =>
        !test.Traits.ContainsKey("Category") && test.GetType().Namespace != "FsCheck.Xunit" && test.SkipReason is null;
}
