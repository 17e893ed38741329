using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace Mutations;

/// <summary>
/// Writes every mutant of a file into it, asleep: <c>a &lt; b</c> becomes <c>(Mutant.Is(17) ? a &lt;= b : a &lt; b)</c>, so that the file is
/// compiled once for all of them. The trees are compiled as they are and never written out, so they need no blanks and no parentheses.
/// </summary>
/// <param name="model">Knows the types of the original.</param>
/// <param name="file">The file's name in reports.</param>
/// <param name="firstId">The number of its first mutant.</param>
/// <param name="dropped">The numbers of those that do not compile.</param>
internal sealed class MutantWriter(SemanticModel model, string file, int firstId, IReadOnlySet<int> dropped) : CSharpSyntaxRewriter
{
    /// <summary>Marks what holds a mutant, with its number.</summary>
    public const string Mark = "mutant";

    /// <summary>The switch that the rewritten code asks.</summary>
    public const string Switch = """
        internal static class Mutant
        {
            public static int Awake;
            public static bool[]? Reached;

            public static bool Is(int id)
            {
                if (Reached is { } reached)
                    reached[id] = true;
                return Awake == id;
            }
        }
        """;

    private readonly List<Mutant> mutants = [];
    private int nextId = firstId;

    /// <summary>What was written in.</summary>
    public IReadOnlyList<Mutant> Mutants => mutants;

    /// <summary>The number after the last one, counting those that were dropped.</summary>
    public int NextId => nextId;

    public override SyntaxNode? Visit(SyntaxNode? node)
    {
        if (node is null || Positions.IsFixed(node))
            return node;
        SyntaxNode? rewritten = base.Visit(node);
        return (node, rewritten) switch
        {
            (ExpressionSyntax original, ExpressionSyntax now) => Positions.IsValue(original, model) ? WriteInto(original, now) : now,
            (StatementSyntax original, StatementSyntax now) => WriteInto(original, now),
            (SwitchExpressionArmSyntax original, SwitchExpressionArmSyntax now) => WriteInto(original, now),
            (CasePatternSwitchLabelSyntax original, CasePatternSwitchLabelSyntax now) => WriteInto(original, now),
            (CaseSwitchLabelSyntax original, _) =>
                WriteInto(original, CasePatternSwitchLabel(ConstantPattern(original.Value), original.ColonToken)) ?? rewritten,
            _ => rewritten,
        };
    }

    private ExpressionSyntax WriteInto(ExpressionSyntax original, ExpressionSyntax now)
    {
        foreach (bool value in Conditions.Values(original, model))
        {
            bool isRisky = Positions.Declares(original);
            // Not `value` alone: what the condition declares has to be declared still.
            now = Add(original, OneLine(original), value ? "true" : "false", isRisky, id =>
                value ? BinaryExpression(SyntaxKind.LogicalOrExpression, Is(id), Parenthesized(now))
                    : BinaryExpression(SyntaxKind.LogicalAndExpression, IsNot(id), Parenthesized(now))) ?? now;
        }

        foreach (OtherExpression other in ExpressionMutations.Of(original, model))
        {
            now = Add(other.From, OneLine(other.From), OneLine(other.To), isRisky: false, id =>
                ConditionalExpression(Is(id), Parenthesized(other.Whole), Parenthesized(now))) ?? now;
        }

        return now;
    }

    private StatementSyntax WriteInto(StatementSyntax original, StatementSyntax now)
    {
        if (StatementMutations.OtherOf(original, model) is { } other)
            now = AddStatement(original, OneLine(other), id => IfStatement(Is(id), other, ElseClause(now))) ?? now;
        if (StatementMutations.CanBeLeftOut(original))
            now = AddStatement(original, "", id => IfStatement(IsNot(id), now)) ?? now;
        return now;
    }

    // An arm that is left out: what it catches comes to the arms after it.
    private SwitchExpressionArmSyntax WriteInto(SwitchExpressionArmSyntax original, SwitchExpressionArmSyntax now)
    {
        if (original.Pattern is DiscardPatternSyntax or VarPatternSyntax)
            return now;
        return AddLabel(original, OneLine(original.Pattern), id => now.WithWhenClause(Without(id, now.WhenClause))) ?? now;
    }

    private CasePatternSwitchLabelSyntax? WriteInto(SwitchLabelSyntax original, CasePatternSwitchLabelSyntax now) =>
        AddLabel(original, OneLine(original), id => now.WithWhenClause(Without(id, now.WhenClause)));

    private static WhenClauseSyntax Without(int id, WhenClauseSyntax? clause) => WhenClause(
        clause is null ? IsNot(id) : BinaryExpression(SyntaxKind.LogicalAndExpression, IsNot(id), Parenthesized(clause.Condition)));

    private ParenthesizedExpressionSyntax? Add(SyntaxNode place, string original, string mutated, bool isRisky, Func<int, ExpressionSyntax> write) =>
        Count(place, original, mutated, isRisky) is { } id ? ParenthesizedExpression(Marked(write(id), id)) : null;

    private StatementSyntax? AddStatement(StatementSyntax original, string mutated, Func<int, StatementSyntax> write) =>
        Count(original, OneLine(original), mutated, isRisky: true) is { } id ? Marked(write(id), id) : null;

    private T? AddLabel<T>(SyntaxNode original, string label, Func<int, T> write)
        where T : SyntaxNode =>
        Count(original, label, "", isRisky: true) is { } id ? Marked(write(id), id) : null;

    private int? Count(SyntaxNode node, string original, string mutated, bool isRisky)
    {
        int id = nextId++;
        if (dropped.Contains(id))
            return null;
        int line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        mutants.Add(new Mutant(id, file, Positions.MemberOf(node), line, original, mutated, Positions.RunsOnce(node), isRisky));
        return id;
    }

    private static T Marked<T>(T node, int id)
        where T : SyntaxNode =>
        node.WithAdditionalAnnotations(new SyntaxAnnotation(Mark, $"{id}"));

    private static ExpressionSyntax Is(int id) => ParseExpression($"global::Mutant.Is({id})");

    private static ExpressionSyntax IsNot(int id) => ParseExpression($"!global::Mutant.Is({id})");

    private static ParenthesizedExpressionSyntax Parenthesized(ExpressionSyntax expression) => ParenthesizedExpression(expression);

    private static string OneLine(SyntaxNode node) =>
        string.Join(' ', node.NormalizeWhitespace().ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            // What the normal form leaves out.
            .Replace(" is>", " is >", StringComparison.Ordinal).Replace(" is<", " is <", StringComparison.Ordinal);
}
