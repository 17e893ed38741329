using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Threading.Channels;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A stage, or both, in a process of its own, which a test may kill. Linux only.</summary>
internal sealed class StageProcess : IDisposable
{
    private readonly Process process;
    private readonly Channel<string> output = Channel.CreateUnbounded<string>();
    private readonly List<string> said = [];

    private StageProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => _ = line.Data is null || output.Writer.TryWrite("error: " + line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>How many lines it has printed.</summary>
    public int Lines => said.Count;

    /// <summary>What it has printed.</summary>
    public string Output => string.Join('\n', said);

    /// <summary>It and its children, and theirs.</summary>
    public IReadOnlyList<int> Children => Descendants(process.Id);

    /// <summary>Its id.</summary>
    public int Id => process.Id;

    /// <summary>Starts the probe for the lock of a job: <c>hold</c> or <c>race</c>, and what belongs to it.</summary>
    public static StageProcess StartForLock(string action, string job) => Start(action, job, hasInput: true);

    /// <summary>Starts the probe for credentials.</summary>
    /// <param name="profiles">The profiles that S3 is asked as.</param>
    /// <param name="environment">Variables; null takes one away.</param>
    public static StageProcess StartForCredentials(IReadOnlyList<string> profiles, IReadOnlyDictionary<string, string?> environment) =>
        Start("credentials", profiles[0], more: [.. profiles.Skip(1)], environment: environment);

    /// <summary>Starts a stage of a configuration file.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="stages"><c>1</c>, <c>2</c> or <c>both</c>.</param>
    /// <param name="credentials">For stage 2.</param>
    /// <param name="through">A program that starts what comes after its own arguments.</param>
    /// <param name="more">Further arguments.</param>
    /// <param name="hasInput">True when <see cref="SayAsync"/> shall reach it.</param>
    /// <param name="environment">Further variables; null takes one away.</param>
    public static StageProcess Start(
        string configuration, string stages = "1", S3Credentials? credentials = null, IReadOnlyList<string>? through = null,
        IReadOnlyList<string>? more = null, bool hasInput = false, IReadOnlyDictionary<string, string?>? environment = null)
    {
        string probe = typeof(StageProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "StageProbe").Value!;
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        string[] command = [.. through ?? [], host, "exec", probe, configuration, stages, .. more ?? []];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = hasInput,
        };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        if (credentials is not null)
        {
            start.Environment["AWS_ACCESS_KEY_ID"] = credentials.AccessKey;
            start.Environment["AWS_SECRET_ACCESS_KEY"] = credentials.SecretKey;
        }

        return new StageProcess(Process.Start(start)!);
    }

    /// <summary>Waits for its n-th line of output.</summary>
    /// <returns>False when it ended before.</returns>
    public async Task<bool> WaitForLinesAsync(int count)
    {
        while (said.Count < count)
        {
            if (!await output.Reader.WaitToReadAsync())
                return false;
            while (said.Count < count && output.Reader.TryRead(out string? line))
                said.Add(line);
        }

        return true;
    }

    /// <summary>Waits for a line that contains a text.</summary>
    public async Task WaitForAsync(string text)
    {
        do
        {
            if (!await WaitForLinesAsync(said.Count + 1))
                throw new InvalidOperationException($"The probe ended without saying '{text}': {Output}");
        }
        while (!said[^1].Contains(text, StringComparison.Ordinal));
    }

    /// <summary>Gives it a line of input, and waits for the line that it answers.</summary>
    public async Task<string> SayAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
        return await WaitForLinesAsync(said.Count + 1) ? said[^1] : throw new InvalidOperationException($"The probe ended: {Output}");
    }

    /// <summary>SIGKILL, to it alone.</summary>
    public void Kill() => process.Kill(entireProcessTree: false);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync()
    {
        // It waits for the end of the output too.
        await process.WaitForExitAsync(new CancellationToken(canceled: false)).WaitAsync(TimeSpan.FromMinutes(2));
        while (output.Reader.TryRead(out string? line))
            said.Add(line);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    /// <summary>SIGKILL to any process; false when it is gone.</summary>
    public static bool Kill(int id)
    {
        try
        {
            using Process other = Process.GetProcessById(id);
            other.Kill();
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private static List<int> Descendants(int id)
    {
        List<int> found = [];
        try
        {
            foreach (string task in Directory.EnumerateDirectories($"/proc/{id}/task"))
            {
                foreach (string child in File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    int childId = int.Parse(child, CultureInfo.InvariantCulture);
                    found.Add(childId);
                    found.AddRange(Descendants(childId));
                }
            }
        }
        catch (IOException)
        {
            // It has just ended.
        }

        return found;
    }

    private void Take(string? line)
    {
        if (line is null)
            output.Writer.TryComplete();
        else
            output.Writer.TryWrite(line);
    }
}
