using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>
/// Every kind of request of a restore and of a test, and every kind of wrong answer: what is called restored is there and is what the bucket
/// holds, whoever looks; and the same command later does the rest.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RestoreAnswerTests : RestoreHarness
{
    private static readonly string[] Names = ["a", "folder/b", "large", "z"];

    private readonly Dictionary<string, byte[]> contents = [];

    public static TheoryData<string, FaultKind> Answers
    {
        get
        {
            TheoryData<string, FaultKind> answers = [];
            foreach (FaultKind kind in (FaultKind[])[FaultKind.OkWithPage, FaultKind.OkEmpty, FaultKind.OkWithOtherDocument, FaultKind.AccessDenied])
            {
                answers.Add("ListObjectsV2", kind);
                answers.Add("HeadObject", kind);
                answers.Add("GetObject", kind);
            }

            answers.Add("ListObjectsV2", FaultKind.TruncatedList);
            answers.Add("GetObject", FaultKind.CorruptBody);
            answers.Add("GetObject", FaultKind.ConnectionDroppedMidBody);
            return answers;
        }
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_is_called_restored_is_what_the_bucket_holds_and_the_rest_comes_later(string operation, FaultKind kind)
    {
        PutAll();
        bool isListing = operation == "ListObjectsV2";
        // One object of those that the answer is wrong for; of a listing, its second page.
        FaultRule fault = Server.Faults.Add(new FaultRule
        {
            Operation = operation,
            Kind = kind,
            KeyContains = isListing ? null : operation == "HeadObject" ? "large" : "folder/b",
            Times = int.MaxValue,
        });

        RestoreResult result = await RestoreAsync(Restore());

        Assert.True(fault.Fired > 0);
        Assert.Equal(BackupStatus.Failed, result.Status);
        AssertHonest(result, isListing ? 0 : Names.Length - 1);
        Assert.Equal(isListing ? 0 : 1, result.Failed);

        Server.Faults.Clear();
        RestoreResult second = await RestoreWellAsync(Restore());
        Assert.Equal((Names.Length, Names.Length), (second.Restored + second.Unchanged, second.Total));
        AssertHonest(second with { Restored = Names.Length }, Names.Length);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Nothing_is_called_fine_that_was_not_compared(string operation, FaultKind kind)
    {
        PutAll();
        Server.Faults.Add(new FaultRule
        {
            Operation = operation,
            Kind = kind,
            KeyContains = operation == "GetObject" ? "folder/b" : null,
            Times = int.MaxValue,
        });
        BackupTestRequest request = new() { S3 = Request with { MirrorPath = "" }, Level = BackupTestLevel.Full };

        BackupTestResult result = await BackupTest.RunAsync(request, new RecordingObserver(), _ => { }, CancellationToken.None);

        // A test by download asks for no object's head.
        Assert.Equal(operation == "HeadObject" ? BackupStatus.Succeeded : BackupStatus.Failed, result.Status);
        Assert.Equal(operation == "GetObject", result.Failed + result.Differences == 1);
    }

    [Theory]
    [InlineData("folder/b")]
    [InlineData("large")]
    public async Task An_older_version_that_a_cache_gives_is_not_taken_for_the_one_that_was_listed(string name)
    {
        PutAll();
        byte[] old = RandomNumberGenerator.GetBytes(contents[name].Length);
        StoredObjectInfo stale = Server.Store.Put(BucketName, "cache/old", old, lastModified: DateTimeOffset.UtcNow.AddDays(-1));
        foreach (string operation in (string[])["GetObject", "HeadObject"])
        {
            Server.Faults.Add(new FaultRule
            {
                Operation = operation,
                KeyContains = name,
                Times = int.MaxValue,
                Kind = FaultKind.Custom,
                Handler = async http =>
                {
                    http.Response.Headers.ETag = $"\"{stale.ETag}\"";
                    http.Response.Headers.LastModified = stale.LastModified.ToString("R");
                    http.Response.ContentLength = old.Length;
                    if (HttpMethods.IsGet(http.Request.Method))
                        await http.Response.Body.WriteAsync(old);
                    return true;
                },
            });
        }

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(("RestoreContentChanged", name), (Assert.Single(result.FailedItems).Id, result.FailedItems[0].Target));
        AssertHonest(result, Names.Length - 1);
    }

    private void PutAll()
    {
        foreach (string name in Names)
        {
            contents[name] = RandomNumberGenerator.GetBytes(name == "large" ? (int)PartSize.Threshold + 1 : 1000);
            Server.Store.Put(BucketName, Prefix + name, contents[name]);
        }
    }

    private void AssertHonest(RestoreResult result, int restored)
    {
        string[] there = [.. Restored().Where(path => File.Exists(Path.Combine(Target, path)))];
        Assert.Equal((restored, restored), ((int)result.Restored, there.Length));
        Assert.All(there, name => Assert.Equal(contents[name], File.ReadAllBytes(Path.Combine(Target, name))));
    }
}
