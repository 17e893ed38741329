namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>One rsync program and what it can do.</summary>
/// <param name="Path">The program, absolute.</param>
/// <param name="Version">Its version's numbers.</param>
/// <param name="VersionText">Its version as it says it, e.g. <c>3.4.0pre1</c>.</param>
/// <param name="Capabilities">What it was built with, e.g. <c>ACLs</c>, <c>xattrs</c>; what it says <c>no</c> to is not in it.</param>
internal sealed record RsyncProgram(string Path, Version Version, string VersionText, IReadOnlySet<string> Capabilities)
{
    /// <summary>How it names this machine's paths.</summary>
    public RsyncPathStyle PathStyle { get; init; }
}
