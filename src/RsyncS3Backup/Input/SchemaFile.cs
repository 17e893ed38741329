using RsyncS3Backup.Configuration;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Input;

/// <summary>
/// The JSON schema where an editor finds it also after the next update: a module's own folder bears its version's number and goes
/// with it, so a copy lies in the state folder, beside the folders of the jobs.
/// </summary>
internal static class SchemaFile
{
    private const string Name = "backup-job.schema.json";

    /// <summary>The address for <c>$schema</c>, see <see cref="Keep"/>; null for a module without a schema.</summary>
    /// <param name="moduleFolder">The module's folder; null when it runs without one.</param>
    internal static string? Address(string? moduleFolder) => Shipped(moduleFolder) is null ? null : new Uri(Place).AbsoluteUri;

    /// <summary>
    /// Puts the schema of this version there. A job is as good without, so that it cannot be written stops nothing.
    /// </summary>
    /// <param name="moduleFolder">The module's folder; null when it runs without one.</param>
    internal static void Keep(string? moduleFolder)
    {
        if (Shipped(moduleFolder) is not { } shipped)
            return;
        string temporary = $"{Place}.{Guid.NewGuid():N}.tmp";
        try
        {
            string content = File.ReadAllText(shipped);
            // That of a later version stays: it is how this one can say which version knows a key.
            if (File.Exists(Place) && File.ReadAllText(Place) is { } there
                && (there == content || NamedSchema.IsNewer(there, content)))
                return;
            StateFolder.CreateRoot();
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            using (StreamWriter file = new(temporary, options))
                file.Write(content);
            File.Move(temporary, Place, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // An editor does without.
        }
    }

    private static string Place => Path.Combine(StateFolder.Root(), Name);

    private static string? Shipped(string? moduleFolder) =>
        moduleFolder is not null && Path.Combine(moduleFolder, "schema", Name) is var path && File.Exists(path) ? path : null;
}
