using Mono.Cecil;
using Mono.Cecil.Cil;

namespace RsyncS3Backup.Core.Tests.Architecture;

/// <summary>One type of an assembly that uses another one of it. Nested types count as the type that they are in.</summary>
/// <param name="File">The source file of the user, as far as its debug information tells.</param>
/// <param name="From">The user's full name.</param>
/// <param name="FromNamespace">Its namespace.</param>
/// <param name="To">The full name of what it uses.</param>
/// <param name="ToNamespace">Its namespace.</param>
internal sealed record TypeUse(string File, string From, string FromNamespace, string To, string ToNamespace);

/// <summary>Reads from a compiled assembly which of its types uses which: in signatures, bodies, attributes and base types.</summary>
internal static class AssemblyUses
{
    /// <summary>All uses, each once.</summary>
    public static IReadOnlyList<TypeUse> Of(string path)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(path, new ReaderParameters { ReadSymbols = true });
        HashSet<TypeUse> uses = [];
        foreach (TypeDefinition type in module.GetTypes().Where(type => Outermost(type).Namespace.StartsWith("RsyncS3Backup", StringComparison.Ordinal)))
            new Reader(module, type, uses).Read();
        return [.. uses];
    }

    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    private sealed class Reader(ModuleDefinition module, TypeDefinition type, HashSet<TypeUse> uses)
    {
        private readonly TypeReference user = Outermost(type);
        private readonly string file = type.Methods
            .Where(method => method.DebugInformation.HasSequencePoints)
            .Select(method => Path.GetFileName(method.DebugInformation.SequencePoints[0].Document.Url))
            .FirstOrDefault() ?? type.Name + ".cs";

        public void Read()
        {
            Note(type.BaseType);
            foreach (InterfaceImplementation implementation in type.Interfaces)
                Note(implementation.InterfaceType);
            NoteAttributes(type);
            foreach (FieldDefinition field in type.Fields)
            {
                Note(field.FieldType);
                NoteAttributes(field);
            }

            foreach (PropertyDefinition property in type.Properties)
            {
                Note(property.PropertyType);
                NoteAttributes(property);
            }

            foreach (EventDefinition @event in type.Events)
                Note(@event.EventType);
            foreach (MethodDefinition method in type.Methods)
                ReadMethod(method);
        }

        private void ReadMethod(MethodDefinition method)
        {
            NoteAttributes(method);
            NoteSignature(method);
            if (!method.HasBody)
                return;
            foreach (VariableDefinition variable in method.Body.Variables)
                Note(variable.VariableType);
            foreach (ExceptionHandler handler in method.Body.ExceptionHandlers)
                Note(handler.CatchType);
            foreach (Instruction instruction in method.Body.Instructions)
            {
                switch (instruction.Operand)
                {
                    case MethodReference called:
                        Note(called.DeclaringType);
                        NoteSignature(called);
                        break;
                    case FieldReference field:
                        Note(field.DeclaringType);
                        Note(field.FieldType);
                        break;
                    case TypeReference named:
                        Note(named);
                        break;
                    default:
                        break;
                }
            }
        }

        private void NoteSignature(MethodReference method)
        {
            Note(method.ReturnType);
            foreach (ParameterDefinition parameter in method.Parameters)
                Note(parameter.ParameterType);
            if (method is GenericInstanceMethod generic)
            {
                foreach (TypeReference argument in generic.GenericArguments)
                    Note(argument);
            }
        }

        private void NoteAttributes(ICustomAttributeProvider provider)
        {
            foreach (CustomAttribute attribute in provider.CustomAttributes)
            {
                Note(attribute.AttributeType);
                foreach (CustomAttributeArgument argument in attribute.ConstructorArguments)
                    Note(argument.Value as TypeReference);
            }
        }

        private void Note(TypeReference? used)
        {
            switch (used)
            {
                case null or GenericParameter:
                    break;
                case GenericInstanceType generic:
                    Note(generic.ElementType);
                    foreach (TypeReference argument in generic.GenericArguments)
                        Note(argument);
                    break;
                case IModifierType modified:
                    Note(modified.ModifierType);
                    Note(modified.ElementType);
                    break;
                case TypeSpecification specification:
                    Note(specification.ElementType);
                    break;
                case var _ when used.Scope == module && Outermost(used) is var target && target.FullName != user.FullName:
                    if (target.Namespace.StartsWith("RsyncS3Backup", StringComparison.Ordinal))
                        uses.Add(new TypeUse(file, user.FullName, user.Namespace, target.FullName, target.Namespace));
                    break;
                default:
                    break;
            }
        }
    }
}
