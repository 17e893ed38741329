using System.Management.Automation;
using System.Reflection;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>How the classes of the cmdlets are built. What several cmdlets share is held by each; classes are inherited for parameters alone.</summary>
public sealed class CmdletClassTests : IDisposable
{
    private const int MostLevels = 2;

    private readonly PowerShellSession session = PowerShellSession.Create();

    public void Dispose() => session.Dispose();

    [Fact]
    public void A_cmdlet_inherits_two_classes_of_ours_at_most()
    {
        IEnumerable<string> deep =
            from cmdlet in Cmdlets()
            let bases = Bases(cmdlet).TakeWhile(type => type != typeof(PSCmdlet)).ToArray()
            where bases.Length > MostLevels
            select $"{cmdlet.Name} <- {string.Join(" <- ", bases.Select(type => type.Name))}";

        Assert.Empty(deep);
    }

    [Fact]
    public void No_parameter_hides_or_overrides_another_property()
    {
        IEnumerable<string> twice =
            from cmdlet in Cmdlets()
            from property in Bases(cmdlet).Prepend(cmdlet).SelectMany(Declared)
            group property by (Cmdlet: cmdlet, Name: property.Name.ToUpperInvariant()) into same
            where same.Count() > 1 && same.Any(property => property.IsDefined(typeof(ParameterAttribute), inherit: false))
            select $"{same.Key.Cmdlet.Name}: {string.Join(" over ", same.Select(property => $"{property.DeclaringType!.Name}.{property.Name}"))}";

        Assert.Empty(twice);
    }

    private Type[] Cmdlets()
    {
        Type[] cmdlets = [.. session.ModuleAssemblies()[0].GetExportedTypes().Where(type => type.IsDefined(typeof(CmdletAttribute), inherit: false))];
        Assert.NotEmpty(cmdlets);
        return cmdlets;
    }

    private static IEnumerable<Type> Bases(Type type)
    {
        for (Type? above = type.BaseType; above is not null; above = above.BaseType)
            yield return above;
    }

    private static PropertyInfo[] Declared(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly);
}
