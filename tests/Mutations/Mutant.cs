namespace Mutations;

/// <summary>One small mistake in the code that decides, which a test has to notice.</summary>
/// <param name="Id">Its number, by which it is woken; the same in each build of the same sources.</param>
/// <param name="File">The source file, below the project's folder.</param>
/// <param name="Member">The member that it is in.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Original">What is written there, on one line.</param>
/// <param name="Mutated">What it says instead; empty for what is left out.</param>
/// <param name="RunsOnce">True when a process runs it once at most, so that it needs a process of its own.</param>
/// <param name="IsRisky">True when code outside of it may not compile because of it.</param>
internal sealed record Mutant(
    int Id, string File, string Member, int Line, string Original, string Mutated, bool RunsOnce = false, bool IsRisky = false);
