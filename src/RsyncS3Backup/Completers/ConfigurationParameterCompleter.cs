using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of the parameters that set keys of a configuration.</summary>
public sealed class ConfigurationParameterCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() => ConfigurationKeys.Parameters.Select(parameter => parameter.Name);
}
