using System.Diagnostics;
using System.Globalization;
using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs.Hooks;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A hook's program may do what it likes: the run goes on.</summary>
public sealed class HookProcessTests : IDisposable
{
    private static readonly byte[] LargeInput = Encoding.UTF8.GetBytes(new string('x', 1024 * 1024));
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder files = new();
    private readonly HookOutput output = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task It_gets_its_input_arguments_environment_and_folder()
    {
        Dictionary<string, string?> variables = new() { ["HOOK_TEST"] = "value" };
        HookStart start = new("/bin/sh", ["-c", "cat; echo; echo \"$1|$HOOK_TEST\"; pwd", "sh", "a b;$(id)"], files.Path, variables);

        int? code = await HookProcess.RunAsync(start, "input"u8.ToArray(), output, new HookOutput(), Long, CancellationToken.None);

        Assert.Equal(0, code);
        Assert.Equal($"input\na b;$(id)|value\n{files.Path}", output.Text());
    }

    [Fact]
    public async Task One_that_ends_without_reading_its_input_succeeds() => Assert.Equal(0, await RunAsync("exit 0", LargeInput));

    [Fact]
    public async Task One_that_closes_its_input_succeeds() => Assert.Equal(0, await RunAsync("exec 0<&-; sleep 0.2", LargeInput));

    [Fact]
    public async Task One_that_leaves_its_input_unread_ends_with_its_own_code() => Assert.Equal(7, await RunAsync("sleep 0.3; exit 7", LargeInput));

    [Fact]
    public async Task One_that_prints_megabytes_neither_hangs_nor_is_kept_whole()
    {
        int? code = await RunAsync("echo the first line; head -c 50000000 /dev/zero | tr '\\0' '\\n'; echo the last line >&2");

        Assert.Equal(0, code);
        string text = output.Text();
        Assert.StartsWith("the first line\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\nthe last line", text, StringComparison.Ordinal);
        Assert.Contains("47.7 MiB in all", text, StringComparison.Ordinal);
        Assert.True(text.Length <= 2 * HookOutput.Kept + 100);
    }

    [Fact]
    public async Task One_that_hangs_is_killed_with_all_that_it_started()
    {
        // On a busy machine the shell may not come to start its child in time.
        for (int seconds = 1; !File.Exists(files["child"]); seconds *= 4)
        {
            int? code = await RunAsync(
                $"trap '' TERM INT; sleep 600 & echo $! > '{files["child"]}.new'; mv '{files["child"]}.new' '{files["child"]}'; wait; sleep 600",
                timeout: TimeSpan.FromSeconds(seconds));
            Assert.Null(code);
        }

        await AssertGoneAsync(ReadChild());
    }

    [Fact]
    public async Task One_that_is_cancelled_is_killed_with_all_that_it_started()
    {
        using CancellationTokenSource stop = new();
        Task<int?> running = RunAsync(
            $"sleep 600 & echo $! > '{files["child"]}.new'; mv '{files["child"]}.new' '{files["child"]}'; wait", cancellationToken: stop.Token);
        SpinWait.SpinUntil(() => File.Exists(files["child"]));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await AssertGoneAsync(ReadChild());
    }

    [Fact]
    public async Task A_child_that_outlives_it_is_not_waited_for()
    {
        int? code = await RunAsync($"echo before; sleep 600 & echo $! > '{files["child"]}'; exit 4");

        Assert.Equal(4, code);
        Assert.Equal("before", output.Text());
        using Process child = Process.GetProcessById(ReadChild());
        Assert.False(child.HasExited);
        child.Kill();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_child_that_outlives_it_and_never_stops_printing_is_not_waited_for_either()
    {
        int? code = await RunAsync(
            $"echo before; (while :; do echo more; sleep 0.1; done) & echo $! > '{files["child"]}'; exit 4", timeout: TimeSpan.FromMinutes(5));

        Assert.Equal(4, code);
        Assert.StartsWith("before", output.Text(), StringComparison.Ordinal);
        using Process child = Process.GetProcessById(ReadChild());
        Assert.False(child.HasExited);
        child.Kill();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(HookOutput.Kept)]
    [InlineData(HookOutput.Kept + 1)]
    [InlineData(2 * HookOutput.Kept)]
    public void Output_that_fits_is_kept_whole(int length)
    {
        string text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + i % 26)));
        foreach (char[] chunk in text.Chunk(777))
            output.Add(Encoding.UTF8.GetBytes(chunk));

        Assert.Equal(text, output.Text());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(8192)]
    [InlineData(100_000)]
    public void Of_longer_output_whole_lines_of_both_ends_are_kept(int chunkSize)
    {
        string[] lines = [.. Enumerable.Range(0, 5000).Select(i => $"line {i}")];
        foreach (char[] chunk in string.Join('\n', lines).Chunk(chunkSize))
            output.Add(Encoding.UTF8.GetBytes(chunk));

        string[] kept = output.Text().Split('\n');

        int gap = Array.FindIndex(kept, line => line.StartsWith("[… ", StringComparison.Ordinal));
        Assert.Equal(lines[..gap], kept[..gap]);
        Assert.Equal(lines[^(kept.Length - gap - 1)..], kept[(gap + 1)..]);
        Assert.True(gap > 500 && kept.Length - gap > 500);
    }

    private int ReadChild() => int.Parse(File.ReadAllText(files["child"]), CultureInfo.InvariantCulture);

    // An orphan is reaped by init, which may take a moment.
    private static async Task AssertGoneAsync(int processId)
    {
        for (int tries = 0; IsAlive(processId); tries++)
        {
            Assert.True(tries < 6000, $"process {processId} still runs");
            await Task.Delay(10);
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            return !File.ReadAllText($"/proc/{processId}/status").Contains("State:\tZ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It is not there, or went while it was read.
            return false;
        }
    }

    private Task<int?> RunAsync(string script, byte[]? input = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        HookProcess.RunAsync(
            new HookStart("/bin/sh", ["-c", script], files.Path, new Dictionary<string, string?>()), input ?? [], output, new HookOutput(), timeout ?? Long, cancellationToken);
}
