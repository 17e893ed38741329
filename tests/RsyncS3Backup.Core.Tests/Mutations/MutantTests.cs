using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Mutations;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mutations;

/// <summary>The mistakes that the build's task <c>mutate</c> writes into code.</summary>
public sealed class MutantTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // One class for all of them: to compile takes longer than to run.
    private static readonly (string Code, string[] Mutants)[] Samples =
    [
        ("static bool F(int a) => a < 3;", ["a < 3 → true", "a < 3 → false", "a < 3 → a <= 3", "3 → 3 + 1"]),
        ("static int F(bool a, bool b) => a && b ? 1 : 2;",
            ["a → true", "b → true", "a && b → true", "a && b → false", "a && b → a || b", "1 → 1 + 1", "2 → 2 + 1"]),
        ("static bool F(bool a) { if (!a) return true; return false; }", ["!a → true", "!a → false", "true → false", "false → true"]),
        ("static string? F(string? a) => a ?? \"b\";", ["a ?? \"b\" → \"b\"", "a ?? \"b\" → (a)!", "a ?? \"b\" → null"]),
        ("static int F(int a) { a += 2; return a; }", ["2 → 2 + 1", "a += 2; → ", "a += 2; → a -= 2;"]),
        ("static bool F(object a) => a is string b && b == \"c\";",
            ["a is string b → false", "b == \"c\" → true", "a is string b && b == \"c\" → false"]),
        ("static bool F(int a) => a is > 1 or 0;",
            ["a is > 1 or 0 → true", "a is > 1 or 0 → false", "a is > 1 or 0 → a is > 1", "a is > 1 or 0 → a is 0", "a is > 1 or 0 → a is >= 1 or 0"]),
        ("static object F(int a) => a switch { 0 => \"x\", > 1 => \"y\", _ => \"z\" };", ["0 → ", "> 1 → ", "> 1 → >= 1"]),
        ("enum E { One, Two } static E F() => E.One;", ["E.One → global::Sample.E.Two"]),
        ("static int F(int[] a) => System.Linq.Enumerable.First(a);", ["System.Linq.Enumerable.First(a) → System.Linq.Enumerable.Last(a)"]),
        // What has to be constant, what is only said, and a condition that declares what is needed where it holds.
        ("const int A = 3; static int F(int a = 1) => a;", []),
        ("static string F(int a) => $\"{a + 1}\";", []),
    ];

    [Fact]
    public void Code_has_the_mutants_that_can_be_compiled()
    {
        string code = string.Join('\n', Samples.Select((sample, index) => sample.Code.Replace(" F(", $" F{index}(", StringComparison.Ordinal)));

        ILookup<string, Mutant> mutants = Compile(code, out _).ToLookup(mutant => mutant.Member);

        for (int index = 0; index < Samples.Length; index++)
        {
            Mutant[] found = [.. mutants[$"F{index}"]];
            Assert.Equal(
                Samples[index].Mutants.Order(StringComparer.Ordinal),
                found.Select(mutant => $"{mutant.Original} → {mutant.Mutated}").Order(StringComparer.Ordinal));
            Assert.All(found, mutant => Assert.Equal(("Sample.cs", index + 3, false), (mutant.File, mutant.Line, mutant.RunsOnce)));
        }
    }

    [Fact]
    public void One_mutant_is_awake_at_a_time_and_none_at_first()
    {
        IReadOnlyList<Mutant> mutants = Compile("public static bool F(int a) => a < 3;", out Assembly assembly);
        FieldInfo awake = assembly.GetType("Mutant", throwOnError: true)!.GetField("Awake")!;
        MethodInfo f = assembly.GetType("Sample", throwOnError: true)!.GetMethod("F")!;

        Assert.Equal([true, false], new[] { 2, 3 }.Select(value => f.Invoke(null, [value])));
        awake.SetValue(null, mutants.Single(mutant => mutant.Mutated == "a <= 3").Id);
        Assert.Equal([true, true, false], new[] { 2, 3, 4 }.Select(value => f.Invoke(null, [value])));
    }

    [Fact]
    public void What_runs_once_is_told() =>
        Assert.All(Compile("static readonly bool A = 1 < 2 + int.Parse(\"3\");", out _), mutant => Assert.True(mutant.RunsOnce));

    [Fact]
    public void Equivalent_mutants_are_known_by_their_texts_and_those_that_nobody_asked_for_are_told()
    {
        Equivalents list = Equivalents.Parse("# A list.\n\nA.cs F\n- a < b\n+ a <= b\nBecause.\n\nA.cs G\n- x();\n+\nNever seen.\n");

        Assert.True(list.Has(new Mutant(1, "A.cs", "F", 7, "a < b", "a <= b")));
        Assert.False(list.Has(new Mutant(2, "A.cs", "F", 7, "a < b", "true")));
        Assert.Equal(["A.cs G: x(); → "], list.Unused(["A.cs", "B.cs"]));
        Assert.Empty(list.Unused(["B.cs"]));
        Assert.Throws<FormatException>(() => Equivalents.Parse("A.cs F\n- a < b\n+ a <= b\n"));
    }

    private IReadOnlyList<Mutant> Compile(string member, out Assembly assembly)
    {
        string path = Path.Combine(folder.Path, "Sample.cs");
        SyntaxTree tree = CSharpSyntaxTree.ParseText($"#nullable enable\npublic static class Sample {{\n{member}\n}}", path: path);
        string system = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        CSharpCompilation sample = CSharpCompilation.Create(
            "Sample", [tree],
            new[] { "System.Private.CoreLib.dll", "System.Runtime.dll", "System.Linq.dll" }
                .Select(name => MetadataReference.CreateFromFile(Path.Combine(system, name))),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        string target = Path.Combine(folder.Path, "Sample.dll");
        IReadOnlyList<Mutant> mutants = MutatedCore.Compile(sample, folder.Path, ["Sample.cs"], target);
        using MemoryStream content = new(File.ReadAllBytes(target));
        assembly = new AssemblyLoadContext("mutants", isCollectible: true).LoadFromStream(content);
        return mutants;
    }
}
