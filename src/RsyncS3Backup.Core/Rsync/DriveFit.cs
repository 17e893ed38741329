using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Sources;

namespace RsyncS3Backup.Rsync;

/// <summary>Fits a run to the mirror's drive: rsync is asked for what the drive can keep, and passes over what it cannot hold by its name.</summary>
/// <param name="scope">The run.</param>
/// <param name="traits">What the drive does.</param>
internal sealed class DriveFit(RsyncScope scope, FileSystemTraits traits)
{
    /// <summary>What the drive does.</summary>
    public FileSystemTraits Traits => traits;

    private string Mirror => scope.Request.Options.LocalDestination;

    /// <summary>
    /// To the drive as it is, which is asked once. One that cannot be asked now, because it is full for one, is taken for an ordinary one.
    /// </summary>
    /// <exception cref="BackupException">The job asks for what the drive cannot do.</exception>
    public static DriveFit Of(MirrorGuard guard, RsyncScope scope)
    {
        try
        {
            DriveFit fit = new(scope, guard.FindTraits(scope.Report, out bool isNew));
            fit.Tell(isNew);
            return fit;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string mirror = scope.Request.Options.LocalDestination;
            scope.Context.Verbose($"The drive of the mirror '{mirror}' could not be asked what it keeps: {exception.Message}");
            return new DriveFit(scope, new FileSystemTraits());
        }
    }

    /// <summary>A job's options and sources as the drive can keep them.</summary>
    public (RsyncOptions Options, IReadOnlyList<RsyncLeg> Legs) Apply(
        RsyncOptions options, IReadOnlyList<RsyncLeg> legs, CancellationToken cancellationToken)
    {
        RsyncOptions fit = DriveArguments.Fit(options, traits);
        if (!SourceNames.AreNeeded(traits))
            return (fit, legs);
        bool areTooMany = false;
        List<RsyncLeg> fitLegs = [];
        foreach (RsyncLeg leg in legs)
        {
            if (leg.Remote is not null)
            {
                fitLegs.Add(leg);
                continue;
            }

            SourceNames names = SourceNames.Find(leg, fit, traits, cancellationToken);
            foreach (string path in names.Refused)
                scope.LeftOut.Add(LeftOutKind.Name, InMirror(leg, path));
            foreach (string path in names.Twins)
                scope.LeftOut.Add(LeftOutKind.SameName, InMirror(leg, path));
            areTooMany |= names.AreTooMany;
            fitLegs.Add(leg with { NameRules = [.. names.Arguments(RsyncCommandLine.Literal)] });
        }

        if (!areTooMany || !fit.DeleteExtraneous)
            return (fit, fitLegs);
        scope.Report.Warning($"Nothing is deleted from the mirror '{Mirror}': too many names of the sources differ from those in the mirror, or from "
            + "one another, only in what its drive does not tell apart, such as upper and lower case. Rename them, or move the mirror to a drive that "
            + "tells them apart.");
        return (fit with { DeleteExtraneous = false, DeleteExcluded = false }, fitLegs);
    }

    /// <summary>What a drive does not keep of what a job asks for.</summary>
    /// <param name="options">What the job asks for.</param>
    /// <param name="traits">What the drive of its mirror does.</param>
    /// <exception cref="BackupException">The job asks for what the drive cannot do.</exception>
    public static IReadOnlyList<string> Losses(RsyncOptions options, FileSystemTraits traits) =>
        options.Ownership == MirrorOwnership.FakeSuper && !traits.HasExtendedAttributes
            ? throw new BackupException(RsyncErrors.FakeSuperNotPossible(options.LocalDestination))
            : [.. DriveArguments.Losses(options, traits)];

    private static string InMirror(RsyncLeg leg, string path) => leg.Name is null ? path : $"{leg.Name}/{path}";

    private void Tell(bool isNew)
    {
        IReadOnlyList<string> losses = Losses(scope.Request.Options, traits);
        if (losses.Count == 0)
            return;
        string warning = $"The drive of the mirror '{Mirror}' does not keep: {string.Join(", ", losses)}. The mirror and S3 have the files without them. "
            + "about_RsyncS3Backup_Drives tells which drives keep what.";
        // Nothing can be done about it, so it is said when it is found out, and again when the drive is another one.
        if (isNew)
            scope.Report.Warning(warning);
        else
            scope.Context.Verbose(warning);
    }
}
