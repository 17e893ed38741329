using System.Net;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>A store that answers without end.</summary>
public sealed class EndlessAnswerTests
{
    [Theory]
    [InlineData("GET", "https://s3.example.com/bucket?list-type=2&prefix=p")]
    [InlineData("GET", "https://s3.example.com/bucket?versions")]
    [InlineData("POST", "https://s3.example.com/bucket?delete")]
    [InlineData("PUT", "https://s3.example.com/bucket/key")]
    public async Task A_document_is_not_read_for_ever(string method, string address)
    {
        using HttpMessageInvoker client = Client();
        using HttpRequestMessage request = new(new HttpMethod(method), address);
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        await using Stream body = await response.Content.ReadAsStreamAsync();

        await Assert.ThrowsAsync<IOException>(() => ReadAsync(body, 64));
    }

    [Fact]
    public async Task Content_may_have_any_length()
    {
        using HttpMessageInvoker client = Client();
        using HttpRequestMessage request = new(HttpMethod.Get, "https://s3.example.com/bucket/key?versionId=1");
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        await using Stream body = await response.Content.ReadAsStreamAsync();

        await ReadAsync(body, 64);
    }

    private static HttpMessageInvoker Client() =>
        new(new TransferHandler(new EndlessHandler(), new Traffic(TimeProvider.System), new TransferLimits(), TimeProvider.System));

    private static async Task ReadAsync(Stream body, int mebibytes)
    {
        byte[] buffer = new byte[1024 * 1024];
        for (int i = 0; i < mebibytes; i++)
            await body.ReadExactlyAsync(buffer);
    }

    private sealed class EndlessHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new EndlessStream()) });
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(buffer.Length);

        public override int Read(byte[] buffer, int offset, int count) => count;
    }
}
