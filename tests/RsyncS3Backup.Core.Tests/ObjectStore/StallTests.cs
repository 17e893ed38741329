using System.Net;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

public sealed class StallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly ManualClock clock = new();
    private readonly Traffic traffic;

    public StallTests() => traffic = new Traffic(clock);

    [Fact]
    public async Task A_run_in_which_nothing_moves_any_more_ends_with_an_error_that_says_so()
    {
        StallWatch watch = new(traffic, Patience, clock);
        Task running = watch.RunAsync(
            async token =>
            {
                traffic.Started();
                await Task.Delay(Timeout.Infinite, token);
            },
            "http://store.example.com", default);

        clock.Advance(TimeSpan.FromMinutes(11));

        BackupException error = await Assert.ThrowsAsync<BackupException>(() => running);
        Assert.Equal(("S3Stalled", "http://store.example.com"), (error.Error.Id, error.Error.Target));
    }

    [Fact]
    public async Task A_run_in_which_something_moves_now_and_then_goes_on()
    {
        StallWatch watch = new(traffic, Patience, clock);
        TaskCompletionSource done = new();
        Task running = watch.RunAsync(
            async token =>
            {
                traffic.Started();
                await done.Task.WaitAsync(token);
            },
            "", default);
        for (int i = 0; i < 20; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(9));
            traffic.Sent(1);
        }

        done.SetResult();

        await running;
    }

    [Fact]
    public void Work_without_requests_is_no_stall()
    {
        traffic.Started();
        traffic.Ended();

        clock.Advance(TimeSpan.FromHours(5));

        Assert.Equal(TimeSpan.Zero, traffic.Stalled);
    }

    [Fact]
    public void A_request_after_a_pause_begins_anew()
    {
        clock.Advance(TimeSpan.FromHours(5));

        traffic.Started();

        Assert.Equal(TimeSpan.Zero, traffic.Stalled);
    }

    [Fact]
    public void Requests_that_only_repeat_failed_ones_are_no_movement()
    {
        for (int i = 0; i < 6; i++)
        {
            traffic.Started();
            clock.Advance(TimeSpan.FromMinutes(2));
            traffic.Failed(isTimeout: true);
            traffic.Ended();
        }

        traffic.Started();
        Assert.Equal(TimeSpan.FromMinutes(12), traffic.Stalled);
    }

    [Fact]
    public async Task Cancelling_is_not_taken_for_a_stall()
    {
        StallWatch watch = new(traffic, Patience, clock);
        using CancellationTokenSource stop = new();
        Task running = watch.RunAsync(token => Task.Delay(Timeout.Infinite, token), "", stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_store_that_hangs_in_the_middle_of_an_answer_counts_as_a_request_under_way()
    {
        using HttpMessageInvoker http = Invoker(_ => new HttpResponseMessage { Content = new StreamContent(new HangingStream()) });
        using HttpRequestMessage request = new(HttpMethod.Get, "http://localhost/");
        using HttpResponseMessage response = await http.SendAsync(request, default);
        Task<string> reading = response.Content.ReadAsStringAsync();

        clock.Advance(Patience);

        Assert.Equal(Patience, traffic.Stalled);
        Assert.False(reading.IsCompleted);
    }

    [Fact]
    public async Task An_answer_that_was_read_to_its_end_is_over()
    {
        using HttpMessageInvoker http = Invoker(_ => new HttpResponseMessage { Content = new StringContent("done") });
        using HttpRequestMessage request = new(HttpMethod.Get, "http://localhost/");
        using HttpResponseMessage response = await http.SendAsync(request, default);

        Assert.Equal("done", await response.Content.ReadAsStringAsync());

        clock.Advance(Patience);
        Assert.Equal(TimeSpan.Zero, traffic.Stalled);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, 0)]
    [InlineData(HttpStatusCode.NotFound, 0)]
    [InlineData(HttpStatusCode.ServiceUnavailable, 1)]
    [InlineData(HttpStatusCode.TooManyRequests, 1)]
    public async Task Throttling_is_seen_whoever_sent_the_request(HttpStatusCode status, long expected)
    {
        using HttpMessageInvoker http = Invoker(_ => new HttpResponseMessage(status));
        using HttpRequestMessage request = new(HttpMethod.Put, "http://localhost/") { Content = new ByteArrayContent([1, 2, 3]) };

        using HttpResponseMessage response = await http.SendAsync(request, default);

        Assert.Equal((expected, 1L, 3L), (traffic.Throttled, traffic.Answers, traffic.Bytes));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100_000_000L)]
    public async Task A_large_body_arrives_whole_and_is_counted_while_it_goes(long? bytesPerSecond)
    {
        byte[] body = new byte[300_000];
        new Random(1).NextBytes(body);
        byte[] received = [];
        using HttpMessageInvoker http = Invoker(
            message =>
            {
                using MemoryStream copy = new();
                message.Content!.CopyToAsync(copy).GetAwaiter().GetResult();
                received = copy.ToArray();
                return new HttpResponseMessage();
            },
            bytesPerSecond);
        using ByteArrayContent content = new(body);
        using HttpRequestMessage request = new(HttpMethod.Put, "http://localhost/") { Content = content };

        using HttpResponseMessage response = await http.SendAsync(request, default);

        Assert.Equal(body, received);
        Assert.Equal(body.Length, traffic.Bytes);
        Assert.Same(content, request.Content);
    }

    [Fact]
    public async Task What_arrives_keeps_to_its_limit_and_waiting_for_that_is_no_stall()
    {
        TransferLimits limits = new() { ReceivedBytesPerSecond = 10_000 };
        using HttpMessageInvoker http = new(new TransferHandler(
            new Answering(_ => new HttpResponseMessage { Content = new StreamContent(new MemoryStream(new byte[100_000])) }), traffic, limits, clock));
        using HttpRequestMessage request = new(HttpMethod.Get, "http://localhost/");
        using HttpResponseMessage response = await http.SendAsync(request, default);
        using Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[100_000];
        // What a quarter of a second lets through waits for nothing.
        Assert.Equal(1024, await stream.ReadAsync(buffer));
        Assert.Equal(1024, await stream.ReadAsync(buffer));

        ValueTask<int> third = stream.ReadAsync(buffer);

        Assert.False(third.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1024, await third);
        Assert.Equal((TimeSpan.Zero, 0L), (traffic.Stalled, traffic.Throttled));
    }

    private HttpMessageInvoker Invoker(Func<HttpRequestMessage, HttpResponseMessage> answer, long? bytesPerSecond = null) =>
        new(new TransferHandler(new Answering(answer), traffic, new TransferLimits { BytesPerSecond = bytesPerSecond }, clock));

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer(request));
    }

    private sealed class HangingStream : MemoryStream
    {
        // Else its content would know that it is empty.
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
