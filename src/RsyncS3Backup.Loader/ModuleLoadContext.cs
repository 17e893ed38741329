using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace RsyncS3Backup.Loader;

/// <summary>Loads what lies in the module's <c>bin</c> folder from there, and leaves the rest (PowerShell, .NET) to the default context.</summary>
internal sealed class ModuleLoadContext(string folder) : AssemblyLoadContext("RsyncS3Backup")
{
    /// <summary>True when the module brings an assembly of that name.</summary>
    public bool Has(AssemblyName name) => File.Exists(FileOf(name));

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName) => Has(assemblyName) ? LoadFromAssemblyPath(FileOf(assemblyName)) : null;

    /// <inheritdoc/>
    protected override IntPtr LoadUnmanagedDll(string unmanagedDllName)
    {
        foreach (string path in NativeCandidates(unmanagedDllName))
        {
            if (File.Exists(path))
                return LoadUnmanagedDllFromPath(path);
        }

        return IntPtr.Zero;
    }

    private string FileOf(AssemblyName name) => Path.Combine(folder, name.Name + ".dll");

    // The layout of NuGet packages, which publishing keeps. A portable runtime id (linux-x64) covers a specific one (ubuntu.24.04-x64).
    private IEnumerable<string> NativeCandidates(string name)
    {
        string runtimes = Path.Combine(folder, "runtimes");
        string[] fileNames = OperatingSystem.IsWindows() ? [name, name + ".dll"]
            : OperatingSystem.IsMacOS() ? [name, $"lib{name}.dylib", name + ".dylib"]
            : [name, $"lib{name}.so", name + ".so"];
        foreach (string runtime in new[] { RuntimeInformation.RuntimeIdentifier, PortableRuntimeIdentifier() })
        {
            foreach (string fileName in fileNames)
                yield return Path.Combine(runtimes, runtime, "native", fileName);
        }
    }

    private static string PortableRuntimeIdentifier()
    {
        string system = OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl"
            : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
