namespace RsyncS3Backup.HelpBuilder;

/// <summary>One mistake in a page. Lines count from 1.</summary>
internal sealed record PageProblem(string File, int Line, string Message)
{
    /// <summary>The form that MSBuild and editors read as an error with a place.</summary>
    public override string ToString() => $"{File}({Line}): error HELP: {Message}";
}
