namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>options.rsync</c>: stage 1.</summary>
internal sealed class RsyncKeys() : ConfigurationSection<RsyncOptions>(OptionsKeys.None.Rsync)
{
    protected override IEnumerable<ConfigurationKey<RsyncOptions>> MakeTable() =>
    [
        Path("localDestination", KeyRule.Mirror,
            rsync => rsync.LocalDestination, (rsync, value) => rsync with { LocalDestination = value },
            "The mirror's root folder: absolute, or starting with `~/`. It must not be a source, be inside a source or hold a "
            + "source.") with
        { Required = true, Examples = """["/Volumes/Backup/photos"]""", Parameter = "MirrorPath" },

        Flag("deleteExtraneous", rsync => rsync.DeleteExtraneous, (rsync, value) => rsync with { DeleteExtraneous = value },
            "Delete from the mirror what the sources no longer have.") with { IsAlwaysWritten = true },

        Texts("excludePatterns", KeyRule.Pattern,
            rsync => rsync.ExcludePatterns, (rsync, value) => rsync with { ExcludePatterns = value },
            "What is left out, as [rsync's exclude patterns](https://download.samba.org/pub/rsync/rsync.1#FILTER_RULES).") with
        { IsAlwaysWritten = true, Examples = """[[".DS_Store", "Thumbs.db"]]""", Parameter = "ExcludePattern" },

        Flag("hardLinks", rsync => rsync.HardLinks, (rsync, value) => rsync with { HardLinks = value },
            "Keep hard links as hard links (`rsync -H`).") with { IsAlwaysWritten = true },

        Texts("includePatterns", KeyRule.Pattern,
            rsync => rsync.IncludePatterns, (rsync, value) => rsync with { IncludePatterns = value },
            "rsync's include patterns. They come before all exclude patterns, and the first pattern that matches a "
            + "name counts.") with
        { Examples = """[["*/", "*.jpg"]]""", Parameter = "IncludePattern" },

        Paths("patternFiles", KeyRule.Path, rsync => rsync.PatternFiles, (rsync, value) => rsync with { PatternFiles = value },
            "Files with a pattern a line, as rsync's `--exclude-from` reads them: a line is an exclude pattern, `+ ` before it "
            + "makes it an include pattern, empty lines and those that begin with `#` or `;` are ignored. They come after the "
            + "patterns above. Absolute paths. In UTF-8, or in UTF-16 with a byte order mark; a file that is not there, or no "
            + "text, is an error (`PatternFileInvalid`), and a blank at the end of a line a warning.") with
        { Examples = """[["/etc/backup/exclude.txt"]]""", Parameter = "PatternFile" },

        Flag("deleteExcluded", rsync => rsync.DeleteExcluded, (rsync, value) => rsync with { DeleteExcluded = value },
            "Delete from the mirror what the patterns exclude, as if the sources no longer had it (`rsync --delete-excluded`), "
            + "within `maxDelete`; see [Excluding later](#excluding-later). Needs `deleteExtraneous`."),

        OneOf<PartialTransferAction>("onPartial", "action", rsync => rsync.OnPartial, (rsync, value) => rsync with { OnPartial = value },
            "What becomes of a run when rsync could not copy single entries (exit code 23), such as a file that nobody may read: `stop` "
            + "fails stage 1 and skips stage 2; `continue` lets stage 2 send what the mirror has, without deleting anything, and the run is "
            + "at best `SucceededWithWarnings`."),

        OneOf<MirrorOwnership>("ownership", "ownership", rsync => rsync.Ownership, (rsync, value) => rsync with { Ownership = value },
            "Owners and groups in the mirror. `auto` keeps them where the mirror's drive can, and warns where it cannot. `keep` fails stage 1 where it "
            + "cannot. `ignore` does not keep them. `fakeSuper` writes them to an extended attribute of each file (`rsync --fake-super`), and S3 and "
            + "a restore read them there."),

        Flag("acls", rsync => rsync.Acls, (rsync, value) => rsync with { Acls = value },
            "Keep access control lists (`rsync -A`)."),

        Flag("extendedAttributes", rsync => rsync.ExtendedAttributes, (rsync, value) => rsync with { ExtendedAttributes = value },
            "Keep extended attributes (`rsync -X`)."),

        Flag("checksum", rsync => rsync.Checksum, (rsync, value) => rsync with { Checksum = value },
            "Compare contents by checksum in every run instead of by size and time (`rsync -c`). Reads both sides completely."),

        Duration("checksumEvery", rsync => rsync.ChecksumEvery, (rsync, value) => rsync with { ChecksumEvery = value },
            "Compare contents by checksum in the first run, and then in the first run after this time.") with
        { Default = "never", Examples = """["30d"]""" },

        Bandwidth("bandwidthLimit", rsync => (rsync.BandwidthLimit, rsync.BandwidthTimetable),
            (rsync, bytes, timetable) => rsync with { BandwidthLimit = bytes, BandwidthTimetable = timetable },
            "The most bytes a second, at least 1024: a number, or text such as `\"10MiB\"` or `\"500kB\"`. rsync keeps whole "
            + "KiB; it is rounded up. Or a timetable in `schedule.timezone`, of which each rsync keeps to what holds when it starts; see [Hours and "
            + "quotas](#hours-and-quotas).") with
        { Default = "none", Examples = """["10MiB", "500kB", 1048576, "08:00 1MiB, 23:00 off"]""" },

        Flag("numericIds", rsync => rsync.NumericIds, (rsync, value) => rsync with { NumericIds = value },
            "Keep owners and groups by number instead of by name."),

        Flag("inplace", rsync => rsync.Inplace, (rsync, value) => rsync with { Inplace = value },
            "Write changes into the mirror's files instead of replacing the files: less room and fewer writes for large files, "
            + "but a file is inconsistent while it is written and after a run that was stopped in it, until the next run."),

        Flag("sparse", rsync => rsync.Sparse, (rsync, value) => rsync with { Sparse = value },
            "Keep runs of zeros as holes."),

        Texts("extraArguments", KeyRule.ExtraArgument,
            rsync => rsync.ExtraArguments, (rsync, value) => rsync with { ExtraArguments = value },
            "Further rsync arguments; see [Extra arguments](#extra-arguments).") with
        { Examples = """[["--one-file-system", "--timeout=600"]]""", Parameter = "ExtraArgument" },

        TextOrNumber("maxDelete", KeyRule.MaxDelete, rsync => rsync.MaxDelete.ToString(),
            (rsync, text) => DeleteLimit.TryParse(text, out DeleteLimit limit) ? rsync with { MaxDelete = limit } : rsync,
            "How much one run may delete, in the mirror and in the bucket: a number of entries (`100`), a share of what is there "
            + "(`\"25%\"`), or `\"default\"`: half of what is there or 100 entries, whichever is more. `\"100%\"` is no limit.") with
        { Examples = """[100, "25%", "default"]""" },

        TextOrNumber("maxChange", KeyRule.MaxChange, rsync => rsync.MaxChange.ToString(),
            (rsync, text) => ChangeLimit.TryParse(text, out ChangeLimit limit) ? rsync with { MaxChange = limit } : rsync,
            "How many files that S3 has may come with new content in one run, as after an attack that encrypts everything: a number (`1000`), a "
            + "share (`\"25%\"`), the larger of both (`\"60% or 500\"`, which `New-BackupConfiguration` writes), or `\"off\"`. See "
            + "[Changes that stage 2 refuses](#changes-that-stage-2-refuses).") with
        { Examples = """["60% or 500", 1000, "25%", "off"]""" },

        Number("drives", KeyRule.Drives, rsync => rsync.Drives, (rsync, value) => rsync with { Drives = value },
            "How many drives take turns at `localDestination`. More than one needs `deleteExtraneous` and `deleteExcluded`, and goes without `hardLinks`, "
            + "without `onPartial` `continue`, and with few `extraArguments`. `Get-Help about_RsyncS3Backup_Drives` tells how."),

        Flag("requireMountPoint", rsync => rsync.RequireMountPoint, (rsync, value) => rsync with { RequireMountPoint = value },
            "Demand that the mirror is on another file system than `/`, so that a drive that is not mounted is noticed."),

        OneOf<AbsentMirrorAction>("whenAbsent", "action", rsync => rsync.WhenAbsent, (rsync, value) => rsync with { WhenAbsent = value },
            "What becomes of a run when the mirror's drive is not there: `fail`, or `skip`, for a drive that is away for days: the run is "
            + "`Skipped`, with exit code 0 and without a message, and `maxAge` tells when the last backup is too old. A job that never had a "
            + "mirror there fails all the same."),

        Duration("wakeWait", rsync => rsync.WakeWait, (rsync, value) => rsync with { WakeWait = value },
            "How long a run waits for the mirror's drive to be there, for a NAS that has to wake up or a drive that is just being mounted.") with
        { Default = "not at all", Examples = """["90s"]""" },

        Path("rsyncPath", KeyRule.Path, rsync => rsync.RsyncPath, (rsync, value) => rsync with { RsyncPath = value },
            "The rsync program, an absolute path.") with
        { Default = "the first `rsync` on the PATH", Examples = """["/opt/homebrew/bin/rsync"]""" },

        Object("syncToS3", new SyncToS3Keys(), "an object: how stage 2 works",
            rsync => rsync.SyncToS3, (rsync, value) => rsync with { SyncToS3 = value },
            "Stage 2.") with { IsAlwaysWritten = true, Default = "all its defaults" },
    ];
}
