namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that works on jobs: which ones, by name, by file, or as objects.</summary>
internal interface IJobParameters
{
    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    string[] Name { get; }

    /// <summary>Configuration files; wildcards are allowed.</summary>
    string[] ConfigPath { get; }

    /// <summary>Configuration files; no character is a wildcard. None where <c>-LiteralPath</c> means entries of the backup.</summary>
    string[] LiteralPath => [];

    /// <summary>Configurations as objects; none for a cmdlet that takes something else from the pipeline.</summary>
    object[] Config => [];
}
