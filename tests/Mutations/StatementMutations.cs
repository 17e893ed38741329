using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace Mutations;

/// <summary>What could have been forgotten, or written in the place of a statement.</summary>
internal static class StatementMutations
{
    /// <summary>True for what does something, and whose absence no mutant of a condition says already.</summary>
    public static bool CanBeLeftOut(StatementSyntax statement) => statement switch
    {
        ExpressionStatementSyntax => !Positions.Declares(statement),
        YieldStatementSyntax yield => yield.IsKind(SyntaxKind.YieldReturnStatement),
        BreakStatementSyntax { Parent: SwitchSectionSyntax } => false,
        ContinueStatementSyntax or BreakStatementSyntax or ReturnStatementSyntax { Expression: null } =>
            statement.Parent is BlockSyntax { Statements.Count: > 1 },
        _ => false,
    };

    /// <summary>The opposite of what it does; null when there is none.</summary>
    public static StatementSyntax? OtherOf(StatementSyntax statement, SemanticModel model)
    {
        if (statement is not ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax assignment }
            || model.GetTypeInfo(assignment).Type is { SpecialType: SpecialType.System_String })
            return null;
        SyntaxKind? other = assignment.Kind() switch
        {
            SyntaxKind.AddAssignmentExpression => SyntaxKind.SubtractAssignmentExpression,
            SyntaxKind.SubtractAssignmentExpression => SyntaxKind.AddAssignmentExpression,
            _ => null,
        };
        return other is { } kind ? ExpressionStatement(AssignmentExpression(kind, assignment.Left, assignment.Right)) : null;
    }
}
