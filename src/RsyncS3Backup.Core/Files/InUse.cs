namespace RsyncS3Backup.Files;

/// <summary>Files that another program has open, which Windows keeps from being read, replaced or deleted meanwhile.</summary>
internal static class InUse
{
    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LockViolation = unchecked((int)0x80070021);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>True for what the system says of a file that another program has open.</summary>
    public static bool Is(Exception exception) => exception is FileInUseException or IOException { HResult: SharingViolation or LockViolation };

    /// <summary>Reads a file and keeps nobody from replacing it meanwhile, as <see cref="File.ReadAllBytes(string)"/> does.</summary>
    public static byte[] ReadAllBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        file.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>
    /// Gives a file a name that another one may have. Windows refuses that while somebody reads the other one, as a virus scanner does for a moment,
    /// and of a file that is read-only.
    /// </summary>
    /// <exception cref="FileInUseException">Somebody has the other one open for longer.</exception>
    public static void Replace(string from, string to) => Replace(to, () => File.Move(from, to, overwrite: true), Thread.Sleep);

    /// <summary>As above.</summary>
    /// <param name="to">The file that is replaced.</param>
    /// <param name="move">Replaces it.</param>
    /// <param name="wait">Waits.</param>
    internal static void Replace(string to, Action move, Action<TimeSpan> wait)
    {
        bool wasReadOnly = false;
        for (TimeSpan waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                move();
                return;
            }
            catch (Exception exception) when (Is(exception) || exception is UnauthorizedAccessException)
            {
                // Windows answers "access denied" to all three.
                if (!wasReadOnly && TrySetReadOnly(to, false))
                {
                    wasReadOnly = true;
                    continue;
                }

                bool isInUse = Is(exception) || IsOpen(to);
                if (isInUse && waited < Patience)
                {
                    wait(Pause);
                    continue;
                }

                if (wasReadOnly)
                    TrySetReadOnly(to, true);
                if (!isInUse)
                    throw;
                throw new FileInUseException(to, exception);
            }
        }
    }

    private static bool IsOpen(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None).Dispose();
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TrySetReadOnly(string path, bool isReadOnly)
    {
        try
        {
            FileAttributes attributes = File.GetAttributes(path);
            if (attributes.HasFlag(FileAttributes.ReadOnly) == isReadOnly || attributes.HasFlag(FileAttributes.Directory))
                return false;
            File.SetAttributes(path, attributes ^ FileAttributes.ReadOnly);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>Another program has a file open.</summary>
/// <param name="path">The file.</param>
/// <param name="cause">What the system said.</param>
internal sealed class FileInUseException(string path, Exception? cause = null) : IOException("another program has it open.", cause)
{
    /// <summary>The file.</summary>
    public string Path => path;
}
