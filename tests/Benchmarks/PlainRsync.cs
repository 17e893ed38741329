using System.Diagnostics;

namespace Benchmarks;

/// <summary>rsync alone, with the very options that stage 1 gives it.</summary>
internal sealed class PlainRsync
{
    private readonly string[] options;

    private PlainRsync(string[] options) => this.options = options;

    /// <summary>Asks stage 1 for its options: it mirrors one file with a program that writes down its arguments and then is rsync.</summary>
    public static PlainRsync LikeStage1(Workplace workplace)
    {
        string folder = Directory.CreateDirectory(Path.Combine(workplace.Root, "recorder")).FullName;
        string source = Directory.CreateDirectory(Path.Combine(folder, "source")).FullName;
        File.WriteAllText(Path.Combine(source, "one"), "one");
        string arguments = Path.Combine(folder, "arguments");
        string recorder = Path.Combine(folder, "recorder.sh");
        File.WriteAllText(recorder, $"#!/bin/sh\n[ \"$1\" = --version ] || printf '%s\\0' \"$@\" > '{arguments}'\nexec rsync \"$@\"\n");
        File.SetUnixFileMode(recorder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Stage1.Run(source, Path.Combine(folder, "mirror"), Path.Combine(folder, "state"), recorder);
        string[] recorded = File.ReadAllText(arguments).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        // Source and mirror stand at the end. Stage 1 withholds deletions in its first pass; plain rsync deletes in its only one.
        return new PlainRsync([.. recorded[..^2].Where(option => option != "--max-delete=0")]);
    }

    /// <summary>The options, for people.</summary>
    public override string ToString() => string.Join(' ', options.Select(option => option.Replace("\t", "\\t", StringComparison.Ordinal)));

    /// <summary>Mirrors a folder, and throws the output away.</summary>
    public Measurement Run(string source, string mirror)
    {
        double childrenBefore = ProcessorTime.OfChildren();
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start("/bin/sh", ["-c", "exec rsync \"$@\" >/dev/null", "rsync", .. options, source + "/", mirror + "/"]);
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return process.ExitCode == 0
            ? new Measurement(seconds, ProcessorTime.OfChildren() - childrenBefore, OwnProcessor: 0, PeakMiB: 0)
            : throw new InvalidOperationException($"rsync ended with {process.ExitCode}.");
    }
}
