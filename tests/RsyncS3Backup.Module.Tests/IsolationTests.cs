using System.Runtime.InteropServices;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>
/// Another module's AWS SDK has the same assembly version as ours. Each test runs in a process of its own, because what is loaded stays.
/// </summary>
[Trait("Category", "Slow")]
public sealed class IsolationTests : IDisposable
{
    private const string ListLoaded = """
        foreach ($assembly in [AppDomain]::CurrentDomain.GetAssemblies()) {
            $name = $assembly.GetName().Name
            if ($name -like 'AWSSDK.*' -or $name -like 'SQLitePCLRaw.*') { '{0} in {1}' -f $name, [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($assembly).Name }
        }

        """;

    private readonly TemporaryFolder folder = new();

    private static string Import => $"Import-Module '{Repository.Manifest}'\n";

    // What the first use of S3 does: code of Core asks its own context for the AWS SDK.
    private static string UseOurSdk => """
        $ours = [Runtime.Loader.AssemblyLoadContext]::GetLoadContext([RsyncS3Backup.BackupResult].Assembly)
        foreach ($name in 'AWSSDK.S3', 'AWSSDK.Core') { [void]$ours.LoadFromAssemblyName([Reflection.AssemblyName]::new($name)).GetTypes() }

        """;

    // What a run does, by reflection, because the catalog is no public type. Writing needs the native library in full.
    private string OpenCatalog => $$"""
        $core = [RsyncS3Backup.BackupResult].Assembly
        $identity = [Activator]::CreateInstance($core.GetType('RsyncS3Backup.State.Catalogs.CatalogIdentity'), [object[]]('endpoint', 'bucket', 'prefix/', '/mirror'))
        $type = $core.GetType('RsyncS3Backup.State.Catalogs.Catalog')
        $catalog = $type.GetMethod('Open').Invoke($null, [object[]]('{{folder.File("catalog.db")}}', $identity))
        [string]$type.GetProperty('Doubt').GetValue($catalog)
        $type.GetMethod('BeginRun').Invoke($catalog, [object[]]($true, [DateTimeOffset]::UtcNow))
        $type.GetMethod('EndRun').Invoke($catalog, [object[]]($true, $null))
        if ($type.GetProperty('Failure').GetValue($catalog)) { throw $type.GetProperty('Failure').GetValue($catalog) }
        $catalog.Dispose()

        """;

    private string LoadAnotherSdk
    {
        get
        {
            string script = "";
            foreach (string name in new[] { "AWSSDK.Core.dll", "AWSSDK.S3.dll" })
            {
                string copy = folder.File(name);
                File.Copy(Path.Combine(Repository.StagedModule, "bin", name), copy, overwrite: true);
                script += $"[void][Reflection.Assembly]::LoadFrom('{copy}').GetTypes()\n";
            }

            return script;
        }
    }

    [Fact]
    public void Listing_jobs_and_completing_their_names_loads_no_AWS_assembly()
    {
        File.WriteAllText(folder.File("photos.json"), "{}");

        string[] lines = FreshProcess.Run(
            Import + "(Get-BackupJob).Name; (TabExpansion2 'Get-BackupJob -Name ' 20).CompletionMatches.CompletionText\n" + ListLoaded,
            ("RSYNCS3BACKUP_JOBS", folder.Path), ("RSYNCS3BACKUP_STATE", folder.File("state")));

        Assert.Equal(["photos", "photos"], lines);
    }

    [Fact]
    public void Importing_loads_no_assembly_of_the_AWS_SDK_or_of_SQLite() => Assert.Empty(FreshProcess.Run(Import + ListLoaded));

    [Fact]
    public void Asking_for_help_and_completion_loads_no_assembly_of_the_AWS_SDK_or_of_SQLite() => Assert.Empty(FreshProcess.Run(
        Import + "[void](Get-Help Invoke-S3SyncStage); [void](TabExpansion2 'Invoke-S3SyncStage -ProfileName ' 32)\n" + ListLoaded));

    [Fact]
    public void An_SDK_loaded_before_the_import_stays_apart_from_ours() =>
        AssertBothLoaded(FreshProcess.Run(LoadAnotherSdk + Import + UseOurSdk + ListLoaded));

    [Fact]
    public void An_SDK_loaded_after_the_import_stays_apart_from_ours() =>
        AssertBothLoaded(FreshProcess.Run(Import + UseOurSdk + LoadAnotherSdk + ListLoaded));

    [Fact]
    public void An_SDK_loaded_between_the_import_and_the_first_use_stays_apart_from_ours() =>
        AssertBothLoaded(FreshProcess.Run(Import + LoadAnotherSdk + UseOurSdk + ListLoaded));

    [Fact]
    public void The_catalog_opens_with_the_modules_own_SQLite() =>
        Assert.Equal(
            ["Missing", .. SqliteAssemblies("RsyncS3Backup")],
            FreshProcess.Run(Import + OpenCatalog + ListLoaded).Order(StringComparer.Ordinal));

    [Fact]
    public void Another_SQLite_in_the_session_and_ours_leave_each_other_alone()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(Repository.StagedModule, "bin"), "SQLitePCLRaw.*.dll"))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        // Beside the assembly that asks for it, the runtime finds a native library by itself.
        string native = Directory.GetFiles(Path.Combine(Repository.StagedModule, "bin", "runtimes", RuntimeInformation.RuntimeIdentifier, "native"))[0];
        File.Copy(native, folder.File(Path.GetFileName(native)));
        string useAnother = $$"""
            foreach ($name in 'core', 'provider.e_sqlite3', 'batteries_v2') {
                $another = [Reflection.Assembly]::LoadFrom("{{folder.Path}}/SQLitePCLRaw.$name.dll")
            }
            $another.GetType('SQLitePCL.Batteries_V2').GetMethod('Init').Invoke($null, @())

            """;

        string[] lines = FreshProcess.Run(useAnother + Import + OpenCatalog + useAnother + ListLoaded);

        Assert.Equal(
            ["Missing", .. SqliteAssemblies("Default"), .. SqliteAssemblies("RsyncS3Backup")],
            lines.OrderBy(line => line.StartsWith("SQLite", StringComparison.Ordinal))
                .ThenBy(line => line.EndsWith("RsyncS3Backup", StringComparison.Ordinal)).ThenBy(line => line, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Import-Module '{0}' -Force")]
    [InlineData("Remove-Module RsyncS3Backup; Import-Module '{0}'")]
    [InlineData(
        "$space = [RunspaceFactory]::CreateRunspace([InitialSessionState]::CreateDefault2()); $space.Open(); "
        + "$shell = [PowerShell]::Create($space); [void]$shell.AddScript('Import-Module ''{0}'' -ErrorAction Stop; [RsyncS3Backup.BackupResult]').Invoke()")]
    public void Importing_again_uses_the_same_assemblies(string again)
    {
        string[] lines = FreshProcess.Run(
            Import + string.Format(null, again, Repository.Manifest) + "\n" + UseOurSdk + """
                (Get-Command Invoke-RsyncStage).ImplementingType.Assembly.Location
                foreach ($assembly in [AppDomain]::CurrentDomain.GetAssemblies()) {
                    if ($assembly.GetName().Name -in 'RsyncS3Backup', 'RsyncS3Backup.Core') {
                        '{0} in {1}' -f $assembly.GetName().Name, [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($assembly).Name
                    }
                }
                """);

        Assert.Equal(Repository.Assembly("RsyncS3Backup"), lines[0]);
        Assert.Equal(["RsyncS3Backup in RsyncS3Backup", "RsyncS3Backup.Core in RsyncS3Backup"], lines[1..].Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_loader_without_its_assemblies_beside_it_makes_an_error_and_does_not_crash()
    {
        File.Copy(Path.Combine(Repository.StagedModule, "RsyncS3Backup.Loader.dll"), Path.Combine(folder.Path, "RsyncS3Backup.Loader.dll"));
        string broken = Path.Combine(folder.Path, "broken.psd1");
        File.WriteAllText(broken, "@{ ModuleVersion = '1.0'; NestedModules = @('RsyncS3Backup.Loader.dll', 'RsyncS3Backup.dll') }");

        // A process that crashed would end with another code, and say nothing.
        InvalidOperationException failed = Assert.Throws<InvalidOperationException>(() => FreshProcess.Run($$"""
            try { Import-Module '{{broken}}' -ErrorAction Stop; 'imported' } catch { 'refused' }
            """));

        Assert.StartsWith("The probe ended with 1: refused", failed.Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static IEnumerable<string> SqliteAssemblies(string context) =>
        new[] { "batteries_v2", "core", "provider.e_sqlite3" }.Select(name => $"SQLitePCLRaw.{name} in {context}");

    private static void AssertBothLoaded(string[] lines)
    {
        Assert.Contains("AWSSDK.Core in Default", lines);
        Assert.Contains("AWSSDK.Core in RsyncS3Backup", lines);
        Assert.Contains("AWSSDK.S3 in RsyncS3Backup", lines);
    }
}
