using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// One run at a time on a mirror, whatever state folder it has: root and a user, or two jobs, know nothing of each other's locks there.
/// </summary>
/// <remarks>
/// <para>
/// The lock is one of the system (flock(2), a share mode on Windows) on a file at the mirror's root, so it ends with the process. The file is
/// there only while it is held: the holder removes it before it lets go, and whoever gets the lock of a file that is gone by then tries again.
/// It is found out by what the holder writes into it. What a killed run left behind is taken over.
/// </para>
/// <para>
/// Others may write into the mirror. The file is opened beneath the open root and never through a link; one that belongs to neither this user,
/// root nor the owner of the mirror is nobody's lock; and nobody else can open the file, which is what holding a lock takes.
/// </para>
/// <para>
/// A mirror without a marker has no lock: it had no run, or its drive is not mounted, and then nothing is written into the folder beneath.
/// Where the drive keeps no locks, or cannot be written, the lock of the job's state is all there is.
/// </para>
/// </remarks>
internal sealed class MirrorLock : IDisposable
{
    private const uint OwnerOnly = 0x180;
    private const int Tries = 100;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    private readonly string mirror;
    private readonly FolderHandle? root;
    private readonly SafeFileHandle? file;
    private readonly FileStream? stream;

    private MirrorLock(string mirror, FolderHandle? root, SafeFileHandle? file, FileStream? stream)
    {
        this.mirror = mirror;
        this.root = root;
        this.file = file;
        this.stream = stream;
    }

    /// <summary>Takes the lock, or waits for it.</summary>
    /// <param name="mirror">The mirror's root folder.</param>
    /// <param name="wait">How long to wait; null: not at all.</param>
    /// <param name="waiting">Called once, when the wait begins.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null where no lock can be kept.</returns>
    /// <exception cref="BackupException">Another run holds it still.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<MirrorLock?> TakeAsync(string mirror, TimeSpan? wait, Action waiting, CancellationToken cancellationToken)
    {
        long asked = Stopwatch.GetTimestamp();
        for (bool isFirst = true; ; isFirst = false)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(mirror, out MirrorLock? taken))
                return taken;
            if (Stopwatch.GetElapsedTime(asked) >= (wait ?? TimeSpan.Zero))
                throw new BackupException(MirrorErrors.MirrorInUse(mirror));
            if (isFirst)
                waiting();
            await Task.Delay(BetweenTries, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (stream is not null)
        {
            // The file goes with the handle.
            FolderTime.Keep(mirror, stream.Dispose);
            return;
        }

        try
        {
            FolderTime.Keep(mirror, () => UnixCalls.Remove(root!, MirrorExclusions.LockFile));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What stays there holds nobody up.
        }

        UnixCalls.Unlock(file!);
        file!.Dispose();
        root!.Dispose();
    }

    /// <returns>False when another run holds it.</returns>
    private static bool TryTake(string mirror, out MirrorLock? taken)
    {
        taken = null;
        FolderHandle? root = null;
        try
        {
            string real = RealPath.Of(mirror);
            if (!File.Exists(Path.Combine(real, MirrorMarker.FileName)))
                return true;
            if (OperatingSystem.IsWindows())
                return TryTakeOnWindows(real, out taken);
            root = UnixCalls.OpenRoot(real);
            for (int attempt = 0; attempt < Tries; attempt++)
            {
                SafeFileHandle? file = Open(root, real, out bool isOurs);
                if (file is null)
                    continue;
                if (!isOurs || !UnixCalls.TryLock(file))
                {
                    file.Dispose();
                    return !isOurs;
                }

                if (IsStillThere(root, file))
                {
                    taken = new MirrorLock(real, root, file, stream: null);
                    root = null;
                    return true;
                }

                UnixCalls.Unlock(file);
                file.Dispose();
            }

            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Of another user, or a drive that is read-only, full or has no such files.
            return true;
        }
        finally
        {
            root?.Dispose();
        }
    }

    /// <returns>Null when it came or went meanwhile.</returns>
    private static SafeFileHandle? Open(FolderHandle root, string real, out bool isOurs)
    {
        uint owner = UnixCalls.Look(root).UserId;
        SafeFileHandle? file = UnixCalls.TryOpenFile(root, MirrorExclusions.LockFile, toWrite: true);
        if (file is not null)
        {
            isOurs = UnixCalls.TryLook(root, MirrorExclusions.LockFile) is not { } found
                || (found.IsRegularFile && (found.UserId == 0 || found.UserId == UnixCalls.User || found.UserId == owner));
            return file;
        }

        isOurs = true;
        try
        {
            FolderTime.Keep(real, () => file = UnixCalls.CreateFile(root, MirrorExclusions.LockFile, OwnerOnly));
            // The mirror's owner must be able to see that root works there.
            if (UnixCalls.User == 0 && owner != 0)
                UnixCalls.TryChangeOwner(file!, owner, group: null);
            return file;
        }
        catch (IOException exception) when (file is null && UnixCalls.IsTaken(exception))
        {
            return null;
        }
    }

    // The holder before us may have removed it between our opening it and its letting go.
    private static bool IsStillThere(FolderHandle root, SafeFileHandle file)
    {
        byte[] mine = Guid.NewGuid().ToByteArray();
        RandomAccess.Write(file, mine, 0);
        using SafeFileHandle? named = UnixCalls.TryOpenFile(root, MirrorExclusions.LockFile, toWrite: false);
        byte[] found = new byte[mine.Length];
        return named is not null && RandomAccess.Read(named, found, 0) == found.Length && found.AsSpan().SequenceEqual(mine);
    }

    private static bool TryTakeOnWindows(string real, out MirrorLock? taken)
    {
        taken = null;
        string path = Path.Combine(real, MirrorExclusions.LockFile);
        if (File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint))
            return true;
        try
        {
            FileStream? stream = null;
            FolderTime.Keep(
                real, () => stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
            taken = new MirrorLock(real, root: null, file: null, stream);
            return true;
        }
        catch (IOException exception) when (InUse.Is(exception))
        {
            return false;
        }
    }
}
