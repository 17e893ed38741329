using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>Several runspaces of one process run jobs beside one another, so nothing that they share may change.</summary>
public sealed class StaticStateTests
{
    // Static fields that can change, and why that is no harm.
    private static readonly Dictionary<string, string> Allowed = new()
    {
        ["RsyncS3Backup.Configuration.ConfigurationSecrets.Names"] = "a table that nobody writes to",
        ["RsyncS3Backup.Calendar.CronExpression.Macros"] = "a table that nobody writes to",
        ["RsyncS3Backup.ListText+Joined`1.<Empty>k__BackingField"] = "a list of nothing, to which nobody can add",
        ["RsyncS3Backup.Loader.ModuleLoader.Gate"] = "guards the next one",
        ["RsyncS3Backup.Loader.ModuleLoader.context"] = "one load context for a process is what the loader is for",
        ["RsyncS3Backup.Rsync.Invocation.RsyncProbe.Known"] = "what a program said of itself, under its path, time and length; made for several threads",
        ["RsyncS3Backup.SizeText.Units"] = "a table that nobody writes to",
    };

    [Fact]
    public void No_static_field_of_the_module_can_change()
    {
        using PowerShellSession session = PowerShellSession.Create();
        Assembly[] assemblies =
            [.. session.ModuleAssemblies(), AppDomain.CurrentDomain.GetAssemblies().First(item => item.GetName().Name == "RsyncS3Backup.Loader")];
        Assert.Equal(3, assemblies.Distinct().Count());

        string[] changeable = [.. assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => !IsGenerated(type))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(CanChange).Select(field => $"{field.DeclaringType!.FullName}.{field.Name}").Order(StringComparer.Ordinal)];

        Assert.Equal(string.Join('\n', Allowed.Keys.Order(StringComparer.Ordinal)), string.Join('\n', changeable));
    }

    private static bool CanChange(FieldInfo field) =>
        !field.IsLiteral && field.GetCustomAttribute<ThreadStaticAttribute>() is null
        // The compiler makes fields for lambdas and switches, which it sets once.
        && (!field.Name.StartsWith('<') || field.Name.EndsWith(">k__BackingField", StringComparison.Ordinal))
        && (!field.IsInitOnly || Holds(field.FieldType));

    /// <summary>Collections that can change; arrays are tables here, and nobody writes to them.</summary>
    private static bool Holds(Type type) =>
        !type.IsArray && !type.FullName!.StartsWith("System.Collections.Frozen", StringComparison.Ordinal)
        && !type.FullName.StartsWith("System.Collections.Immutable", StringComparison.Ordinal) && !type.IsInterface
        && (typeof(IDictionary).IsAssignableFrom(type) || typeof(IList).IsAssignableFrom(type)
            || type.GetInterfaces().Any(item => item.IsGenericType && item.GetGenericTypeDefinition() == typeof(ICollection<>))
            || type.FullName.StartsWith("System.Runtime.CompilerServices.ConditionalWeakTable", StringComparison.Ordinal)
            || type == typeof(object) || type.FullName == "System.Threading.Lock");

    // The generator of System.Text.Json keeps what a type looks like, once.
    private static bool IsGenerated(Type type) => type.GetCustomAttribute<CompilerGeneratedAttribute>() is not null
        || type.BaseType?.FullName == "System.Text.Json.Serialization.JsonSerializerContext"
        || type.Name.StartsWith('<') || (type.DeclaringType is { } outer && IsGenerated(outer));
}
