using RsyncS3Backup.State;

namespace RsyncS3Backup.Input;

/// <summary>
/// The JSON schema where an editor finds it also after the next update: a module's own folder bears its version's number and goes with it, so
/// a copy lies in the state folder, beside the folders of the jobs.
/// </summary>
internal static class SchemaFile
{
    private const string Name = "backup-job.schema.json";

    /// <summary>The address for <c>$schema</c>; null where there is no schema, or nothing can be written.</summary>
    /// <param name="moduleFolder">The module's folder; null when it runs without one.</param>
    internal static string? Address(string? moduleFolder)
    {
        string shipped = Path.Combine(moduleFolder ?? "", "schema", Name);
        if (moduleFolder is null || !File.Exists(shipped))
            return null;
        string place = Path.Combine(StateFolder.Root(), Name);
        string temporary = $"{place}.{Guid.NewGuid():N}.tmp";
        try
        {
            byte[] content = File.ReadAllBytes(shipped);
            if (!File.Exists(place) || !content.AsSpan().SequenceEqual(File.ReadAllBytes(place)))
            {
                StateFolder.CreateRoot();
                using (FileStream file = new(temporary, FileMode.CreateNew))
                    file.Write(content);
                File.Move(temporary, place, overwrite: true);
            }

            return new Uri(place).AbsoluteUri;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // The job is as good without.
            return null;
        }
    }
}
