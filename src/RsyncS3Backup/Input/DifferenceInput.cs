using System.Management.Automation;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>
/// What Repair-Backup needs to know of a difference, however the object came: from Test-Backup, from a job of PowerShell or Import-Clixml, from
/// ConvertFrom-Json, where enumerations are numbers, or from Import-Csv, where everything is text. Nothing of it is believed: each entry is looked
/// at again, and only what was agreed to is done.
/// </summary>
internal sealed record DifferenceInput
{
    private static readonly DifferenceInput PassedOver = new() { Path = "", IsPassedOver = true };

    /// <summary>The job's name.</summary>
    public string? Name { get; init; }

    /// <summary>The job's configuration file; null when it has none.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>The path below the mirror's root.</summary>
    public required string Path { get; init; }

    /// <summary>How the copies differed.</summary>
    public BackupDifferenceKind Kind { get; init; }

    /// <summary>The copy that was good; null when that was not known.</summary>
    public BackupCopy? GoodCopy { get; init; }

    /// <summary>True for the result that follows the differences.</summary>
    public bool IsPassedOver { get; init; }

    /// <summary>A difference as Test-Backup found it.</summary>
    public static DifferenceInput Of(BackupDifference difference) => new()
    {
        Name = difference.Name,
        ConfigurationPath = difference.ConfigurationPath,
        Path = difference.Path,
        Kind = difference.Kind,
        GoodCopy = difference.GoodCopy,
    };

    /// <summary>What an object says.</summary>
    /// <exception cref="BackupException">It is no difference of a job.</exception>
    public static DifferenceInput Read(object? input)
    {
        PSObject item = input is null ? throw NotOne("nothing") : PSObject.AsPSObject(input);
        Emitted.DemandOfHere(item);
        DifferenceInput difference = item.BaseObject switch
        {
            BackupTestResult => PassedOver,
            BackupDifference found => Of(found),
            PSCustomObject => FromProperties(item),
            object other => throw NotOne($"an object of type {other.GetType().FullName}"),
        };
        if (difference is { IsPassedOver: false, Name: null, ConfigurationPath: null })
            throw new BackupException(ParameterErrors.DifferenceWithoutJob(difference.Path));
        return difference;
    }

    private static DifferenceInput FromProperties(PSObject item)
    {
        string? kind = Emitted.Text(item, "Kind");
        // The result has these; in a CSV file whose columns are those of the differences it has none of what makes a difference.
        bool isResult = Emitted.Text(item, "Level") is not null && Emitted.Text(item, "RunId") is not null;
        bool isResultInCsv = kind is null && Emitted.Text(item, "EntryType") is null && item.Properties["EntryType"] is not null;
        if (isResult || isResultInCsv)
            return PassedOver;
        if (Emitted.Text(item, "Path") is not { } path || Emitted.Value<BackupDifferenceKind>(item, "Kind") is not { } parsed || item.Properties["GoodCopy"] is null)
            throw NotOne(Emitted.KindOf(item) is not EmittedKind.None and var emitted
                ? $"a {emitted}"
                : $"an object with the properties {string.Join(", ", item.Properties.Select(property => property.Name).Take(8))}");
        string? good = Emitted.Text(item, "GoodCopy");
        return new DifferenceInput
        {
            Name = Emitted.Text(item, "Name"),
            ConfigurationPath = Emitted.Text(item, "ConfigurationPath"),
            Path = path,
            Kind = parsed,
            GoodCopy = good is null ? null : Emitted.Value<BackupCopy>(item, "GoodCopy") ?? throw NotOne($"a difference whose good copy is '{good}'"),
        };
    }

    private static BackupException NotOne(string what) => new(ParameterErrors.NotADifference(what));
}
