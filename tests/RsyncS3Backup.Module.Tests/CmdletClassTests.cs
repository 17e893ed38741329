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

    [Fact]
    public void Every_parameter_that_is_a_time_takes_the_year_for_what_it_is()
    {
        IEnumerable<(string, bool)> times =
            from cmdlet in Cmdlets()
            from property in Bases(cmdlet).Prepend(cmdlet).SelectMany(Declared)
            where property.IsDefined(typeof(ParameterAttribute), inherit: false)
            let type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
            where type == typeof(DateTimeOffset) || type == typeof(DateTime)
            select ($"{cmdlet.Name}.{property.Name}", property.GetCustomAttributes().Any(known => known.GetType().Name == "TimeTransformationAttribute"));

        Assert.NotEmpty(times);
        Assert.DoesNotContain(times, time => !time.Item2);
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    [InlineData("th-TH")]
    [InlineData("ar-SA")]
    [InlineData("fa-IR")]
    public void A_time_that_begins_with_the_year_is_the_same_in_every_culture(string culture)
    {
        const string script = """
            param($Culture) [Globalization.CultureInfo]::CurrentCulture = $Culture
            (Get-BackupScheduleOccurrence '0 2 * * *' UTC -After '2026-11-01T12:00+02:00' -Count 1).Utc.ToUnixTimeSeconds()
            """;

        Assert.Equal([$"{new DateTimeOffset(2026, 11, 2, 2, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds()}"], session.Texts(script, culture));
    }

    [Fact]
    public void A_time_that_does_not_is_one_of_the_culture()
    {
        const string script = """
            [Globalization.CultureInfo]::CurrentCulture = 'th-TH'
            (Get-BackupScheduleOccurrence '0 2 * * *' UTC -After '1/12/2569 12:00:00' -Count 1).Utc.UtcDateTime.Year
            """;

        Assert.Equal(["2026"], session.Texts(script));
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
