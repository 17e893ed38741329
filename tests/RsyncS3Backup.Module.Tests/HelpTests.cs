using System.Management.Automation;
using System.Text.RegularExpressions;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>The pages in docs/en-US, and the help made of them, against the real cmdlets.</summary>
[Trait("Category", "Slow")]
public sealed partial class HelpTests
{
    private static readonly HashSet<string> Common =
        [.. Cmdlet.CommonParameters, .. Cmdlet.OptionalCommonParameters];

    public static TheoryData<string> Cmdlets()
    {
        using PowerShellSession session = PowerShellSession.Create();
        return [.. session.Texts("(Get-Command -Module RsyncS3Backup).Name")];
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void A_page_documents_exactly_the_parameters_of_its_cmdlet(string cmdlet)
    {
        using PowerShellSession session = PowerShellSession.Create();
        IEnumerable<string> parameters = session.Texts("param($Name) (Get-Command $Name).Parameters.Keys", cmdlet)
            .Where(name => !Common.Contains(name));

        Assert.Equal(parameters.Order(), Headings(cmdlet).Where(name => !Common.Contains(name)).Order());
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Get_Help_finds_a_synopsis_examples_and_every_parameter(string cmdlet)
    {
        using PowerShellSession session = PowerShellSession.Create();
        string[] lines = session.Texts(
            "param($Name) $help = Get-Help $Name -Full; $help.Synopsis; @($help.examples.example).Count; $help.parameters.parameter.name", cmdlet);

        Assert.DoesNotContain(cmdlet, lines[0], StringComparison.OrdinalIgnoreCase);
        Assert.Contains(cmdlet.Split('-')[0], lines[0], StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual("0", lines[1]);
        Assert.Equal(Headings(cmdlet).Where(name => !Common.Contains(name)).Order(), lines[2..].Where(name => !Common.Contains(name)).Order());
    }

    private static IEnumerable<string> Headings(string cmdlet)
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "en-US", cmdlet + ".md"));
        return ParameterHeading().Matches(page).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex(@"^### -(\w+)\s*$", RegexOptions.Multiline)]
    private static partial Regex ParameterHeading();
}
