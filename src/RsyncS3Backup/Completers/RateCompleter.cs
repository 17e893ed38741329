namespace RsyncS3Backup.Completers;

/// <summary>Completes a limit of bytes a second that holds for a whole command: no timetable.</summary>
public sealed class RateCompleter : ConfigurationValueCompleter
{
    private protected override IEnumerable<string> Words(string parameterName) =>
        base.Words(parameterName).Where(word => !word.Contains(':', StringComparison.Ordinal));
}
