using System.Net;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Ownership;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Ownership;

/// <summary>Whose a prefix is, and who takes it, decided without a server.</summary>
public sealed class PrefixOwnershipTests : IDisposable
{
    private const string Key = "p/" + MirrorMarker.FileName;
    private static readonly ObjectHeaders Plain = new() { ContentType = "text/plain", StorageClass = "STANDARD" };

    private readonly MemoryRun run = new();
    private PrefixOwnership? ownership;

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task A_prefix_that_is_nobodys_is_taken()
    {
        MirrorMarker marker = Mark();

        await RequireAsync();

        Assert.Equal(["READ " + Key, "READ " + MirrorMarker.FileName, "PUT " + Key], run.Store.Asked);
        Assert.Equal(File.ReadAllBytes(run.Files["mirror/" + MirrorMarker.FileName]), run.Store.Content(Key));
        Assert.Equal((true, marker.Created.AddMinutes(-15)), (Ownership.IsNew, Ownership.Since));
        ObjectHeaders headers = run.Store.HeadersOf(Key)!;
        Assert.Equal(("application/json", "STANDARD"), (headers.ContentType, headers.StorageClass));
        // As any entry of the mirror, so that other tools find nothing to do.
        Assert.Contains(headers.Metadata, item => item.Key == "file-mtime");
        Assert.True(run.Store.IsClosed);
    }

    [Fact]
    public async Task One_that_is_the_runs_is_not_written_again_and_asked_for_once()
    {
        run.Store.Put(Key, Mark().ToBytes());
        File.WriteAllBytes(run.Files["mirror/" + MirrorMarker.FileName], run.Store.Content(Key));

        await RequireAsync();
        await RequireAsync();

        Assert.Equal(["READ " + Key], run.Store.Asked);
        Assert.False(Ownership.IsNew);
        Assert.True(Ownership.RequireAsync(CancellationToken.None).IsCompletedSuccessfully);
    }

    [Theory]
    // The mirror took the place of that one; it was marked anew.
    [InlineData("replaced")]
    [InlineData("id")]
    public async Task One_that_is_the_runs_and_says_it_in_other_words_is_written_again(string id)
    {
        MirrorMarker marker = Mark(replaces: "replaced");
        run.Store.Put(Key, (marker with { Id = id == "id" ? marker.Id : id, Replaces = null }).ToBytes());

        await RequireAsync();

        Assert.Equal(["READ " + Key, "PUT " + Key], run.Store.Asked);
        Assert.Equal(marker.Id, MirrorMarker.Parse(run.Store.Content(Key)).Id);
        Assert.False(Ownership.IsNew);
    }

    [Theory]
    [InlineData("other", "h", "belongs to the job 'other' on h.")]
    [InlineData("same", "h", "belongs to the job '{0}' on h.")]
    [InlineData("same", "here", "which is another mirror than this one.")]
    [InlineData("other", "here", "belongs to the job 'other' on {1}.")]
    [InlineData(null, null, "somebody whose marker .rsyncs3backup.json cannot be read.")]
    public async Task Another_ones_is_refused_by_its_name_and_taken_only_when_the_user_says_so(string? job, string? host, string text)
    {
        MirrorMarker marker = Mark();
        byte[] theirs = job is null ? "{}"u8.ToArray() : (marker with
        {
            Id = "another",
            Job = job == "same" ? marker.Job : job,
            Host = host == "here" ? marker.Host : host,
        }).ToBytes();
        run.Store.Put(Key, theirs);

        BackupException refused = await Assert.ThrowsAsync<BackupException>(RequireAsync);

        Assert.Equal(("PrefixOwnedByOther", "s3://bucket/p/", BackupExitCode.Refused), (refused.Error.Id, refused.Error.Target, refused.Error.ExitCode));
        Assert.Contains(text.Replace("{0}", marker.Job).Replace("{1}", marker.Host), refused.Error.Message, StringComparison.Ordinal);
        Assert.Equal(theirs, run.Store.Content(Key));
        // A refusal stays one for the whole run.
        await Assert.ThrowsAsync<BackupException>(RequireAsync);
        Assert.Equal(["READ " + Key], run.Store.Asked);

        run.Request = run.Request with { AllowNewDestination = true };
        ownership = null;
        await RequireAsync();
        Assert.Equal(marker.Id, MirrorMarker.Parse(run.Store.Content(Key)).Id);
        Assert.False(Ownership.IsNew);
    }

    [Theory]
    [InlineData("a/b/c/", "a/b/")]
    [InlineData("a/b/c/", "a/")]
    [InlineData("a/b/c/", "")]
    [InlineData("a/", "")]
    public async Task A_new_prefix_in_that_of_another_job_is_refused_on_each_level(string prefix, string above)
    {
        Mark();
        MemoryStore store = new(prefix);
        store.Put(above + MirrorMarker.FileName, Theirs());

        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => RequireAsync(store));

        Assert.Contains($"s3://bucket/{prefix} lies in s3://bucket/{above}, which belongs to the job 'other'", refused.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(store.Asked, asked => asked.StartsWith("PUT", StringComparison.Ordinal));
        Assert.True(store.IsClosed);
    }

    [Fact]
    public async Task Every_level_above_a_new_prefix_is_looked_at_once()
    {
        Mark();
        MemoryStore store = new("a/b/c/");
        // Some file of that name.
        store.Put("a/b/" + MirrorMarker.FileName, "hello"u8.ToArray());

        await RequireAsync(store);

        string name = MirrorMarker.FileName;
        Assert.Equal(["READ a/b/c/" + name, "READ a/b/" + name, "READ a/" + name, "READ " + name, "PUT a/b/c/" + name], store.Asked);
    }

    [Fact]
    public async Task A_new_prefix_in_that_of_another_job_is_taken_when_the_user_says_so()
    {
        Mark();
        run.Request = run.Request with { AllowNewDestination = true };
        run.Store.Put(MirrorMarker.FileName, Theirs());

        await RequireAsync();

        Assert.Equal(["READ " + Key, "PUT " + Key], run.Store.Asked);
    }

    [Fact]
    public async Task A_bucket_as_a_whole_has_nothing_above_it()
    {
        Mark();
        MemoryStore store = new("");

        await RequireAsync(store);

        Assert.Equal(["READ " + MirrorMarker.FileName, "PUT " + MirrorMarker.FileName], store.Asked);
    }

    [Fact]
    public async Task Credentials_for_the_prefix_alone_take_it()
    {
        Mark();
        run.Store.Fails = asked => asked == "READ " + MirrorMarker.FileName ? MemoryStore.Answer(HttpStatusCode.Forbidden, "AccessDenied") : null;

        await RequireAsync();

        Assert.Contains("PUT " + Key, run.Store.Asked);
    }

    [Fact]
    public async Task Credentials_that_may_not_read_it_change_nothing_about_it()
    {
        Mark();
        run.Store.Fails = asked => asked == "READ " + Key ? MemoryStore.Answer(HttpStatusCode.Forbidden, "AccessDenied") : null;

        await RequireAsync();

        Assert.Equal((false, "READ " + Key), (Ownership.IsNew, Assert.Single(run.Store.Asked)));
    }

    [Fact]
    public async Task A_question_that_S3_did_not_answer_is_asked_again()
    {
        Mark();
        int asked = 0;
        run.Store.Fails = what => what == "READ " + Key && asked++ == 0 ? MemoryStore.Answer(HttpStatusCode.ServiceUnavailable, "SlowDown") : null;

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(RequireAsync);
        await RequireAsync();

        Assert.True(Ownership.IsNew);
    }

    [Fact]
    public async Task A_question_that_was_cut_off_is_asked_again()
    {
        Mark();
        int asked = 0;
        run.Store.Fails = what => what == "READ " + Key && asked++ == 0 ? new TaskCanceledException() : null;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(RequireAsync);
        await RequireAsync();

        Assert.True(Ownership.IsNew);
    }

    [Theory]
    // The tag is that of the mirror's own marker; it can be one of content; whether the user takes it; whether it is refused.
    [InlineData(true, false, false, false)]
    [InlineData(false, false, false, true)]
    [InlineData(true, true, false, true)]
    [InlineData(false, false, true, false)]
    public async Task A_marker_in_the_archive_is_the_runs_when_it_is_the_same_to_the_byte(bool isSame, bool isOpaque, bool allows, bool isRefused)
    {
        Mark();
        run.Request = run.Request with { AllowNewDestination = allows };
        run.Store.Put(Key, isSame ? File.ReadAllBytes(run.Files["mirror/" + MirrorMarker.FileName]) : Theirs(),
            stored => stored with { IsTagOpaque = isOpaque, StorageClass = "DEEP_ARCHIVE" });
        run.Store.Fails = asked => asked == "READ " + Key ? MemoryStore.Answer(HttpStatusCode.Forbidden, "InvalidObjectState") : null;

        Exception? refused = await Record.ExceptionAsync(RequireAsync);

        Assert.Equal(isRefused ? "PrefixOwnedByOther" : null, (refused as BackupException)?.Error.Id);
        if (isRefused)
            Assert.Contains("(DEEP_ARCHIVE)", refused!.Message, StringComparison.Ordinal);
        Assert.Equal(isRefused ? ["READ " + Key, "HEAD " + Key] : ["READ " + Key, "HEAD " + Key, "PUT " + Key], run.Store.Asked);
        Assert.False(Ownership.IsNew);
    }

    [Fact]
    public async Task A_marker_that_was_in_the_archive_and_is_gone_is_refused()
    {
        Mark();
        run.Store.Fails = asked => asked == "READ " + Key ? MemoryStore.Answer(HttpStatusCode.Forbidden, "InvalidObjectState") : null;

        Assert.Contains("()", (await Assert.ThrowsAsync<BackupException>(RequireAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_folder_without_a_marker_S3_knows_since_when_the_prefix_is_its_own()
    {
        await RequireAsync();
        Assert.Equal((true, DateTimeOffset.MinValue), (Ownership.IsNew, Ownership.Since));
        Assert.Equal(["READ " + Key, "READ " + MirrorMarker.FileName, "PUT " + Key], run.Store.Asked);
        run.Store.Put(Key, run.Store.Content(Key), stored => stored with { LastModified = MemoryRun.Now });
        ownership = null;
        run.Store.Asked.Clear();

        await RequireAsync();

        Assert.Equal((false, MemoryRun.Now), (Ownership.IsNew, Ownership.Since));
        Assert.Equal(["READ " + Key, "HEAD " + Key], run.Store.Asked);
    }

    [Fact]
    public async Task Where_S3_does_not_tell_that_time_all_of_it_may_be_its_own()
    {
        await RequireAsync();
        ownership = null;

        await RequireAsync();

        Assert.Equal(DateTimeOffset.MinValue, Ownership.Since);
    }

    [Fact]
    public async Task A_store_that_is_guarded_changes_nothing_in_another_ones_prefix()
    {
        Mark();
        run.Store.Put(Key, Theirs());
        (SyncScope scope, _) = PrefixOwnership.Guard(run.Scope);
        IObjectStore store = scope.Store;
        CancellationToken none = CancellationToken.None;
        ObjectContent content = new("a", [], 0);
        Func<Task>[] changes =
        [
            () => store.PutAsync(content, Plain, none),
            () => store.CopyAsync("p/b", null, 0, "a", Plain, none),
            () => store.StartPartsAsync("a", Plain, none),
            () => store.PutPartAsync("u", 1, content, none),
            () => store.CompletePartsAsync("a", "u", [], Plain, none),
            () => store.AbortPartsAsync("a", "u", none),
            () => store.RetrieveAsync(new ObjectQuery("p/a"), "Bulk", null, none),
            () => store.RetainAsync("a", null, Locked, none),
            () => store.At("p/deeper/").PutAsync(content, Plain, none),
            async () =>
            {
                await foreach (BackupError error in store.DeleteAsync(["a"], none))
                    Assert.Null(error);
            },
        ];

        foreach (Func<Task> change in changes)
            Assert.Equal("PrefixOwnedByOther", (await Assert.ThrowsAsync<BackupException>(change)).Error.Id);
        Assert.Equal(["READ " + Key], run.Store.Asked);
    }

    [Fact]
    public async Task A_store_that_is_guarded_passes_on_what_is_allowed()
    {
        Mark();
        (SyncScope scope, _) = PrefixOwnership.Guard(run.Scope);
        ObjectContent content = new("a", [1], 1);

        await scope.Store.PutAsync(content, Plain, CancellationToken.None);
        await scope.Store.PutAsync(content, Plain, CancellationToken.None);
        await scope.Store.AbortPartsAsync("a", "u", CancellationToken.None);
        await scope.Store.RetrieveAsync(new ObjectQuery("p/a"), "Bulk", 3, CancellationToken.None);
        await scope.Store.RetainAsync("a", null, Locked, CancellationToken.None);
        run.Store.Refused["p/c"] = BackupError.Make("X", BackupErrorCategory.PermissionDenied, "No.", "Ask.", "p/c", BackupExitCode.Stage2Failed);
        List<BackupError> errors = [];
        await foreach (BackupError error in scope.Store.DeleteAsync(["a", "c"], CancellationToken.None))
            errors.Add(error);

        Assert.Equal(["PUT p/a", "PUT p/a", "ABORT p/a u", "RETRIEVE p/a Bulk 3", "RETAIN p/a", "DELETE p/a p/c"], run.Store.Asked[3..]);
        Assert.Equal("p/c", Assert.Single(errors).Target);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(null)]
    public async Task Nothing_is_asked_or_changed_in_a_bucket_that_cannot_lock_what_is_to_be_locked(bool? hasLock)
    {
        Mark();
        Demand(hasLock);
        (SyncScope scope, PrefixOwnership guarded) = PrefixOwnership.Guard(run.Scope);

        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => guarded.RequireAsync(CancellationToken.None));

        Assert.Equal("ProtectionMissing", refused.Error.Id);
        Assert.Equal(["LOCK?"], run.Store.Asked);
        await Assert.ThrowsAsync<BackupException>(() => scope.Store.PutAsync(new ObjectContent("a", [1], 1), Plain, CancellationToken.None));
        Assert.Empty(run.Store.Keys);
    }

    [Fact]
    public async Task What_is_to_be_locked_is_locked_the_marker_first()
    {
        Mark();
        Demand(hasLock: true);
        (SyncScope scope, PrefixOwnership guarded) = PrefixOwnership.Guard(run.Scope);

        await scope.Store.PutAsync(new ObjectContent("a", [1], 1), Plain, CancellationToken.None);

        Assert.NotNull(guarded.Protection);
        Assert.All((string[])[Key, "p/a"], key => Assert.Equal(ObjectLockMode.Compliance, run.Store.HeadersOf(key)!.Retention?.Mode));
        // This store does not say of what it made that it is locked.
        Assert.Equal(["RETAIN " + Key, "RETAIN p/a"], run.Store.Asked.Where(asked => asked.StartsWith("RETAIN", StringComparison.Ordinal)));
    }

    private static ObjectRetention Locked => new(ObjectLockMode.Governance, MemoryRun.Now);

    private void Demand(bool? hasLock)
    {
        run.Store.HasObjectLock = hasLock;
        ObjectLockOptions wanted = new() { Mode = ObjectLockMode.Compliance, Days = 3 };
        run.Request = run.Request with { Options = run.Request.Options with { Protection = new ProtectionOptions { ObjectLock = wanted } } };
    }

    private PrefixOwnership Ownership => ownership ??= new PrefixOwnership(run.Scope, PrefixOwner.Of(run.JobName, run.Request.MirrorPath));

    private Task RequireAsync() => Ownership.RequireAsync(CancellationToken.None);

    private Task RequireAsync(MemoryStore store) =>
        new PrefixOwnership(run.Scope with { Store = store }, PrefixOwner.Of(run.JobName, run.Request.MirrorPath)).RequireAsync(CancellationToken.None);

    // As stage 1 does.
    private MirrorMarker Mark(string? replaces = null)
    {
        MirrorMarker marker = MirrorMarker.New(run.JobName, run.Request.MirrorPath) with { Replaces = replaces };
        marker.Write(run.Request.MirrorPath);
        return marker;
    }

    private static byte[] Theirs() => new MirrorMarker("theirs", "other", MemoryRun.Now, new FileSystemIdentity("ext4", null)).ToBytes();
}
