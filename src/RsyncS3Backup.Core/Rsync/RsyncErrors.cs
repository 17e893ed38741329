using System.Globalization;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Rsync;

/// <summary>The errors of stage 1.</summary>
internal static class RsyncErrors
{
    /// <summary>No rsync program.</summary>
    public static BackupError RsyncNotFound(string? rsyncPath) => Stage1(
        ErrorIds.RsyncNotFound,
        BackupErrorCategory.NotInstalled,
        rsyncPath is null ? "There is no rsync on the PATH." : $"There is no rsync program '{rsyncPath}'.",
        InstallAdvice(),
        rsyncPath ?? "rsync");

    /// <summary>The rsync lacks what a faithful mirror needs.</summary>
    public static BackupError RsyncTooOld(RsyncProgram program) => Stage1(
        ErrorIds.RsyncTooOld,
        BackupErrorCategory.NotInstalled,
        $"rsync {program.VersionText} ({program.Path}) is too old: it cannot compare times below one second. "
        + $"{RsyncProbe.Oldest} or newer is needed.",
        InstallAdvice(),
        program.Path);

    /// <summary>A program that calls itself rsync and is not.</summary>
    public static BackupError RsyncNotSupported(string path, string firstLine) => Stage1(
        ErrorIds.RsyncNotSupported,
        BackupErrorCategory.NotInstalled,
        $"'{path}' is not the rsync that this module can use; it calls itself '{firstLine}'.",
        "openrsync, which macOS ships as rsync, cannot say what it changed. " + InstallAdvice(),
        path);

    /// <summary>The rsync was built without what the job asks for.</summary>
    public static BackupError RsyncNotCapable(RsyncProgram program, string capability, string key) => Stage1(
        ErrorIds.RsyncNotCapable,
        BackupErrorCategory.NotInstalled,
        $"rsync {program.VersionText} ({program.Path}) was built without {capability}, which `{key}` needs.",
        $"Leave `{key}` out, or use an rsync that lists {capability} in `rsync --version`. " + InstallAdvice(),
        program.Path);

    /// <summary>The change journal cannot be made, although the job has state that a run without one would make wrong.</summary>
    public static BackupError JournalNotWritten(string stateRoot, string reason) => Stage1(
        ErrorIds.JournalNotWritten,
        BackupErrorCategory.WriteError,
        $"The change journal cannot be written to the state folder '{stateRoot}': {reason}",
        "Make room there, or check its permissions. Without the journal stage 2 could miss what this run changes. Nothing was changed.",
        stateRoot);

    /// <summary>Somebody else changes the mirror.</summary>
    public static BackupError JobAlreadyRunning(string destination) => BackupError.Make(
        ErrorIds.JobAlreadyRunning,
        BackupErrorCategory.ResourceBusy,
        $"The mirror '{destination}' is being changed by another run of this job, or by an rsync that was left behind when such a run was killed.",
        "Wait until it has ended. If no run is under way, look for an rsync process that hangs, and end it. Nothing was changed.",
        destination,
        BackupExitCode.AlreadyRunning);

    /// <summary>A source is not there.</summary>
    public static BackupError SourceMissing(string path) => Refused(
        ErrorIds.SourceMissing,
        BackupErrorCategory.ObjectNotFound,
        $"The source '{path}' does not exist.",
        "Check the path, and whether its drive is mounted. Nothing was changed.",
        path);

    /// <summary>Somebody else says where a source leads.</summary>
    public static BackupError SourceIsForeignLink(string path, string link) => Refused(
        ErrorIds.SourceIsForeignLink,
        BackupErrorCategory.PermissionDenied,
        $"The source '{path}' goes through '{link}', a symbolic link that another user made, so it may lead anywhere.",
        "Name the folder that it leads to, or have the link made by the user who runs the backup or by root. Nothing was changed.",
        link);

    /// <summary>A source is a file or the like.</summary>
    public static BackupError SourceNotDirectory(string path) => Refused(
        ErrorIds.SourceNotDirectory,
        BackupErrorCategory.InvalidArgument,
        $"The source '{path}' is not a folder.",
        "Name the folder that holds it, and exclude what is not wanted.",
        path);

    /// <summary>A source cannot be listed.</summary>
    public static BackupError SourceUnreadable(string path, string reason) => Refused(
        ErrorIds.SourceUnreadable,
        BackupErrorCategory.PermissionDenied,
        $"The source '{path}' cannot be read: {reason}",
        "Give this user the right to list it, or run as one who has it. Nothing was changed.",
        path);

    /// <summary>A source is empty and the mirror is not.</summary>
    public static BackupError SourceEmpty(string path, string mirror) => Refused(
        ErrorIds.SourceEmpty,
        BackupErrorCategory.InvalidOperation,
        $"The source '{path}' has nothing to mirror, while its mirror '{mirror}' is not empty.",
        "Check that the source's drive is mounted and that no pattern excludes everything. If the source is meant to be empty, run once "
        + "with -AllowEmptySource.",
        path);

    /// <summary>A pattern file is not what one is, so what it leaves out is not known.</summary>
    public static BackupError PatternFileInvalid(PatternFile file) => Refused(
        ErrorIds.PatternFileInvalid,
        BackupErrorCategory.InvalidData,
        file.Problem!,
        $"Nothing was copied, because it is not known what is to be left out. Allowed: {PatternFile.Allowed}.",
        file.Path);

    /// <summary>A file system that a source was on, or that held a part of it, is not mounted.</summary>
    public static BackupError SourceNotMounted(string path, string? was, string mirror) => Refused(
        ErrorIds.SourceNotMounted,
        BackupErrorCategory.ObjectNotFound,
        $"'{path}' was a file system of its own {(string.IsNullOrEmpty(was) ? "" : $"({was}) ")}at the last good run and is not mounted now. Its "
        + $"files are in the mirror '{mirror}', "
        + "and nothing of them was touched.",
        "Mount it and run again. If it is to be an ordinary folder from now on, run once with -AllowNewSource.",
        path);

    /// <summary>A source's drive was there when the run began.</summary>
    public static BackupError SourceWentAway(string path) => Stage1(
        ErrorIds.SourceNotMounted,
        BackupErrorCategory.ObjectNotFound,
        $"The source '{path}' went away while it was mirrored: its drive is not there any more, or fails. Nothing more is deleted because of it.",
        "Connect and mount the drive, look for its errors in the system's log, and run again.",
        path);

    /// <summary>A source, or a part of it, is on another file system than before.</summary>
    public static BackupError SourceChanged(string path, string was, string now) => Refused(
        ErrorIds.SourceChanged,
        BackupErrorCategory.InvalidOperation,
        $"'{path}' is on another file system than at the last good run: it was {was} and is {now}. Nothing was touched.",
        "Check that the right drive is mounted there. If this is the source from now on, run once with -AllowNewSource.",
        path);

    /// <summary>A source's path is not an address that rsync understands.</summary>
    public static BackupError SourceAddressInvalid(string problem) => Configuration(
        ErrorIds.SourceAddressInvalid, problem, $"Write {KeyRule.SourcePath.Allowed}.", null);

    /// <summary>The private key of a source's <c>ssh</c> is not there or not readable.</summary>
    public static BackupError IdentityFileUnusable(string source, string file, string reason) => Refused(
        ErrorIds.IdentityFileUnusable,
        BackupErrorCategory.ObjectNotFound,
        $"The identity file '{file}' of the source '{source}' cannot be used: {reason}.",
        "Name the private key (not the .pub file) with ssh.identityFile, readable by the user who runs the job and by nobody else.",
        file);

    /// <summary>The file with the host's key is not there or not readable.</summary>
    public static BackupError KnownHostsFileUnusable(string source, string file, string reason) => Refused(
        ErrorIds.KnownHostsFileUnusable,
        BackupErrorCategory.ObjectNotFound,
        $"The known hosts file '{file}' of the source '{source}' cannot be used: {reason}.",
        "Write the host's key into it (`ssh-keyscan` prints it; compare it with what the host itself says), or leave ssh.knownHostsFile out.",
        file);

    /// <summary>The file with a daemon's password is not there, or rsync would not take it.</summary>
    public static BackupError PasswordFileUnusable(string source, string file, string reason) => Refused(
        ErrorIds.PasswordFileUnusable,
        BackupErrorCategory.PermissionDenied,
        $"The password file '{file}' of the source '{source}' cannot be used: {reason}.",
        "It holds the password on one line, belongs to the user who runs the job, and `chmod 600` keeps others from it.",
        file);

    /// <summary>There is no ssh.</summary>
    public static BackupError SshNotFound(string source, string said) => Stage1(
        ErrorIds.SshNotFound,
        BackupErrorCategory.NotInstalled,
        $"rsync cannot start ssh to reach '{source}'. It said: {said}",
        "Install the OpenSSH client (package openssh-client or openssh) and see that `ssh` is on the PATH of the user who runs the job.",
        source);

    /// <summary>The other machine cannot be reached.</summary>
    public static BackupError RemoteUnreachable(string source, string said) => Remote(
        ErrorIds.RemoteUnreachable, BackupErrorCategory.ConnectionError, source, "its machine cannot be reached", said,
        "Check that the machine is on, its name and port, and the firewalls between.");

    /// <summary>The other machine's key is not known, or is another one.</summary>
    public static BackupError RemoteHostKeyNotTrusted(string source, string said) => Remote(
        ErrorIds.RemoteHostKeyNotTrusted, BackupErrorCategory.AuthenticationError, source, "its machine's key is not known, or is not the known one", said,
        "For a new machine: connect once by hand with ssh as the user who runs the job and compare the fingerprint, or name a file with its key "
        + "with ssh.knownHostsFile. If the key has changed and nobody changed it, do not go on: another machine may answer.");

    /// <summary>The login failed.</summary>
    public static BackupError RemoteAuthenticationFailed(string source, string said, bool isSsh) => Remote(
        ErrorIds.RemoteAuthenticationFailed, BackupErrorCategory.AuthenticationError, source, "the login failed", said,
        isSsh
            ? "Check the user's name and ssh.identityFile, that its public key is in ~/.ssh/authorized_keys there, that only its owner may read "
                + "it, and that it has no passphrase or an agent holds it. ssh never asks here."
            : "Check the user's name before the '@' and the passwordFile; the daemon's log tells more.");

    /// <summary>The daemon has no such module.</summary>
    public static BackupError RemoteModuleUnknown(string source, string module, string said) => Remote(
        ErrorIds.RemoteModuleUnknown, BackupErrorCategory.ObjectNotFound, source, $"its rsync daemon has no module '{module}'", said,
        "Check the module's name: `rsync rsync://host/` lists those that are not hidden.");

    /// <summary>The daemon has too many connections.</summary>
    public static BackupError RemoteBusy(string source, string said) => Remote(
        ErrorIds.RemoteBusy, BackupErrorCategory.ResourceBusy, source, "its rsync daemon has as many connections as it takes", said,
        "Run again later, or raise 'max connections' in its rsyncd.conf.");

    /// <summary>The daemon refused for another reason.</summary>
    public static BackupError RemoteRefused(string source, string said) => Remote(
        ErrorIds.RemoteRefused, BackupErrorCategory.PermissionDenied, source, "its rsync daemon refused", said,
        "Check the module in its rsyncd.conf ('hosts allow', 'auth users', 'path') and its log.");

    /// <summary>There is no rsync on the other machine.</summary>
    public static BackupError RemoteRsyncMissing(string source, string said) => Remote(
        ErrorIds.RemoteRsyncMissing, BackupErrorCategory.NotInstalled, source, "there is no rsync on the other machine, or not on its PATH", said,
        "Install rsync there; `ssh host rsync --version` must work.");

    /// <summary>Something on the other machine prints what belongs into no protocol.</summary>
    public static BackupError RemoteShellNotClean(string source, string said) => Remote(
        ErrorIds.RemoteShellNotClean, BackupErrorCategory.InvalidData, source, "its machine prints something before rsync can talk", said,
        "Remove what the login shell's start files print there: `ssh host /bin/true` must print nothing.");

    /// <summary>The connection broke.</summary>
    public static BackupError RemoteConnectionLost(string source, string said) => Remote(
        ErrorIds.RemoteConnectionLost, BackupErrorCategory.ConnectionError, source, "the connection broke", said,
        "Run again; what is done is kept, and nothing was deleted that is still there.");

    /// <summary>Two sources would go to the same folder of the mirror.</summary>
    public static BackupError SourceNameNotUnique(string name, string path, string otherPath) => Configuration(
        ErrorIds.SourceNameNotUnique,
        $"The sources '{otherPath}' and '{path}' would both go to the folder '{name}' of the mirror.",
        "Give one of them another name (`name` beside `path`).",
        path);

    /// <summary>A source's name cannot be a folder of the mirror.</summary>
    public static BackupError SourceNameInvalid(string name, string path) => Configuration(
        ErrorIds.SourceNameInvalid,
        $"The source '{path}' cannot go to a folder '{name}' of the mirror.",
        "Give it a name (`name` beside `path`) that is one folder name.",
        path);

    /// <summary>No source at all.</summary>
    public static BackupError NoSource() => Configuration(ErrorIds.SourceMissing, "The job has no source.", "Name at least one source.", null);

    /// <summary>A source and the mirror are inside one another.</summary>
    public static BackupError PathsOverlap(string source, string destination, string how) => Refused(
        ErrorIds.PathsOverlap,
        BackupErrorCategory.InvalidArgument,
        $"The source '{source}' and the destination '{destination}' overlap: {how}.",
        "Choose a destination outside the source, and not above it.",
        destination);

    /// <summary>The destination cannot be written.</summary>
    public static BackupError DestinationNotWritable(string destination, string reason) => Refused(
        ErrorIds.DestinationNotWritable,
        BackupErrorCategory.PermissionDenied,
        $"The destination '{destination}' cannot be written: {reason}.",
        "Check the rights of this user, and that the drive is not mounted read-only.",
        destination);

    /// <summary>The job wants owners in extended attributes, and the drive has none.</summary>
    public static BackupError FakeSuperNotPossible(string destination) => Refused(
        ErrorIds.FakeSuperNotPossible,
        BackupErrorCategory.InvalidArgument,
        $"The drive of the mirror '{destination}' keeps no extended attributes, which options.rsync.ownership 'fakeSuper' needs. Nothing was changed.",
        "Set options.rsync.ownership to 'auto' or 'ignore', or use a drive that keeps them, such as ext4, XFS, btrfs, or NTFS by ntfs-3g.",
        destination);

    /// <summary>The destination's drive is full.</summary>
    public static BackupError DestinationFull(string destination, long? free, long? needed, int? exitCode) => Stage1(
        ErrorIds.DestinationFull,
        BackupErrorCategory.LimitsExceeded,
        $"The drive of the destination '{destination}' is full"
        + (free is { } bytes ? $" ({HumanText.Bytes(bytes)} are free now)." : ".")
        + (needed is { } more ? $" Files with {HumanText.Bytes(more)} in all are still to be copied." : ""),
        "Make room and run again; the mirror is consistent and what was copied is kept.",
        destination) with
    { RsyncExitCode = exitCode };

    /// <summary>More would be deleted than the job allows; nothing was.</summary>
    public static BackupError DeleteLimitExceeded(
        string destination, long count, long existing, long allowed, DeleteLimit limit, IReadOnlyList<string> firstNames) => Refused(
        ErrorIds.DeleteLimitExceeded,
        BackupErrorCategory.LimitsExceeded,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{count} of {existing} entries of the mirror '{destination}' would be deleted; maxDelete ({limit}) allows {allowed}. ")
        + $"None was deleted. First: {string.Join(", ", firstNames.Select(name => $"'{name}'"))}.",
        "Check that the source is complete and its drive is mounted. If the deletions are right, run once with a higher -MaxDelete.",
        destination);

    /// <summary>The limit was reached while deleting, because the source changed meanwhile.</summary>
    public static BackupError DeleteLimitReached(string destination, long allowed) => Stage1(
        ErrorIds.DeleteLimitExceeded,
        BackupErrorCategory.LimitsExceeded,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The source lost more files while it was mirrored; deleting from '{destination}' stopped at {allowed} entries."),
        RsyncExitCodes.Find(RsyncExitCodes.DeleteLimit).Advice,
        destination) with
    { RsyncExitCode = RsyncExitCodes.DeleteLimit };

    /// <summary>rsync ended with a code that is a failure.</summary>
    /// <param name="code">The code.</param>
    /// <param name="said">rsync's last words, or an empty text.</param>
    /// <param name="source">The source that it mirrored.</param>
    public static BackupError Ended(int code, string said, string source)
    {
        RsyncExitCode entry = RsyncExitCodes.Find(code);
        string detail = said.Length > 0 ? $" rsync said: {said}" : "";
        return Stage1(
            entry.ErrorId ?? RsyncExitCodes.Unknown.ErrorId!,
            entry.Category,
            string.Create(CultureInfo.InvariantCulture, $"rsync ended with code {code} on '{source}': {entry.Meaning}.{detail}"),
            entry.Advice,
            source) with
        { RsyncExitCode = code };
    }

    /// <summary>rsync claims success, but what it printed is not what an rsync prints.</summary>
    public static BackupError OutputNotUnderstood(string path, int code, string said) => Stage1(
        ErrorIds.RsyncOutputNotUnderstood,
        BackupErrorCategory.InvalidData,
        $"'{path}' ended well but did not report what it did, so nothing says that the mirror is right."
        + (said.Length > 0 ? $" It said: {said}" : ""),
        "Check that rsyncPath names a real rsync and no wrapper that changes its output, and that ~/.popt does not redefine its options.",
        path) with
    { RsyncExitCode = code };

    /// <summary>rsync could not be started.</summary>
    public static BackupError CannotStart(string path, string reason) => Stage1(
        ErrorIds.RsyncCannotStart, BackupErrorCategory.InvalidOperation, $"'{path}' cannot be started: {reason}", InstallAdvice(), path);

    /// <summary>One entry failed.</summary>
    public static BackupError ItemFailed(string path, string message, BackupErrorCategory category) => Stage1(
        ErrorIds.RsyncItemFailed,
        category,
        message,
        category == BackupErrorCategory.ResourceBusy ? "Close the program that has it open, or exclude it; then run again."
        : "Check the entry's permissions and its drive, or exclude it; then run again.",
        path);

    /// <summary>The user stopped the run.</summary>
    public static BackupError Cancelled(string destination) => Stage1(
        ErrorIds.RunCancelled,
        BackupErrorCategory.OperationStopped,
        "The run was stopped while stage 1 was at work.",
        "Run again; the mirror is consistent, and what was copied, also of unfinished files, is kept.",
        destination);

    /// <summary>A defect of ours.</summary>
    public static BackupError Unexpected(Exception exception, string destination) => Stage1(
        ErrorIds.UnexpectedError,
        BackupErrorCategory.NotSpecified,
        $"Stage 1 failed in an unexpected way: {exception.GetType().Name}: {exception.Message}",
        "Run again; when it happens again, report it with the run's log.",
        destination);

    private static string InstallAdvice() =>
        OperatingSystem.IsMacOS() ? "Install it with `brew install rsync`, or name one with rsyncPath."
        : OperatingSystem.IsWindows()
            ? "Install cwRsync or MSYS2 (`winget install MSYS2.MSYS2`, then `pacman -S rsync`), or name one with rsyncPath."
        : "Install it with `apt-get install rsync` (Debian, Ubuntu) or `dnf install rsync` (Fedora, RHEL), or name one with rsyncPath.";

    private static BackupError Remote(string id, BackupErrorCategory category, string source, string what, string said, string action) => Stage1(
        id, category, $"The source '{source}' cannot be read: {what}." + (said.Length > 0 ? $" It said: {said}" : ""), action, source);

    private static BackupError Stage1(string id, BackupErrorCategory category, string message, string action, string? target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Stage1Failed);

    private static BackupError Refused(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.Refused);

    private static BackupError Configuration(string id, string message, string action, string? target) =>
        BackupError.Make(id, BackupErrorCategory.InvalidArgument, message, action, target, BackupExitCode.BadConfiguration);
}
