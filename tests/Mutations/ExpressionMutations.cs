using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace Mutations;

/// <summary>Another expression, and what of it differs.</summary>
/// <param name="Whole">The expression.</param>
/// <param name="From">What was written.</param>
/// <param name="To">What is written instead.</param>
internal readonly record struct OtherExpression(ExpressionSyntax Whole, SyntaxNode From, SyntaxNode To);

/// <summary>What could have been written by mistake in the place of an expression.</summary>
internal static class ExpressionMutations
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind> Operators = new()
    {
        [SyntaxKind.LessThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
        [SyntaxKind.LogicalAndExpression] = SyntaxKind.LogicalOrExpression,
        [SyntaxKind.LogicalOrExpression] = SyntaxKind.LogicalAndExpression,
        [SyntaxKind.AddExpression] = SyntaxKind.SubtractExpression,
        [SyntaxKind.SubtractExpression] = SyntaxKind.AddExpression,
        [SyntaxKind.MultiplyExpression] = SyntaxKind.DivideExpression,
        [SyntaxKind.DivideExpression] = SyntaxKind.MultiplyExpression,
        [SyntaxKind.BitwiseAndExpression] = SyntaxKind.BitwiseOrExpression,
        [SyntaxKind.BitwiseOrExpression] = SyntaxKind.BitwiseAndExpression,
    };

    private static readonly (string One, string Other)[] Opposites =
    [
        ("All", "Any"), ("TrueForAll", "Exists"), ("First", "Last"), ("FirstOrDefault", "LastOrDefault"), ("Min", "Max"), ("MinBy", "MaxBy"),
        ("Floor", "Ceiling"), ("OrderBy", "OrderByDescending"), ("StartsWith", "EndsWith"), ("Take", "Skip"),
    ];

    private static readonly Dictionary<string, string> Calls =
        Opposites.Concat(Opposites.Select(pair => (One: pair.Other, Other: pair.One))).ToDictionary(pair => pair.One, pair => pair.Other);

    /// <summary>The other expressions; some may not compile.</summary>
    public static IEnumerable<OtherExpression> Of(ExpressionSyntax expression, SemanticModel model)
    {
        IEnumerable<ExpressionSyntax> found = expression switch
        {
            BinaryExpressionSyntax binary => OfBinary(binary, model),
            LiteralExpressionSyntax { RawKind: (int)SyntaxKind.NumericLiteralExpression } number => [OfNumber(number, model)],
            IsPatternExpressionSyntax test => PatternMutations.Of(test.Pattern).Select(test.WithPattern),
            InvocationExpressionSyntax call => OfCall(call),
            NameSyntax or MemberAccessExpressionSyntax => OfName(expression, model),
            _ => [],
        };
        // A second declaration of the same variable would not compile.
        foreach (ExpressionSyntax other in Positions.Declares(expression) ? [] : found)
            yield return new OtherExpression(other, expression, other);
        // What an arm declares is its own.
        if (expression is SwitchExpressionSyntax choice)
        {
            foreach (OtherExpression other in OfChoice(choice))
                yield return other;
        }

        if (IsAnswer(expression) && MayBeNull(expression, model))
        {
            LiteralExpressionSyntax nothing = LiteralExpression(SyntaxKind.NullLiteralExpression);
            yield return new OtherExpression(nothing, expression, nothing);
        }
    }

    private static IEnumerable<ExpressionSyntax> OfBinary(BinaryExpressionSyntax binary, SemanticModel model)
    {
        if (binary.IsKind(SyntaxKind.CoalesceExpression))
        {
            if (binary.Right is not ThrowExpressionSyntax)
                yield return binary.Right;
            bool isValue = model.GetTypeInfo(binary.Left).Type is { IsValueType: true };
            yield return isValue
                ? MemberAccessExpression(SyntaxKind.SimpleMemberAccessExpression, ParenthesizedExpression(binary.Left), IdentifierName("Value"))
                : PostfixUnaryExpression(SyntaxKind.SuppressNullableWarningExpression, ParenthesizedExpression(binary.Left));
        }
        else if (Operators.TryGetValue(binary.Kind(), out SyntaxKind other)
            && model.GetTypeInfo(binary).Type is not { SpecialType: SpecialType.System_String })
        {
            yield return BinaryExpression(other, binary.Left, binary.Right);
        }
    }

    private static ExpressionSyntax OfNumber(LiteralExpressionSyntax number, SemanticModel model)
    {
        ExpressionSyntax next = ParseExpression($"{number} + 1");
        return model.GetTypeInfo(number).ConvertedType is { } type && type.SpecialType is not SpecialType.System_Int32
            ? ParseExpression($"({type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)})({number} + 1)")
            : next;
    }

    private static IEnumerable<OtherExpression> OfChoice(SwitchExpressionSyntax choice) =>
        from arm in choice.Arms
        from other in PatternMutations.Of(arm.Pattern)
        select new OtherExpression(choice.ReplaceNode(arm.Pattern, other), arm.Pattern, other);

    private static IEnumerable<ExpressionSyntax> OfCall(InvocationExpressionSyntax call)
    {
        if (call.Expression is not MemberAccessExpressionSyntax access)
            yield break;
        string name = access.Name.Identifier.Text;
        // Of what has no predicate both values are tried already.
        if (Calls.TryGetValue(name, out string? other) && (name != "Any" || call.ArgumentList.Arguments.Count > 0))
            yield return call.WithExpression(access.WithName(IdentifierName(other)));
        if (name == "Where")
            yield return access.Expression;
    }

    // Another of the possible results.
    private static IEnumerable<ExpressionSyntax> OfName(ExpressionSyntax name, SemanticModel model)
    {
        if (name.Parent is BinaryExpressionSyntax { RawKind: (int)SyntaxKind.EqualsExpression or (int)SyntaxKind.NotEqualsExpression }
            || model.GetSymbolInfo(name).Symbol is not IFieldSymbol { ContainingType.TypeKind: TypeKind.Enum } field
            || !field.Locations.Any(location => location.IsInSource)
            // A label that PowerShell shows; nothing rests on it.
            || field.ContainingType.Name.EndsWith("Category", StringComparison.Ordinal))
            return [];
        IFieldSymbol[] all = [.. field.ContainingType.GetMembers().OfType<IFieldSymbol>().Where(member => member.IsConst)];
        IFieldSymbol next = all[(Array.FindIndex(all, member => member.Name == field.Name) + 1) % all.Length];
        string type = field.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        return all.Length < 2 ? [] : [ParseExpression($"{type}.{next.Name}")];
    }

    private static bool IsAnswer(ExpressionSyntax expression) =>
        expression is not (LiteralExpressionSyntax or ThrowExpressionSyntax or ConditionalExpressionSyntax or SwitchExpressionSyntax)
        && IsReturned(expression);

    private static bool IsReturned(ExpressionSyntax expression) => expression.Parent switch
    {
        ReturnStatementSyntax or ArrowExpressionClauseSyntax => true,
        SwitchExpressionArmSyntax { Parent: SwitchExpressionSyntax choice } => IsReturned(choice),
        ConditionalExpressionSyntax choice => choice.Condition != expression && IsReturned(choice),
        ParenthesizedExpressionSyntax outer => IsReturned(outer),
        _ => false,
    };

    private static bool MayBeNull(ExpressionSyntax expression, SemanticModel model)
    {
        ISymbol? member = model.GetEnclosingSymbol(expression.SpanStart);
        ITypeSymbol? type = member switch
        {
            IMethodSymbol { IsAsync: true, ReturnType: INamedTypeSymbol { TypeArguments: [ITypeSymbol result] } } => result,
            IMethodSymbol method => method.ReturnType,
            IPropertySymbol property => property.Type,
            _ => null,
        };
        return type is { NullableAnnotation: NullableAnnotation.Annotated } or { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T };
    }
}
