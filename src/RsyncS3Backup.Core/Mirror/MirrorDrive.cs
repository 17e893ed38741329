using System.Text.Json;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Mirror;

/// <summary>What the file system of a mirror does, and of which one that was found out.</summary>
/// <param name="Place">The file system, how it is mounted, and the user; another one is asked anew.</param>
/// <param name="Traits">What it does.</param>
internal sealed record MirrorDrive(string Place, FileSystemTraits Traits)
{
    /// <summary>What the names of entries begin with by which a mirror's file system is asked; they are never sent to S3.</summary>
    public const string ProbePrefix = ".rsyncs3backup-probe-";

    /// <summary>Where a mirror is, told so that what may change what can be kept there changes it.</summary>
    public static string PlaceOf(string mirror)
    {
        string folder = Folder(mirror);
        FileSystemIdentity identity = FileSystemIdentity.Of(folder);
        string options = OperatingSystem.IsLinux() ? MountLine.Of(folder)?.Options ?? "" : "";
        string user = OperatingSystem.IsWindows() ? "" : UnixCalls.User == 0 ? "root" : "user";
        return string.Join(' ', new[] { identity.ToString(), options, user }.Where(part => part.Length > 0));
    }

    /// <summary>Asks the file system of a mirror, or of the folder that it will be made in.</summary>
    /// <exception cref="IOException">Nothing can be made there.</exception>
    /// <exception cref="UnauthorizedAccessException">Nothing can be made there.</exception>
    public static MirrorDrive Probe(string mirror, string place)
    {
        string folder = RealPath.Of(Folder(mirror));
        // Above a mirror that is still to be made, other jobs may ask at the same moment.
        string prefix = Directory.Exists(mirror) ? ProbePrefix : $"{ProbePrefix}{Guid.NewGuid():N}-";
        FileSystemTraits traits = new();
        FolderTime.Keep(folder, () =>
        {
            if (OperatingSystem.IsWindows())
            {
                traits = FileSystemProbe.Look(folder, prefix);
                return;
            }

            using FolderHandle handle = UnixCalls.OpenRoot(folder);
            traits = FileSystemProbe.Look(handle, prefix, FileSystemIdentity.Of(folder).Type);
        });
        return new MirrorDrive(place, traits);
    }

    /// <summary>What was written by <see cref="Write"/>.</summary>
    public static MirrorDrive Read(JsonElement json)
    {
        FileSystemTraits usual = new();
        return new MirrorDrive(json.GetProperty("place").GetString()!, new FileSystemTraits
        {
            TimeStep = json.GetProperty("timeStep").GetInt64(),
            FoldsCase = json.GetProperty("foldsCase").GetBoolean(),
            FoldsNormalization = json.GetProperty("foldsNormalization").GetBoolean(),
            KeepsPermissions = json.GetProperty("keepsPermissions").GetBoolean(),
            KeepsOwners = json.GetProperty("keepsOwners").GetBoolean(),
            HasSymbolicLinks = json.GetProperty("hasSymbolicLinks").GetBoolean(),
            HasHardLinks = json.GetProperty("hasHardLinks").GetBoolean(),
            HasSpecialFiles = json.GetProperty("hasSpecialFiles").GetBoolean(),
            HasExtendedAttributes = json.GetProperty("hasExtendedAttributes").GetBoolean(),
            RefusedCharacters = json.GetProperty("refusedCharacters").GetString() ?? usual.RefusedCharacters,
            LargestFile = json.TryGetProperty("largestFile", out JsonElement largest) ? largest.GetInt64() : null,
        });
    }

    /// <summary>What a drive keeps, as a text that is another one where it keeps something else.</summary>
    public static string KindOf(FileSystemTraits traits) => string.Join(
        ' ', traits.TimeStep, traits.FoldsCase, traits.FoldsNormalization, traits.KeepsPermissions, traits.KeepsOwners, traits.HasSymbolicLinks,
        traits.HasHardLinks, traits.HasSpecialFiles, traits.HasExtendedAttributes, traits.RefusedCharacters, traits.LargestFile);

    /// <summary>Writes it as an object's properties.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("place", Place);
        json.WriteNumber("timeStep", Traits.TimeStep);
        json.WriteBoolean("foldsCase", Traits.FoldsCase);
        json.WriteBoolean("foldsNormalization", Traits.FoldsNormalization);
        json.WriteBoolean("keepsPermissions", Traits.KeepsPermissions);
        json.WriteBoolean("keepsOwners", Traits.KeepsOwners);
        json.WriteBoolean("hasSymbolicLinks", Traits.HasSymbolicLinks);
        json.WriteBoolean("hasHardLinks", Traits.HasHardLinks);
        json.WriteBoolean("hasSpecialFiles", Traits.HasSpecialFiles);
        json.WriteBoolean("hasExtendedAttributes", Traits.HasExtendedAttributes);
        json.WriteString("refusedCharacters", Traits.RefusedCharacters);
        if (Traits.LargestFile is { } largest)
            json.WriteNumber("largestFile", largest);
    }

    private static string Folder(string mirror) => Directory.Exists(mirror) ? mirror : Path.GetDirectoryName(mirror) ?? mirror;
}
