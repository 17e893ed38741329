using System.Globalization;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>The names of files whose content is not what was stored.</summary>
internal static class DamagedName
{
    /// <summary>What comes behind the name of the file.</summary>
    public const string Suffix = ".damaged";

    /// <summary>A name beside an entry's place that nothing has.</summary>
    public static EntryPath Free(RestoreTask task)
    {
        using DestinationFolder folder = task.Tree.Open(task.Path.Folder);
        string name = task.Path.Name + Suffix;
        for (int number = 2; folder.Look(name) is not null; number++)
            name = string.Create(CultureInfo.InvariantCulture, $"{task.Path.Name}{Suffix}-{number}");
        return task.Path with { Name = name };
    }
}
