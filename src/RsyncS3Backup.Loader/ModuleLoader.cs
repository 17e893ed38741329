using System.Management.Automation;
using System.Runtime.Loader;

namespace RsyncS3Backup.Loader;

/// <summary>
/// Runs first when the module is imported, and makes the module's own assemblies load in a load context of their own.
/// </summary>
/// <remarks>
/// Another module's AWSSDK.Core has the same assembly version as ours, so the default context would hand one of them to both modules. The
/// engine asks the default context for the nested modules by name; it does not find them, because they lie in a subfolder, and raises
/// <see cref="AssemblyLoadContext.Resolving"/>. Only our own two names are answered here: everything they need is asked of their own
/// context. There is no clean-up on removal, on purpose: assemblies stay loaded, a second runspace may still use them, and type literals
/// of results that outlive the module must keep resolving.
/// </remarks>
public sealed class ModuleLoader : IModuleAssemblyInitializer
{
    private static readonly object Gate = new();
    private static ModuleLoadContext? context;

    /// <summary>Called by the engine on every import.</summary>
    public void OnImport()
    {
        lock (Gate)
        {
            if (context is not null)
                return;
            string moduleFolder = Path.GetDirectoryName(typeof(ModuleLoader).Assembly.Location)!;
            ModuleLoadContext created = new(Path.Combine(moduleFolder, "bin"));
            AssemblyLoadContext.Default.Resolving += (_, name) =>
                // A context that lacks an assembly asks the default one, which would ask here again, for ever.
                name.Name is "RsyncS3Backup" or "RsyncS3Backup.Core" && created.Has(name) ? created.LoadFromAssemblyName(name) : null;
            context = created;
        }
    }
}
