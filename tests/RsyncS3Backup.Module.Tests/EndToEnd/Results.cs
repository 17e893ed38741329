using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Reads the module's objects as a user's script does: by property names. Their types live in the module's own load context.</summary>
internal static class Results
{
    /// <summary>A property, or a property of a property (<c>Stage2.Error.Id</c>); null where the path ends early.</summary>
    public static object? Read(this PSObject item, string path)
    {
        object? value = item;
        foreach (string name in path.Split('.'))
        {
            if (value is null)
                return null;
            PSPropertyInfo property = PSObject.AsPSObject(value).Properties[name]
                ?? throw new ArgumentException($"There is no {name} in '{path}'.", nameof(path));
            value = property.Value;
        }

        return value is PSObject wrapped ? wrapped.BaseObject : value;
    }

    /// <summary>A property as text; empty for null.</summary>
    public static string Text(this PSObject item, string path) => item.Read(path)?.ToString() ?? "";

    /// <summary>A count.</summary>
    public static long Number(this PSObject item, string path) => (long)item.Read(path)!;

    /// <summary>An exit code as a number.</summary>
    public static int ExitCode(this PSObject item) => (int)item.Read("ExitCode")!;

    /// <summary>The stable ids of errors.</summary>
    public static string[] ErrorIds(this SessionResult result) => [.. result.Errors.Select(Id)];

    /// <summary>The stable id of an error: the first part of what PowerShell calls its fully qualified id.</summary>
    public static string Id(this ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];
}
