# The two assemblies in bin/, as one nested module of ../RsyncS3Backup.psd1. They are named without a folder: the engine loads a path that
# exists into the default load context, and asks for a bare name, which the loader answers. Test-ModuleManifest, and so
# Publish-PSResource, refuses such a name in the manifest that it is given, and asks of this one only that the file is there. It lies in
# a folder of its own because Publish-PSResource takes the first manifest that it finds beside the other.
@{
    # Demanded, and read by nobody: the module's version is in ../RsyncS3Backup.psd1.
    ModuleVersion      = '1.0'
    # Core has no cmdlets that the engine would have to look for. It is named, although the other one would bring it along, because only
    # types of assemblies that a manifest names are found by name.
    RequiredAssemblies = @('RsyncS3Backup.Core.dll')
    NestedModules      = @('RsyncS3Backup.dll')
    CmdletsToExport    = '*'
    FunctionsToExport  = @()
    VariablesToExport  = @()
    AliasesToExport    = @()
}
