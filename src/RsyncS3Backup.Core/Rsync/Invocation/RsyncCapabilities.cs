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

    private static void Demand(RsyncProgram program, bool isAskedFor, string capability, string key)
    {
        // A program that lists nothing at all is left to say itself what it lacks.
        if (isAskedFor && program.Capabilities.Count > 0 && !program.Capabilities.Contains(capability))
            throw new BackupException(RsyncErrors.RsyncNotCapable(program, capability, key));
    }
}
