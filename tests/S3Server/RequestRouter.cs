namespace S3Server;

/// <summary>Names each request's operation, applies faults, checks its signature and carries it out.</summary>
internal sealed class RequestRouter
{
    private readonly BucketOperations buckets;
    private readonly ObjectOperations objects;
    private readonly MultipartOperations multipart;
    private readonly Signatures signatures;
    private readonly RequestCounter counter;
    private readonly FaultPlan faults;
    private readonly Action<LoggedRequest>? log;
    private readonly S3ServerOptions options;
    private readonly S3Store store;

    public RequestRouter(
        S3ServerOptions options, S3Store store, RequestCounter counter, FaultPlan faults, Action<LoggedRequest>? log)
    {
        var bodies = new BodyReader(options);
        buckets = new BucketOperations(options, store, bodies);
        objects = new ObjectOperations(store, bodies);
        multipart = new MultipartOperations(options, store, bodies, objects);
        signatures = new Signatures(options);
        this.options = options;
        this.store = store;
        this.counter = counter;
        this.faults = faults;
        this.log = log;
    }

    public async Task HandleAsync(HttpContext http)
    {
        var call = new S3Call(http) { Now = DateTimeOffset.UtcNow };
        http.Response.Headers["x-amz-request-id"] = call.RequestId;
        if (http.Request.Headers.Expect.Count > 0)
            http.Response.OnStarting(() => CloseUnlessContinued(call));
        try
        {
            call.ParseTarget();
            call.Operation = OperationOf(call);
            counter.Add(call.Operation);
            call.Fault = faults.Find(call.Operation, call.Key, http.Request);
            if (call.Fault is null || !await ApplyAsync(call, call.Fault))
            {
                call.Signed = signatures.Verify(call);
                CheckOwner(call);
                store.Policy?.Demand(call);
                await (call.Fault?.Kind == FaultKind.AnswerReplaced ? CarryOutUnheardAsync(call) : CarryOutAsync(call));
            }
        }
        catch (S3Exception error) when (!http.Response.HasStarted)
        {
            if (error.Code == "NoSuchKey" && store.Policy?.TellsMissing(call) == false)
                error = S3Exception.AccessDenied();
            http.Response.Headers.Remove("ETag");
            http.Response.ContentLength = null;
            await call.AnswerAsync(error);
        }
        catch (S3Exception)
        {
            http.Abort();
        }
        catch (BadHttpRequestException)
        {
            // The client ended its body early; there is nobody to answer.
            http.Abort();
        }
        catch (IOException) when (http.RequestAborted.IsCancellationRequested)
        {
            http.Abort();
        }
        catch (OperationCanceledException)
        {
            http.Abort();
        }
        log?.Invoke(new LoggedRequest(call.Operation, call.Method, call.Target, call.Bucket, call.Key, http.Response.StatusCode,
            call.Header("x-amz-expected-bucket-owner")));
    }

    // Kestrel sends 100 Continue when the body is read, and for one of no bytes, which S3 continues too, never. After an answer that came without
    // it, botocore misreads the next answer on the connection and waits 60 seconds for the rest (boto/botocore#3755), and Kestrel takes the
    // next request for the body.
    private static Task CloseUnlessContinued(S3Call call)
    {
        if (!call.HasReadBody || call.Request.ContentLength == 0)
            call.Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }

    /// <summary>S3's name of a request, from method, target and the query's subresource.</summary>
    private static string OperationOf(S3Call call)
    {
        if (call.Bucket is null)
            return call.Method == "GET" ? "ListBuckets" : "Unknown";
        return call.Key is null ? BucketOperationOf(call) : ObjectOperationOf(call);
    }

    private static string BucketOperationOf(S3Call call)
    {
        if (call.Query.Count > 0)
        {
            foreach (var pair in call.Query)
            {
                if (BucketOperations.Configurations.TryGetValue(pair.Key, out var configuration))
                    return Verb(call.Method) + configuration.Operation;
            }
            if (call.Has("versioning"))
                return Verb(call.Method) + "BucketVersioning";
            if (call.Has("acl"))
                return Verb(call.Method) + "BucketAcl";
            if (call.Has("location"))
                return "GetBucketLocation";
            if (call.Has("uploads"))
                return "ListMultipartUploads";
            if (call.Has("versions"))
                return "ListObjectVersions";
            if (call.Method == "POST" && call.Has("delete"))
                return "DeleteObjects";
        }
        return call.Method switch
        {
            "PUT" => "CreateBucket",
            "DELETE" => "DeleteBucket",
            "HEAD" => "HeadBucket",
            "GET" => call.Parameter("list-type") == "2" ? "ListObjectsV2" : "ListObjects",
            _ => "Unknown",
        };
    }

    private static string ObjectOperationOf(S3Call call)
    {
        if (call.Query.Count > 0)
        {
            if (call.Has("tagging"))
                return Verb(call.Method) + "ObjectTagging";
            if (call.Has("retention"))
                return Verb(call.Method) + "ObjectRetention";
            if (call.Has("acl"))
                return Verb(call.Method) + "ObjectAcl";
            if (call.Has("attributes"))
                return "GetObjectAttributes";
            if (call.Has("uploads"))
                return "CreateMultipartUpload";
            if (call.Has("restore"))
                return "RestoreObject";
            if (call.Has("uploadId"))
            {
                return call.Method switch
                {
                    "PUT" => call.Header("x-amz-copy-source") is null ? "UploadPart" : "UploadPartCopy",
                    "POST" => "CompleteMultipartUpload",
                    "DELETE" => "AbortMultipartUpload",
                    _ => "ListParts",
                };
            }
        }
        return call.Method switch
        {
            "PUT" => call.Header("x-amz-copy-source") is null ? "PutObject" : "CopyObject",
            "GET" => "GetObject",
            "HEAD" => "HeadObject",
            "DELETE" => "DeleteObject",
            _ => "Unknown",
        };
    }

    private static string Verb(string method) => method switch
    {
        "PUT" => "Put",
        "DELETE" => "Delete",
        _ => "Get",
    };

    // S3: a wrong owner is an access that is denied, whatever the credentials may do.
    private void CheckOwner(S3Call call)
    {
        foreach (var name in new[] { "x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner" })
        {
            if (call.Header(name) is { } owner && owner != options.AccountId)
                throw S3Exception.AccessDenied();
        }
    }

    private async Task CarryOutAsync(S3Call call)
    {
        switch (call.Operation)
        {
            case "PutObject": await objects.PutAsync(call); break;
            case "GetObject" or "HeadObject": await objects.GetAsync(call); break;
            case "DeleteObject": objects.Delete(call); break;
            case "DeleteObjects": await objects.DeleteManyAsync(call, key => DeniedDelete(call, key) ?? FaultOfDelete(key)); break;
            case "CopyObject": await objects.CopyAsync(call); break;
            case "GetObjectAttributes": await objects.GetAttributesAsync(call); break;
            case "GetObjectTagging" or "PutObjectTagging" or "DeleteObjectTagging": await objects.TaggingAsync(call); break;
            case "GetObjectRetention" or "PutObjectRetention": await objects.RetentionAsync(call); break;
            case "RestoreObject": await objects.RestoreAsync(call); break;
            case "CreateMultipartUpload": await multipart.CreateAsync(call); break;
            case "UploadPart": await multipart.UploadPartAsync(call); break;
            case "UploadPartCopy": await multipart.UploadPartCopyAsync(call); break;
            case "CompleteMultipartUpload": await multipart.CompleteAsync(call); break;
            case "AbortMultipartUpload": multipart.Abort(call); break;
            case "ListMultipartUploads": await multipart.ListUploadsAsync(call); break;
            case "ListParts": await multipart.ListPartsAsync(call); break;
            case "ListObjectsV2": await buckets.ListObjectsV2Async(call); break;
            case "ListObjects": await buckets.ListObjectsAsync(call); break;
            case "ListObjectVersions": await buckets.ListObjectVersionsAsync(call); break;
            case "ListBuckets": await buckets.ListBucketsAsync(call); break;
            case "CreateBucket": await buckets.CreateAsync(call); break;
            case "DeleteBucket": buckets.Delete(call); break;
            case "HeadBucket": buckets.Head(call); break;
            case "GetBucketLocation": await buckets.GetLocationAsync(call); break;
            case "GetBucketVersioning": await buckets.GetVersioningAsync(call); break;
            case "PutBucketVersioning": await buckets.PutVersioningAsync(call); break;
            case "GetBucketAcl" or "GetObjectAcl": await BucketOperations.GetAclAsync(call); break;
            case "Unknown": throw S3Exception.MethodNotAllowed(call.Method);
            default:
                var configuration = call.Key is null
                    ? call.Query.Select(pair => pair.Key).FirstOrDefault(BucketOperations.Configurations.ContainsKey)
                    : null;
                await buckets.ConfigureAsync(call, configuration ?? throw S3Exception.NotImplemented(call.Operation));
                break;
        }
        if (call.Fault?.Kind == FaultKind.ResponseLost)
            call.Http.Abort();
    }

    private async Task CarryOutUnheardAsync(S3Call call)
    {
        var network = call.Response.Body;
        call.Response.Body = Stream.Null;
        await CarryOutAsync(call);
        call.Response.Body = network;
        await AnswerWithPageAsync(call);
    }

    private static Task AnswerWithPageAsync(S3Call call)
    {
        call.Response.Headers.Clear();
        return call.AnswerAsync(
            "<!DOCTYPE html><html><head><meta charset=utf-8><title>Welcome</title></head><body><p>Please sign in.<br></body></html>"u8.ToArray(),
            "text/html");
    }

    private S3Exception? DeniedDelete(S3Call call, string key) =>
        store.Policy?.Allows("s3:DeleteObject", call.Bucket, key) == false ? S3Exception.AccessDenied() : null;

    /// <summary>A rule for the operation <c>DeleteObjects/Key</c> refuses one key inside the 200 answer.</summary>
    private S3Exception? FaultOfDelete(string key) => faults.Find("DeleteObjects/Key", key, request: null)?.Kind switch
    {
        null => null,
        FaultKind.AccessDenied => S3Exception.AccessDenied(),
        _ => InternalError(),
    };

    /// <summary>True when the fault has answered the request; false lets it go on, perhaps changed.</summary>
    private static async Task<bool> ApplyAsync(S3Call call, FaultRule fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.ServiceUnavailable:
                throw new S3Exception(503, "SlowDown", "Please reduce your request rate.");
            case FaultKind.InternalError:
                throw InternalError();
            case FaultKind.AccessDenied:
                throw S3Exception.AccessDenied();
            case FaultKind.Refuse:
                throw new S3Exception(fault.Status, fault.ErrorCode, fault.Message);
            case FaultKind.ConnectionReset when fault.AfterBytes is null:
                call.Http.Abort();
                return true;
            case FaultKind.OkWithErrorBody:
                await DrainAsync(call);
                await call.AnswerAsync(new S3Xml("Error", rootNamespace: null).Add("Code", fault.ErrorCode)
                    .Add("Message", "We encountered an internal error. Please try again.").Add("RequestId", call.RequestId));
                return true;
            case FaultKind.OkWithPage:
                await DrainAsync(call);
                await AnswerWithPageAsync(call);
                return true;
            case FaultKind.OkEmpty:
                await DrainAsync(call);
                call.Response.Headers.Clear();
                call.Answer(200);
                return true;
            case FaultKind.OkWithOtherDocument:
                await DrainAsync(call);
                call.Response.Headers.Clear();
                await call.AnswerAsync(new S3Xml("ListAllMyBucketsResult").Open("Buckets").Close("Buckets"));
                return true;
            case FaultKind.Slow:
                await Task.Delay(fault.Delay, call.Aborted);
                return false;
            case FaultKind.ClockSkew:
                call.Now += fault.ClockOffset;
                call.Response.Headers.Date = call.Now.ToString("R");
                return false;
            case FaultKind.Hold:
                await fault.Released.WaitAsync(call.Aborted);
                return false;
            case FaultKind.Custom:
                return fault.Handler is not null && await fault.Handler(call.Http);
            default:
                return false;
        }
    }

    private static S3Exception InternalError() =>
        new(500, "InternalError", "We encountered an internal error. Please try again.");

    private static async Task DrainAsync(S3Call call)
    {
        while (true)
        {
            var read = await call.Request.BodyReader.ReadAsync(call.Aborted);
            call.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }
}
