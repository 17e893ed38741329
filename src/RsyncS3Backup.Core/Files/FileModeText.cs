namespace RsyncS3Backup.Files;

/// <summary>Type and permissions as <c>ls -l</c> shows them.</summary>
internal static class FileModeText
{
    /// <summary>The text, e.g. <c>-rw-r--r--</c>, <c>drwxrwxrwt</c>.</summary>
    /// <param name="mode">As <c>st_mode</c> has it.</param>
    public static string Of(uint mode)
    {
        char type = (mode & 0xF000) switch { 0x4000 => 'd', 0xA000 => 'l', 0x8000 => '-', _ => '?' };
        return string.Concat(
            [
                type,
                .. Triple(mode >> 6, (mode & 0x800) != 0, 's'),
                .. Triple(mode >> 3, (mode & 0x400) != 0, 's'),
                .. Triple(mode, (mode & 0x200) != 0, 't'),
            ]);
    }

    private static char[] Triple(uint bits, bool isSpecial, char special) =>
    [
        (bits & 4) != 0 ? 'r' : '-',
        (bits & 2) != 0 ? 'w' : '-',
        ((bits & 1) != 0, isSpecial) switch { (true, true) => special, (false, true) => char.ToUpperInvariant(special), (true, false) => 'x', _ => '-' },
    ];
}
