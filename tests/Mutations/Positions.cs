using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Mutations;

/// <summary>Where something can be mutated.</summary>
internal static class Positions
{
    // What is only said, to a log that nothing reads again.
    private static readonly string[] Said = ["Verbose", "ConfigureAwait"];

    /// <summary>True for what stays with all that is in it: what has to be constant, and what is only text.</summary>
    public static bool IsFixed(SyntaxNode node) => node switch
    {
        AttributeListSyntax or ParameterSyntax or EnumMemberDeclarationSyntax or PatternSyntax or UsingDirectiveSyntax => true,
        // What a disk or a server has to throw is nothing for a table.
        InterpolatedStringExpressionSyntax or RefExpressionSyntax or CatchFilterClauseSyntax => true,
        FieldDeclarationSyntax field => field.Modifiers.Any(SyntaxKind.ConstKeyword),
        LocalDeclarationStatementSyntax local => local.IsConst,
        ArgumentListSyntax { Parent: InvocationExpressionSyntax call } => Said.Contains(NameOf(call)),
        ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call } => Said.Contains(NameOf(call)),
        InvocationExpressionSyntax call => NameOf(call) == "nameof",
        _ => false,
    };

    /// <summary>True when an expression in parentheses may stand in the place of this one.</summary>
    public static bool IsValue(ExpressionSyntax expression, SemanticModel model) => expression.Parent switch
    {
        MemberAccessExpressionSyntax access when access.Name == expression => false,
        AssignmentExpressionSyntax assignment when assignment.Left == expression => false,
        ArgumentSyntax argument when !argument.RefKindKeyword.IsKind(SyntaxKind.None) => false,
        InvocationExpressionSyntax call when call.Expression == expression => false,
        PostfixUnaryExpressionSyntax => false,
        PrefixUnaryExpressionSyntax prefix => !prefix.IsKind(SyntaxKind.PreIncrementExpression)
            && !prefix.IsKind(SyntaxKind.PreDecrementExpression) && !prefix.IsKind(SyntaxKind.AddressOfExpression),
        ExpressionStatementSyntax or NameColonSyntax or NameEqualsSyntax or QualifiedNameSyntax => false,
        _ => !BelongsToConditionalAccess(expression) && model.GetSymbolInfo(expression).Symbol is not INamespaceOrTypeSymbol,
    };

    /// <summary>True when it declares a variable that code outside of it may use.</summary>
    public static bool Declares(SyntaxNode node) =>
        node.DescendantNodesAndSelf(inner => inner is not (AnonymousFunctionExpressionSyntax or SwitchExpressionSyntax))
            .Any(inner => inner is SingleVariableDesignationSyntax);

    /// <summary>True for what runs when its type is first used.</summary>
    public static bool RunsOnce(SyntaxNode node) => node.AncestorsAndSelf().Any(above => above switch
    {
        FieldDeclarationSyntax field => field.Modifiers.Any(SyntaxKind.StaticKeyword),
        PropertyDeclarationSyntax { Initializer: not null } property => property.Modifiers.Any(SyntaxKind.StaticKeyword),
        ConstructorDeclarationSyntax constructor => constructor.Modifiers.Any(SyntaxKind.StaticKeyword),
        _ => false,
    });

    /// <summary>The name of the member that holds it.</summary>
    public static string MemberOf(SyntaxNode node) => node.Ancestors().OfType<MemberDeclarationSyntax>().FirstOrDefault() switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        { } other => other.Kind().ToString(),
        null => "",
    };

    /// <summary>The name of what is called.</summary>
    public static string NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        MemberBindingExpressionSyntax binding => binding.Name.Identifier.Text,
        SimpleNameSyntax name => name.Identifier.Text,
        _ => "",
    };

    // The `.B` of `a?.B` has no meaning without the `a?`.
    private static bool BelongsToConditionalAccess(ExpressionSyntax expression) =>
        expression.DescendantNodesAndSelf().Any(inner => inner is MemberBindingExpressionSyntax or ElementBindingExpressionSyntax
            && !inner.Ancestors().TakeWhile(above => above != expression.Parent).Any(above =>
                above is ConditionalAccessExpressionSyntax access && access.WhenNotNull.Span.Contains(inner.Span)));
}
