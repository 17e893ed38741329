using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Architecture;

/// <summary>
/// Texts are the same in every culture. The analyzers see what is converted without one; what is put into a text with <c>$"{…}"</c> they do
/// not see.
/// </summary>
public sealed class CultureTests
{
    // Not what has "O" or "u" for a format, which knows no culture.
    private static readonly string[] Sensitive =
    [
        "System.DateTime", "System.DateTimeOffset", "System.DateOnly", "System.TimeOnly", "System.Double", "System.Single", "System.Decimal",
    ];

    [Fact]
    public void No_time_and_no_fraction_is_put_into_a_text_in_the_culture_of_the_session()
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(typeof(BackupConfiguration).Assembly.Location);
        List<string> found = [];
        int looked = 0;
        foreach (MethodDefinition method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
        {
            // Texts in texts: the innermost one is whose parts come next.
            Stack<bool> hasCulture = [];
            foreach (Instruction instruction in method.Body.Instructions)
            {
                if (instruction.Operand is not MethodReference called)
                    continue;
                if (IsHandler(called.DeclaringType))
                {
                    if (called.Name == ".ctor")
                        hasCulture.Push(called.Parameters.Any(parameter => parameter.ParameterType.Name == nameof(IFormatProvider)));
                    else if (called.Name == "ToStringAndClear")
                        hasCulture.Pop();
                    else if (called is GenericInstanceMethod { Name: "AppendFormatted" } part && Type(part.GenericArguments[0]) is var type)
                    {
                        looked++;
                        if (Sensitive.Contains(type) && !hasCulture.Peek() && instruction.Previous.Operand is not ("O" or "u"))
                            found.Add($"{method.FullName}: {type}");
                    }
                }
                else if (called.Parameters.Any(parameter => parameter.ParameterType is ByReferenceType reference && IsHandler(reference.ElementType)))
                    hasCulture.Pop();
            }
        }

        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
        Assert.True(looked > 100, "Nothing was looked at: the compiler makes texts in another way now.");
    }

    private static bool IsHandler(TypeReference type) => type.Name.EndsWith("InterpolatedStringHandler", StringComparison.Ordinal);

    private static string Type(TypeReference type) => type is GenericInstanceType { Name: "Nullable`1" } optional
        ? optional.GenericArguments[0].FullName
        : type.FullName;
}
