using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace Mutations;

/// <summary>What could have been written by mistake in the place of a pattern.</summary>
internal static class PatternMutations
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind> Bounds = new()
    {
        [SyntaxKind.LessThanToken] = SyntaxKind.LessThanEqualsToken,
        [SyntaxKind.LessThanEqualsToken] = SyntaxKind.LessThanToken,
        [SyntaxKind.GreaterThanToken] = SyntaxKind.GreaterThanEqualsToken,
        [SyntaxKind.GreaterThanEqualsToken] = SyntaxKind.GreaterThanToken,
    };

    /// <summary>The pattern with another bound, without an alternative, or without a part.</summary>
    public static IEnumerable<PatternSyntax> Of(PatternSyntax pattern)
    {
        foreach (SyntaxNode node in pattern.DescendantNodesAndSelf())
        {
            foreach (SyntaxNode? other in OtherOf(node))
            {
                SyntaxNode? whole = other is null ? pattern.RemoveNode(node, SyntaxRemoveOptions.KeepNoTrivia) : pattern.ReplaceNode(node, other);
                if (whole is PatternSyntax changed)
                    yield return changed;
            }
        }
    }

    private static IEnumerable<SyntaxNode?> OtherOf(SyntaxNode node) => node switch
    {
        RelationalPatternSyntax bound => [bound.WithOperatorToken(Token(Bounds[bound.OperatorToken.Kind()]))],
        BinaryPatternSyntax both => [both.Left, both.Right],
        SubpatternSyntax { Pattern: DiscardPatternSyntax } => [],
        SubpatternSyntax { Parent: PositionalPatternClauseSyntax } part => [part.WithPattern(DiscardPattern())],
        SubpatternSyntax { Parent: PropertyPatternClauseSyntax { Subpatterns.Count: > 1 } } => [null],
        _ => [],
    };
}
