using System.Reflection;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>The types that callers of a type get to see.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<Type> TypesOf(Type type)
    {
        IEnumerable<Type> types = type.GetInterfaces();
        if (type.BaseType is not null)
            types = types.Append(type.BaseType);
        foreach (MethodBase method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).Where(IsVisible))
        {
            types = types.Concat(method.GetParameters().Select(parameter => parameter.ParameterType));
            if (method is MethodInfo { ReturnType: { } returned })
                types = types.Append(returned);
        }

        types = types.Concat(type.GetFields(Declared)
            .Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly)
            .Select(field => field.FieldType));
        return types.SelectMany(WithParts).Distinct();
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static IEnumerable<Type> WithParts(Type type)
    {
        yield return type;
        if (type.HasElementType)
        {
            foreach (Type part in WithParts(type.GetElementType()!))
                yield return part;
        }

        foreach (Type part in type.GetGenericArguments().Where(argument => !argument.IsGenericParameter).SelectMany(WithParts))
            yield return part;
    }
}
