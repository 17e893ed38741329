using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RsyncS3Backup.Files;

/// <summary>
/// POSIX access control lists of Linux. Where an entry has one, the permissions of its group are the most that the list grants to anybody, and do
/// not tell whom. Source: acl(5); the layout is that of linux/posix_acl_xattr.h.
/// </summary>
internal static partial class AccessList
{
    private const string Attribute = "system.posix_acl_access";
    private const int Header = 4;
    private const int Entry = 8;
    private const ushort Write = 2;

    /// <summary>The list of an entry; null when it has none.</summary>
    public static byte[]? Read(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        byte[] list = new byte[4096];
        nint length = GetAttribute(path, Attribute, list, list.Length);
        return length < 0 ? null : list[..(int)length];
    }

    /// <summary>Who else may write by a list, as in a message; null for nobody but root, a user, and the entry's owner. Pure.</summary>
    /// <param name="list">The list as the system gives it.</param>
    /// <param name="user">The user.</param>
    public static string? OtherWriter(ReadOnlySpan<byte> list, uint user)
    {
        const ushort namedUser = 2;
        const ushort namedGroup = 8;
        const ushort mask = 16;
        ushort most = Write;
        string? found = null;
        for (ReadOnlySpan<byte> rest = list.Length > Header ? list[Header..] : default; rest.Length >= Entry; rest = rest[Entry..])
        {
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            ushort rights = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            uint id = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (tag == mask)
                most = rights;
            else if ((rights & Write) != 0 && (tag == namedGroup || (tag == namedUser && id != user && id != 0)))
                found ??= string.Create(CultureInfo.InvariantCulture, $"{(tag == namedUser ? "user" : "group")} {id}");
        }

        return (most & Write) != 0 ? found : null;
    }

    [LibraryImport("libc", EntryPoint = "lgetxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, [Out] byte[] value, nint size);
}
