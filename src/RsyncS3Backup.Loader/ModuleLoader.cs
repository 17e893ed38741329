namespace RsyncS3Backup.Loader;

internal static class ModuleLoader
{
}
