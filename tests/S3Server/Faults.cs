namespace S3Server;

public enum FaultKind
{
    /// <summary>503 SlowDown.</summary>
    ServiceUnavailable,

    /// <summary>500 InternalError.</summary>
    InternalError,

    /// <summary>The connection is cut before an answer; with <see cref="FaultRule.AfterBytes"/>, after so much of the body.</summary>
    ConnectionReset,

    /// <summary>The request is carried out, and the connection cut before the answer.</summary>
    ResponseLost,

    /// <summary>The request is carried out as if it did not ask for a lock.</summary>
    LockIgnored,

    /// <summary>A copy is carried out as if it had no condition.</summary>
    ConditionIgnored,

    /// <summary>200 with an error document, as CompleteMultipartUpload and CopyObject can end.</summary>
    OkWithErrorBody,

    /// <summary>200 with a page of HTML and none of S3's headers, as a captive portal or a proxy answers; nothing is done.</summary>
    OkWithPage,

    /// <summary>200 with nothing at all; nothing is done.</summary>
    OkEmpty,

    /// <summary>200 with a right document of another operation; nothing is done.</summary>
    OkWithOtherDocument,

    /// <summary>The request is carried out, and the answer is as with <see cref="OkWithPage"/>.</summary>
    AnswerReplaced,

    /// <summary>403 AccessDenied.</summary>
    AccessDenied,

    /// <summary><see cref="FaultRule.Status"/> and <see cref="FaultRule.ErrorCode"/>, as of a store that does not do what is asked.</summary>
    Refuse,

    /// <summary>Waits <see cref="FaultRule.Delay"/>, and moves bodies at <see cref="FaultRule.BytesPerSecond"/>.</summary>
    Slow,

    /// <summary>The document ends early while the HTTP body is complete.</summary>
    TruncatedList,

    /// <summary>The connection drops half way through the answer's body.</summary>
    ConnectionDroppedMidBody,

    /// <summary>GET returns changed bytes.</summary>
    CorruptBody,

    /// <summary>The server's clock is off by <see cref="FaultRule.ClockOffset"/>, in its checks and its Date header.</summary>
    ClockSkew,

    /// <summary>The request waits until <see cref="FaultRule.Release"/>, or until the client gives up.</summary>
    Hold,

    /// <summary><see cref="FaultRule.Handler"/> decides.</summary>
    Custom,
}

/// <summary>One fault: which requests it meets, how often, and what it does to them.</summary>
public sealed class FaultRule
{
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int matched;
    private int fired;

    /// <summary>The S3 operation, such as <c>PutObject</c>; null meets any.</summary>
    public string? Operation { get; init; }

    /// <summary>Text that the key contains; null meets any, also requests without a key.</summary>
    public string? KeyContains { get; init; }

    /// <summary>How many matching requests pass before the first fault.</summary>
    public int Skip { get; init; }

    /// <summary>How many requests are met; <see cref="int.MaxValue"/> meets all.</summary>
    public int Times { get; init; } = 1;

    public required FaultKind Kind { get; init; }

    public TimeSpan Delay { get; init; }

    public long BytesPerSecond { get; init; }

    public long? AfterBytes { get; init; }

    public TimeSpan ClockOffset { get; init; }

    /// <summary>The code in the error document of <see cref="FaultKind.OkWithErrorBody"/> and <see cref="FaultKind.Refuse"/>.</summary>
    public string ErrorCode { get; init; } = "InternalError";

    /// <summary>The status of <see cref="FaultKind.Refuse"/>.</summary>
    public int Status { get; init; } = 501;

    /// <summary>The message of <see cref="FaultKind.Refuse"/>.</summary>
    public string Message { get; init; } = "A header you provided implies functionality that is not implemented.";

    /// <summary>What a request must be besides; null meets any.</summary>
    public Func<HttpRequest, bool>? When { get; init; }

    /// <summary>A store that never does something: every such request is refused.</summary>
    /// <param name="operation">The S3 operation; null for any.</param>
    /// <param name="status">The status.</param>
    /// <param name="code">The code in the error document.</param>
    /// <param name="when">What the request must be besides; null for any.</param>
    public static FaultRule Refusal(string? operation, int status, string code, Func<HttpRequest, bool>? when = null) => new()
    {
        Operation = operation,
        Kind = FaultKind.Refuse,
        Status = status,
        ErrorCode = code,
        When = when,
        Times = int.MaxValue,
    };

    /// <summary>For <see cref="FaultKind.Custom"/>: answers the request and returns true, or returns false to let it pass.</summary>
    public Func<HttpContext, Task<bool>>? Handler { get; init; }

    /// <summary>How many requests this rule has met.</summary>
    public int Fired => Volatile.Read(ref fired);

    /// <summary>Ends when this rule has met its first request.</summary>
    public Task Arrived => arrived.Task;

    /// <summary>Lets the requests held by this rule go on, and later ones pass.</summary>
    public void Release() => released.TrySetResult();

    internal Task Released => released.Task;

    internal bool Meets(string operation, string? key, HttpRequest? request)
    {
        if (Operation is not null && Operation != operation)
            return false;
        if (When is not null && (request is null || !When(request)))
            return false;
        if (KeyContains is not null && key?.Contains(KeyContains, StringComparison.Ordinal) != true)
            return false;
        var order = Interlocked.Increment(ref matched) - 1L;
        if (order < Skip || order >= (long)Skip + Times)
            return false;
        Interlocked.Increment(ref fired);
        arrived.TrySetResult();
        return true;
    }
}

/// <summary>The faults a server injects; the first rule that meets a request applies. Safe for threads.</summary>
public sealed class FaultPlan
{
    private volatile FaultRule[] rules = [];
    private readonly Lock gate = new();

    public FaultRule Add(FaultRule rule)
    {
        lock (gate)
            rules = [.. rules, rule];
        return rule;
    }

    public void Remove(FaultRule rule)
    {
        lock (gate)
            rules = rules.Where(other => other != rule).ToArray();
        rule.Release();
    }

    public void Clear()
    {
        var cleared = rules;
        lock (gate)
            rules = [];
        foreach (var rule in cleared)
            rule.Release();
    }

    internal FaultRule? Find(string operation, string? key, HttpRequest? request)
    {
        foreach (var rule in rules)
        {
            if (rule.Meets(operation, key, request))
                return rule;
        }
        return null;
    }
}
