namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that works on jobs: which ones, by name, by file, or as objects.</summary>
internal interface IJobParameters
{
    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    string[] Name { get; }

    /// <summary>Configuration files; wildcards are allowed.</summary>
    string[] ConfigPath { get; }

    /// <summary>Configurations as objects; none for a cmdlet that takes something else from the pipeline.</summary>
    object[] Config => [];
}
