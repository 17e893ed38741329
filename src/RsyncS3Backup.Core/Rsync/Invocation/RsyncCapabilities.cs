namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>What a job asks of rsync that not every rsync was built with.</summary>
internal static class RsyncCapabilities
{
    /// <summary>Demands that an rsync can do what the options ask for.</summary>
    /// <exception cref="BackupException">It cannot.</exception>
    public static void Demand(RsyncProgram program, RsyncOptions options)
    {
        Demand(program, options.Acls, "ACLs", "acls");
        Demand(program, options.ExtendedAttributes, "xattrs", "extendedAttributes");
        Demand(program, options.HardLinks, "hardlinks", "hardLinks");
        Demand(program, options.Inplace, "inplace", "inplace");
    }

    /// <summary>What to say of an rsync that is given sources on other machines; null for nothing.</summary>
    public static string? RemoteWarning(RsyncProgram program)
    {
        // CVE-2024-12087 and CVE-2024-12088, of which both let the other side write outside of the mirror: NEWS of rsync 3.4.0.
        Version repaired = new(3, 4, 0);
        return program.Version >= repaired
            ? null
            : $"rsync {program.VersionText} ('{program.Path}') may let the machine that it copies from write outside of the mirror (CVE-2024-12087, "
                + "CVE-2024-12088). rsync 3.4.0 does not; some distributions repaired older ones.";
    }

    private static void Demand(RsyncProgram program, bool isAskedFor, string capability, string key)
    {
        // A program that lists nothing at all is left to say itself what it lacks.
        if (isAskedFor && program.Capabilities.Count > 0 && !program.Capabilities.Contains(capability))
            throw new BackupException(RsyncErrors.RsyncNotCapable(program, capability, key));
    }
}
