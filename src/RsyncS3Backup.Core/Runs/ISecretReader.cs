namespace RsyncS3Backup.Runs;

/// <summary>Finds secrets by name, in whatever keeps them where the caller runs: SecretManagement in PowerShell.</summary>
internal interface ISecretReader
{
    /// <summary>Finds a secret. Does not throw for one that is not there.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="vault">Where it is; null: wherever it is found first.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    Task<FoundSecret> ReadSecretAsync(string name, string? vault, CancellationToken cancellationToken);
}

/// <summary>A secret, or why there is none. No record, because those tell all they hold when they are printed.</summary>
internal sealed class FoundSecret
{
    private FoundSecret(string? value, string? problem)
    {
        Value = value;
        Problem = problem;
    }

    /// <summary>The secret; null when it was not found.</summary>
    public string? Value { get; }

    /// <summary>Why it was not found, in a sentence; null when it was.</summary>
    public string? Problem { get; }

    /// <summary>One that was found.</summary>
    public static FoundSecret Of(string value) => new(value, null);

    /// <summary>One that was not.</summary>
    public static FoundSecret Missing(string problem) => new(null, problem);
}
