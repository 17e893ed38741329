using System.Management.Automation;
using System.Reflection;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

public sealed class ManifestTests
{
    [Fact]
    public void The_module_exports_exactly_the_cmdlets_of_its_assembly()
    {
        using PowerShellSession session = PowerShellSession.Create();
        string[] exported = session.Texts("(Get-Command -Module RsyncS3Backup).Name");

        IEnumerable<string> inAssembly = session.ModuleAssemblies()[0].GetExportedTypes()
            .SelectMany(type => type.GetCustomAttributes<CmdletAttribute>(inherit: false))
            .Select(cmdlet => $"{cmdlet.VerbName}-{cmdlet.NounName}");

        Assert.Equal(inAssembly.Order(), exported.Order());
    }

    [Fact]
    public void The_manifest_names_every_export_so_that_command_discovery_needs_no_import()
    {
        using PowerShellSession session = PowerShellSession.CreateWithoutModule();
        SessionResult result = session.Run("param($Path) Get-Module -ListAvailable $Path", Repository.Manifest).ThrowOnError();

        PSModuleInfo module = (PSModuleInfo)result.Objects.Single().BaseObject;
        using PowerShellSession imported = PowerShellSession.Create();
        Assert.Equal(imported.Texts("(Get-Command -Module RsyncS3Backup).Name").Order(), module.ExportedCmdlets.Keys.Order());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("BackupAction")]
    [InlineData("BackupPlan")]
    [InlineData("BackupResult")]
    [InlineData("RsyncStageResult")]
    [InlineData("S3SyncStageResult")]
    [InlineData("BackupRun")]
    [InlineData("BackupConfiguration")]
    [InlineData("ConfigurationProblem")]
    [InlineData("BackupStatus")]
    public void A_result_type_is_found_by_its_name(string name)
    {
        using PowerShellSession session = PowerShellSession.Create();

        Assert.Equal([$"RsyncS3Backup.{name}"], session.Texts($"[RsyncS3Backup.{name}].FullName"));
    }

    [Fact]
    public void The_result_type_found_by_name_is_the_one_that_cmdlets_emit()
    {
        using PowerShellSession session = PowerShellSession.Create();

        Assert.Equal(["True"], session.Texts(
            "(Get-BackupScheduleOccurrence '0 2 * * *' UTC -Count 1).GetType() -eq [RsyncS3Backup.ScheduleOccurrence]"));
    }

    [Fact]
    public void PowerShells_own_assemblies_are_not_staged() =>
        Assert.DoesNotContain(
            Directory.GetFiles(Repository.StagedModule, "*.dll", SearchOption.AllDirectories),
            path => Path.GetFileName(path).StartsWith("System.Management.Automation", StringComparison.Ordinal)
                || Path.GetFileName(path).StartsWith("PowerShellStandard", StringComparison.Ordinal));

    [Fact]
    public void A_native_SQLite_is_staged_for_each_system_that_PowerShell_runs_on() =>
        Assert.Equal(
            [
                "linux-arm", "linux-arm64", "linux-musl-arm64", "linux-musl-x64", "linux-x64", "osx-arm64", "osx-x64", "win-arm64", "win-x64",
                "win-x86",
            ],
            Directory.GetFiles(Path.Combine(Repository.StagedModule, "bin", "runtimes"), "*e_sqlite3.*", SearchOption.AllDirectories)
                .Select(path => path.Split(Path.DirectorySeparatorChar)[^3]).Order(StringComparer.Ordinal));

    [Fact]
    public void Only_the_loader_lies_beside_the_manifest() =>
        Assert.Equal(["RsyncS3Backup.Loader.dll"], Directory.GetFiles(Repository.StagedModule, "*.dll").Select(Path.GetFileName));

    [Fact]
    public void No_type_of_the_AWS_SDK_is_on_a_public_surface()
    {
        using PowerShellSession session = PowerShellSession.Create();
        IEnumerable<string> leaks =
            from assembly in session.ModuleAssemblies()
            from type in assembly.GetExportedTypes()
            from leak in PublicSurface.TypesOf(type)
            where leak.FullName?.StartsWith("Amazon.", StringComparison.Ordinal) == true
            select $"{type.FullName} shows {leak.FullName}";

        Assert.Empty(leaks);
    }
}
