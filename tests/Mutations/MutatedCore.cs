using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;

namespace Mutations;

/// <summary>Core with all mutants in it.</summary>
internal static class MutatedCore
{
    // Each round drops what did not compile in the one before; errors of one kind may hide those of another.
    private const int MostRounds = 10;

    /// <summary>Compiles it.</summary>
    /// <param name="core">Core as it is.</param>
    /// <param name="project">Its folder.</param>
    /// <param name="files">The files to mutate, below that folder.</param>
    /// <param name="target">The assembly to write.</param>
    /// <returns>The mutants that are in it.</returns>
    public static IReadOnlyList<Mutant> Compile(CSharpCompilation core, string project, IReadOnlyList<string> files, string target)
    {
        HashSet<int> dropped = [];
        for (int round = 0; round < MostRounds; round++)
        {
            (CSharpCompilation mutated, List<Mutant> mutants) = Write(core, project, files, dropped);
            List<Diagnostic> errors = Errors(mutated, [.. files.Select(file => Path.GetFullPath(file, project))]);
            if (errors.Count == 0)
            {
                EmitResult result = mutated.Emit(target);
                if (result.Success)
                    return mutants;
                errors = [.. result.Diagnostics.Where(IsError)];
            }

            int before = dropped.Count;
            foreach (Diagnostic error in errors)
                dropped.UnionWith(ToBlame(error, mutants));
            if (dropped.Count == before)
                throw new InvalidOperationException(string.Join('\n', errors));
        }

        throw new InvalidOperationException($"Mutants that do not compile are left after {MostRounds} rounds.");
    }

    // Of the mutated files alone: to compile the rest takes longer, and it is what it was.
    private static List<Diagnostic> Errors(CSharpCompilation mutated, HashSet<string> paths) =>
        [.. mutated.SyntaxTrees.Where(tree => paths.Contains(tree.FilePath)).AsParallel()
            .SelectMany(tree => mutated.GetSemanticModel(tree).GetDiagnostics().Where(IsError))];

    private static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error;

    private static (CSharpCompilation Mutated, List<Mutant> Mutants) Write(
        CSharpCompilation core, string project, IReadOnlyList<string> files, HashSet<int> dropped)
    {
        List<Mutant> mutants = [];
        CSharpCompilation mutated = core;
        int nextId = 1;
        foreach (string file in files)
        {
            string path = Path.GetFullPath(file, project);
            SyntaxTree tree = core.SyntaxTrees.SingleOrDefault(tree => tree.FilePath == path)
                ?? throw new InvalidOperationException($"{file} is not a file of the project.");
            MutantWriter writer = new(core.GetSemanticModel(tree), file, nextId, dropped);
            SyntaxNode root = writer.Visit(tree.GetRoot())!;
            mutated = mutated.ReplaceSyntaxTree(tree, tree.WithRootAndOptions(root, tree.Options));
            mutants.AddRange(writer.Mutants);
            nextId = writer.NextId;
        }

        ParseOptions options = core.SyntaxTrees[0].Options;
        return (mutated.AddSyntaxTrees(CSharpSyntaxTree.ParseText("#nullable enable\n" + MutantWriter.Switch, (CSharpParseOptions)options)), mutants);
    }

    // The mutant that the error is in; else all in the same member that can make an error elsewhere.
    private static IEnumerable<int> ToBlame(Diagnostic error, List<Mutant> mutants)
    {
        if (error.Location.SourceTree is not { } tree)
            return [];
        SyntaxNode node = tree.GetRoot().FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true);
        foreach (SyntaxNode above in node.AncestorsAndSelf())
        {
            if (Ids(above).FirstOrDefault() is var id and > 0)
                return [id];
        }

        SyntaxNode member = node.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().FirstOrDefault() ?? tree.GetRoot();
        HashSet<int> inside = [.. member.DescendantNodesAndSelf().SelectMany(Ids)];
        List<int> risky = [.. mutants.Where(mutant => mutant.IsRisky && inside.Contains(mutant.Id)).Select(mutant => mutant.Id)];
        return risky.Count > 0 ? risky : inside;
    }

    private static IEnumerable<int> Ids(SyntaxNode node) =>
        node.GetAnnotations(MutantWriter.Mark).Select(mark => int.Parse(mark.Data!, System.Globalization.CultureInfo.InvariantCulture));
}
