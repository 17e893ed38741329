using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Mutations;

/// <summary>What a condition, or a part of one, can wrongly be for good.</summary>
internal static class Conditions
{
    /// <summary>The values; none for what is no condition, and for what a mutant of another part says already.</summary>
    public static IEnumerable<bool> Values(ExpressionSyntax expression, SemanticModel model)
    {
        if (expression is ParenthesizedExpressionSyntax or AssignmentExpressionSyntax or ThrowExpressionSyntax
            || model.GetTypeInfo(expression).Type?.SpecialType != SpecialType.System_Boolean)
            return [];
        if (expression is LiteralExpressionSyntax literal)
            return IsOfLoop(Outermost(literal)) ? [] : [!literal.IsKind(SyntaxKind.TrueLiteralExpression)];
        if (model.GetConstantValue(expression).HasValue)
            return [];
        ExpressionSyntax outer = Outermost(expression);
        // `!x` says it of `x`.
        if (outer.Parent is PrefixUnaryExpressionSyntax)
            return [];
        if (Positions.Declares(expression))
            return [IsNegative(expression)];
        return outer.Parent switch
        {
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalAndExpression } => IsJunction(expression) ? [] : [true],
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalOrExpression } => IsJunction(expression) ? [] : [false],
            BinaryExpressionSyntax => [],
            // Always true would go on for ever.
            _ when IsOfLoop(outer) => [false],
            _ => [true, false],
        };
    }

    private static bool IsJunction(ExpressionSyntax expression) =>
        expression.IsKind(SyntaxKind.LogicalAndExpression) || expression.IsKind(SyntaxKind.LogicalOrExpression);

    private static bool IsOfLoop(ExpressionSyntax condition) => condition.Parent is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax;

    // What it declares is used after it: where it is true, or where it is false when it starts with a "not".
    private static bool IsNegative(ExpressionSyntax expression) => expression switch
    {
        PrefixUnaryExpressionSyntax prefix => prefix.IsKind(SyntaxKind.LogicalNotExpression),
        IsPatternExpressionSyntax pattern => pattern.Pattern is UnaryPatternSyntax,
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalOrExpression } => true,
        _ => false,
    };

    private static ExpressionSyntax Outermost(ExpressionSyntax expression) =>
        expression.Parent is ParenthesizedExpressionSyntax outer ? Outermost(outer) : expression;
}
