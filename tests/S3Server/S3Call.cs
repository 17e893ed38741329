using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace S3Server;

/// <summary>One request: what it addresses, which operation it is, and how answers are written.</summary>
internal sealed class S3Call
{
    private static long lastRequest = DateTime.UtcNow.Ticks;

    public S3Call(HttpContext http)
    {
        Http = http;
        RequestId = Interlocked.Increment(ref lastRequest).ToString("X16", CultureInfo.InvariantCulture);
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "/";
        if (!target.StartsWith('/') && target.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0)
            target = target.IndexOf('/', scheme + 3) is var path and > 0 ? target[path..] : "/";
        Target = target;
    }

    public HttpContext Http { get; }

    public HttpRequest Request => Http.Request;

    public HttpResponse Response => Http.Response;

    public CancellationToken Aborted => Http.RequestAborted;

    public string RequestId { get; }

    /// <summary>Path and query as sent.</summary>
    public string Target { get; }

    public string Method => Http.Request.Method;

    /// <summary>The decoded path, for the signature.</summary>
    public string Path { get; private set; } = "/";

    public string? Bucket { get; private set; }

    public string? Key { get; private set; }

    public IReadOnlyList<KeyValuePair<string, string>> Query { get; private set; } = [];

    public string Operation { get; set; } = "Unknown";

    public FaultRule? Fault { get; set; }

    /// <summary>The server's clock, as this request sees it.</summary>
    public DateTimeOffset Now { get; set; }

    public SignedRequest? Signed { get; set; }

    /// <summary>True when the request's body was asked for, so that a client that waits for 100 Continue has got it.</summary>
    public bool HasReadBody { get; set; }

    /// <summary>Takes the target apart: path style, or virtual-host style below <c>localhost</c>.</summary>
    public void ParseTarget()
    {
        var mark = Target.IndexOf('?', StringComparison.Ordinal);
        Path = UrlEncoding.Decode(mark < 0 ? Target : Target.AsSpan(0, mark), plusIsSpace: false);
        if (mark >= 0)
            Query = ParseQuery(Target.AsSpan(mark + 1));

        var resource = Path.AsSpan(1);
        var host = Request.Headers.Host.ToString();
        var name = host.LastIndexOf(':') is var colon and > 0 ? host[..colon] : host;
        if (name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            Bucket = name[..^".localhost".Length];
            Key = resource.Length > 0 ? resource.ToString() : null;
        }
        else if (resource.Length > 0)
        {
            var slash = resource.IndexOf('/');
            Bucket = (slash < 0 ? resource : resource[..slash]).ToString();
            Key = slash >= 0 && slash + 1 < resource.Length ? resource[(slash + 1)..].ToString() : null;
        }
    }

    public string? Parameter(string name)
    {
        foreach (var pair in Query)
        {
            if (pair.Key == name)
                return pair.Value;
        }
        return null;
    }

    public bool Has(string name) => Parameter(name) is not null;

    public string? Header(string name) => Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;

    public string RequiredKey => Key ?? throw S3Exception.InvalidRequest("A key must be specified.");

    public string RequiredBucket => Bucket ?? throw S3Exception.InvalidRequest("A bucket must be specified.");

    public int IntegerParameter(string name, int whenMissing, int least, int most)
    {
        if (Parameter(name) is not { Length: > 0 } text)
            return whenMissing;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least)
            throw S3Exception.InvalidArgument($"Argument {name} must be an integer between {least} and {most}");
        return Math.Min(value, most);
    }

    public void Answer(int status)
    {
        Response.StatusCode = status;
        if (status is not (204 or 304))
            Response.ContentLength = 0;
    }

    public Task AnswerAsync(S3Xml document, int status = 200) => AnswerAsync(document.Finish(), "application/xml", status);

    public async Task AnswerAsync(ReadOnlyMemory<byte> body, string contentType, int status = 200)
    {
        var dropAfterHalf = false;
        switch (Fault?.Kind)
        {
            case FaultKind.TruncatedList:
                body = body[..(body.Length * 2 / 3)];
                break;
            case FaultKind.ConnectionDroppedMidBody:
                dropAfterHalf = true;
                break;
        }
        Response.StatusCode = status;
        Response.ContentType = contentType;
        Response.ContentLength = body.Length;
        if (HttpMethods.IsHead(Method))
            return;
        if (dropAfterHalf)
        {
            await Response.Body.WriteAsync(body[..(body.Length / 2)], Aborted);
            await Response.Body.FlushAsync(Aborted);
            // Kestrel closes a connection whose answer ends short. Abort would reset it, and clients send a request again,
            // unasked, when a reset has taken the answer's first bytes with it.
            return;
        }
        await Response.Body.WriteAsync(body, Aborted);
    }

    public Task AnswerAsync(S3Exception error)
    {
        if (HttpMethods.IsHead(Method))
        {
            // S3 sends no body with HEAD, so clients know such errors by their status alone.
            Response.StatusCode = error.Status;
            return Task.CompletedTask;
        }
        var document = new S3Xml("Error", rootNamespace: null).Add("Code", error.Code).Add("Message", error.Message);
        foreach (var (name, value) in error.Details)
            document.Add(name, value);
        document.Add("Resource", Path).Add("RequestId", RequestId).Add("HostId", "loopback");
        if (error.Status == 503)
            Response.Headers.RetryAfter = "0";
        return AnswerAsync(document, error.Status);
    }

    private static List<KeyValuePair<string, string>> ParseQuery(ReadOnlySpan<char> query)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            if (pair.Length == 0)
                continue;
            var equals = pair.IndexOf('=');
            pairs.Add(equals < 0
                ? new(UrlEncoding.Decode(pair, plusIsSpace: true), string.Empty)
                : new(UrlEncoding.Decode(pair[..equals], plusIsSpace: true),
                    UrlEncoding.Decode(pair[(equals + 1)..], plusIsSpace: true)));
        }
        return pairs;
    }
}
