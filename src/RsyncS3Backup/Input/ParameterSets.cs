namespace RsyncS3Backup.Input;

/// <summary>The names of the parameter sets that say which jobs are meant.</summary>
internal static class ParameterSets
{
    /// <summary>Jobs of the job folders by their names.</summary>
    internal const string ByName = "Name";

    /// <summary>Configuration files.</summary>
    internal const string ByPath = "ConfigPath";

    /// <summary>Configuration files whose names have no wildcards.</summary>
    internal const string ByLiteralPath = "LiteralPath";

    /// <summary>Configurations as objects.</summary>
    internal const string ByConfig = "Config";

    /// <summary>Objects that name jobs, for cmdlets that need no configuration.</summary>
    internal const string ByInputObject = "InputObject";

    /// <summary>A bucket without a job.</summary>
    internal const string ByBucket = "Bucket";
}
