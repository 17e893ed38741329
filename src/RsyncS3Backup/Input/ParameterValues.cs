using RsyncS3Backup.Configuration;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>What the values of parameters may be: the same as those of a configuration's keys.</summary>
internal static class ParameterValues
{
    /// <summary>Demands that a parameter's value is what the same key of a configuration may be.</summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="value">Its value; null when it was not given.</param>
    /// <param name="rule">What is allowed.</param>
    /// <exception cref="BackupException">The rule finds something wrong.</exception>
    internal static void Demand(string parameter, string? value, KeyRule rule)
    {
        if (value is not null && rule.Problem(value) is { } problem)
            throw new BackupException(ParameterErrors.InvalidValue(parameter, value, problem, rule.Allowed));
    }

    /// <summary>Demands that what names a stage without a configuration is one name, or none.</summary>
    /// <exception cref="BackupException">It is several, or none that a job can have.</exception>
    internal static void DemandOneJobName(string[] names)
    {
        if (names.Length > 1)
            throw new BackupException(ParameterErrors.SeveralNames(names));
        Demand("Name", names.SingleOrDefault(), KeyRule.JobName);
    }

    /// <summary>The value of a -BandwidthLimit parameter, in bytes a second; null when it was not given.</summary>
    /// <exception cref="BackupException">It is not a limit.</exception>
    internal static long? ReadBandwidthLimit(string? value)
    {
        if (value is null)
            return null;
        Demand("BandwidthLimit", value, KeyRule.Bandwidth);
        return BandwidthText.TryParse(value, out long bytes) ? bytes : null;
    }

    /// <summary>The value of a -MaxDelete parameter; null when it was not given.</summary>
    /// <exception cref="BackupException">It is neither a number nor a share.</exception>
    internal static DeleteLimit? ReadMaxDelete(string? value)
    {
        if (value is null)
            return null;
        Demand("MaxDelete", value, KeyRule.MaxDelete);
        return DeleteLimit.TryParse(value, out DeleteLimit limit) ? limit : DeleteLimit.Default;
    }

    /// <summary>The value of a -MaxChange parameter; null when it was not given.</summary>
    /// <exception cref="BackupException">It is not a limit.</exception>
    internal static ChangeLimit? ReadMaxChange(string? value)
    {
        if (value is null)
            return null;
        Demand("MaxChange", value, KeyRule.MaxChange);
        return ChangeLimit.TryParse(value, out ChangeLimit limit) ? limit : ChangeLimit.Off;
    }
}
