namespace RsyncS3Backup;

/// <summary>The lock of one version of an object.</summary>
/// <param name="Mode">Who may undo it.</param>
/// <param name="Until">Until when nobody else can delete it; whole seconds.</param>
internal readonly record struct ObjectRetention(ObjectLockMode Mode, DateTimeOffset Until)
{
    /// <summary>The lock that an object gets that is written or renewed now.</summary>
    public static ObjectRetention From(ObjectLockOptions options, DateTimeOffset now) =>
        new(options.Mode, DateTimeOffset.FromUnixTimeSeconds(now.AddDays(options.Days).ToUnixTimeSeconds()));
}
