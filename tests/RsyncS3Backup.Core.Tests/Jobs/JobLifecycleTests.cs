using System.Text;
using RsyncS3Backup.Jobs.Lifecycle;
using RsyncS3Backup.ObjectStore.Lifecycle;
using RsyncS3Backup.ObjectStore.Prices;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

/// <summary>Which rules a job asks for, which are its own, and what those of others mean for it: without a bucket.</summary>
public sealed class JobLifecycleTests
{
    private static readonly LifecycleOptions Full = new()
    {
        Transitions = [Step(150, "DEEP_ARCHIVE"), Step(60, "GLACIER_IR")],
        NoncurrentVersions = new NoncurrentVersionOptions { ExpireAfterDays = 180, KeepNewest = 3, Transitions = [Step(30, "GLACIER")] },
        AbortUnfinishedUploadsAfterDays = 5,
    };

    [Fact]
    public void A_job_asks_for_two_rules()
    {
        LifecycleRule[] wanted = [.. Job(Full).Wanted()];

        Assert.Equal(
            [
                "    keys that start with 'rsync/photos/', more than 131071 bytes",
                "    to GLACIER_IR after 60 days",
                "    to DEEP_ARCHIVE after 150 days",
                "    old versions to GLACIER after 30 days",
            ],
            wanted[0].Lines().Skip(1));
        Assert.Equal(
            [
                "    keys that start with 'rsync/photos/'",
                "    old versions expire after 180 days, but for the newest 3",
                "    delete markers without versions go",
                "    unfinished uploads are given up after 5 days",
            ],
            wanted[1].Lines().Skip(1));
        Assert.Equal(2, wanted.Length);
        Assert.All(wanted, rule => Assert.True(rule.IsEnabled && Job(Full).IsOwn(rule)));
    }

    [Fact]
    public void Only_what_is_asked_for_is_a_rule()
    {
        Assert.Empty(Job(null).Wanted());
        Assert.Empty(Job(new LifecycleOptions { AbortUnfinishedUploadsAfterDays = 0 }).Wanted());
        Assert.Equal(["unfinished uploads are given up after 7 days"], Assert.Single(Job(new LifecycleOptions()).Wanted()).Actions());
        LifecycleRule moves = Assert.Single(Job(new LifecycleOptions { Transitions = [Step(1, "GLACIER")], AbortUnfinishedUploadsAfterDays = 0 }).Wanted());
        Assert.Equal(["to GLACIER after 1 day"], moves.Actions());
    }

    [Theory]
    [InlineData("", 131072, "more than 131071 bytes")]
    [InlineData("", 0, "all objects of the bucket")]
    [InlineData("rsync/photos/", 0, "keys that start with 'rsync/photos/'")]
    [InlineData("rsync/photos/", 4096, "keys that start with 'rsync/photos/', more than 4095 bytes")]
    public void A_rule_is_for_a_prefix_and_a_size(string prefix, int smallest, string expected)
    {
        JobLifecycle job = Job(Full with { SmallestSize = smallest }, prefix);

        Assert.Equal("    " + expected, job.Wanted().First().Lines().ElementAt(1));
    }

    [Theory]
    [InlineData(null, "rsync/photos/")]
    [InlineData("", "")]
    [InlineData("a", "a/")]
    [InlineData("rsync/{yyyy-MM-dd}/", "rsync/")]
    [InlineData("rsync/photos-{yyyy}/x/", "rsync/photos-")]
    [InlineData("{yyyy}/", "")]
    public void A_prefix_with_dates_ends_before_the_first(string? s3Prefix, string expected) =>
        Assert.Equal(expected, JobLifecycle.Of(Configuration("photos", s3Prefix)).KeyPrefix);

    [Fact]
    public void Braces_in_the_name_of_a_job_are_no_date() =>
        Assert.Equal("rsync/{yyyy}/", JobLifecycle.Of(Configuration("{yyyy}", null)).KeyPrefix);

    [Fact]
    public void An_id_is_short_and_plain_and_hangs_on_name_and_prefix()
    {
        string longest = JobLifecycle.Of(Configuration(new string('é', 100), new string('p', 500))).TransitionsId;

        Assert.InRange(longest.Length, 1, JobLifecycle.LongestId);
        Assert.True(longest.All(char.IsAscii));
        string[] ids =
        [
            Job(null).CleanUpId, Job(null).TransitionsId, Job(null, "other/").CleanUpId,
            new JobLifecycle("photo s", "rsync/photos/", Tags(), null).CleanUpId, new JobLifecycle("photo-s", "rsync/photos/", Tags(), null).CleanUpId,
        ];
        Assert.Distinct(ids);
        // What older versions wrote must be found again.
        Assert.Equal("rsyncs3backup-photos-22f9f5503fa7-cleanup", Job(null).CleanUpId);
    }

    [Theory]
    [InlineData("<Prefix>rsync/photos/</Prefix>", true)]
    [InlineData("<Prefix>rsync/photos/2024/</Prefix>", true)]
    [InlineData("<Prefix>rsync/</Prefix>", true)]
    [InlineData("<Prefix></Prefix>", true)]
    [InlineData("<Prefix>rsync/photos2/</Prefix>", false)]
    [InlineData("<Prefix>rsync/photo</Prefix>", true)]
    [InlineData("<Tag><Key>team</Key><Value>photos</Value></Tag>", true)]
    [InlineData("<Tag><Key>team</Key><Value>music</Value></Tag>", false)]
    [InlineData("<And><Prefix>rsync/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And>", false)]
    public void Rules_of_others_meet_objects_by_prefix_and_tags(string filter, bool expected) =>
        Assert.Equal(expected, Job(null).IsApplied(Rule($"<ID>x</ID><Filter>{filter}</Filter><Status>Enabled</Status>")));

    [Fact]
    public void A_rule_that_is_not_enabled_meets_nothing() =>
        Assert.False(Job(null).IsApplied(Rule("<Filter><Prefix></Prefix></Filter><Status>Disabled</Status>")));

    [Theory]
    [InlineData("<Expiration><Days>30</Days></Expiration>", "It deletes objects of the job after 30 days")]
    [InlineData("<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>", "It deletes objects of the job from 2030-01-01T00:00:00Z on")]
    [InlineData("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>", null)]
    [InlineData("<Transition><Days>9</Days><StorageClass>GLACIER</StorageClass></Transition>", "It moves objects of the job to GLACIER after 9 days")]
    [InlineData("<Transition><Days>9</Days><StorageClass>GLACIER_IR</StorageClass></Transition>", null)]
    [InlineData("<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays></NoncurrentVersionExpiration>", null)]
    public void What_a_rule_of_somebody_else_does_to_the_job_is_said(string action, string? expected)
    {
        string? problem = LifecycleDoubts.OfForeign(Job(null), Rule($"<ID>x</ID><Filter><Prefix/></Filter><Status>Enabled</Status>{action}"));

        if (expected is null)
            Assert.Null(problem);
        else
            Assert.StartsWith(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsync/music/", true, false)]
    [InlineData("rsync/photos/", true, true)]
    [InlineData("rsync/photos/raw/", false, true)]
    [InlineData("rsync/", true, true)]
    // Without rules of its own the outer job does nothing to this one.
    [InlineData("rsync/", false, false)]
    [InlineData("", true, true)]
    public void Jobs_overlap_when_rules_of_one_meet_objects_of_the_other(string prefix, bool hasRules, bool expected)
    {
        JobLifecycle other = new("other", prefix, Tags(), hasRules ? new LifecycleOptions() : null);

        Assert.Equal(expected, LifecycleDoubts.FindOverlap(Job(Full), [other, Job(Full)]) is not null);
    }

    [Fact]
    public void A_rule_of_another_job_in_the_bucket_overlaps_too()
    {
        LifecycleRule other = new JobLifecycle("other", "rsync/", Tags(), Full).Wanted().First();
        LifecycleRule beside = new JobLifecycle("other", "music/", Tags(), Full).Wanted().First();

        Assert.Same(other, LifecycleDoubts.FindOverlap(Job(Full), [beside, Job(Full).Wanted().First(), other]));
        Assert.Contains("another job's", LifecycleDoubts.OfForeign(Job(null), Job(Full, "rsync/").Wanted().Last()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GLACIER", "rsync/{yyyy-MM-dd}/", 30, "made more than 30 days after the one before uploads everything again")]
    [InlineData("GLACIER_IR", "rsync/{yyyy-MM-dd}/", 30, null)]
    [InlineData("DEEP_ARCHIVE", "rsync/photos/", 30, null)]
    public void Snapshots_that_could_not_be_copied_are_told_beforehand(string storageClass, string s3Prefix, int days, string? expected)
    {
        S3SyncOptions options = new() { S3Prefix = s3Prefix, Lifecycle = new LifecycleOptions { Transitions = [Step(days, storageClass)] } };

        AssertSays(expected, LifecycleDoubts.OfOwn(options, null, null, PriceList.Aws));
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(null, null)]
    [InlineData(false, "keeps no versions")]
    public void Rules_for_old_versions_do_nothing_without_versions(bool? keepsVersions, string? expected)
    {
        S3SyncOptions options = new() { Lifecycle = new LifecycleOptions { NoncurrentVersions = new NoncurrentVersionOptions { ExpireAfterDays = 1 } } };

        AssertSays(expected, LifecycleDoubts.OfOwn(options, null, keepsVersions, PriceList.Aws));
    }

    [Theory]
    [InlineData("GLACIER_IR", 131072, "1 131072 1000000", null)]
    [InlineData("GLACIER_IR", 131072, "1 2 131072", "2 of 3 objects (3 B) are smaller than 128.0 KiB, stay in STANDARD")]
    [InlineData("GLACIER_IR", 4096, "4096 131071 131072", "2 objects that may be moved have fewer than 128 KiB (132.0 KiB together), and are billed as 256.0 KiB")]
    [InlineData("DEEP_ARCHIVE", 4096, "4096 8192 131072", "each of 3 objects is billed 40 KiB more in an archive, 120.0 KiB together")]
    [InlineData("DEEP_ARCHIVE", 4096, "4096 131072 131072", null)]
    [InlineData("GLACIER_IR", 0, "0 0", "2 objects that may be moved have fewer than 128 KiB (0 B together), and are billed as 256.0 KiB")]
    public void Trees_of_small_files_are_told_with_their_number(string storageClass, int smallest, string sizes, string? expected)
    {
        S3SyncOptions options = new() { Lifecycle = new LifecycleOptions { Transitions = [Step(90, storageClass)], SmallestSize = smallest } };
        ObjectSizes counted = ObjectSizes.Of(sizes.Split(' ').Select(long.Parse), smallest);

        AssertSays(expected, LifecycleDoubts.OfOwn(options, counted, null, PriceList.Aws));
    }

    [Theory]
    [InlineData("GLACIER_IR", "billed as 122.1 GiB: 0.49 USD a month in GLACIER_IR instead of 0.09 USD in STANDARD, and 20.00 USD once to move them")]
    [InlineData("DEEP_ARCHIVE", "38.1 GiB together, and most are smaller than 128 KiB: 0.21 USD a month in DEEP_ARCHIVE instead of 0.09 USD in STANDARD, and 50.00 USD once")]
    public void A_million_files_of_a_page_are_told_with_what_they_cost(string storageClass, string expected)
    {
        S3SyncOptions options = new() { Lifecycle = new LifecycleOptions { Transitions = [Step(90, storageClass)], SmallestSize = 4096 } };
        ObjectSizes sizes = new(1_000_000, 0, 0, 1_000_000, 4_096_000_000, 4_096_000_000);

        AssertSays(expected, LifecycleDoubts.OfOwn(options, sizes, null, PriceList.Aws));
        AssertSays(" (prices: AWS us-east-1, 2026-06).", LifecycleDoubts.OfOwn(options, sizes, null, PriceList.Aws));
    }

    [Theory]
    [InlineData("GLACIER", 0, "its manifest")]
    [InlineData("GLACIER", 4096, null)]
    [InlineData("GLACIER_IR", 0, null)]
    public void A_rule_that_would_archive_manifests_is_told(string storageClass, int smallest, string? expected)
    {
        S3SyncOptions options = new() { Lifecycle = new LifecycleOptions { Transitions = [Step(90, storageClass)], SmallestSize = smallest } };

        AssertSays(expected, LifecycleDoubts.OfOwn(options, null, null, PriceList.Aws));
    }

    [Fact]
    public void What_a_bucket_has_is_held_against_what_the_job_asks_for()
    {
        JobLifecycle job = Job(Full);
        LifecycleRule[] wanted = [.. job.Wanted()];
        LifecycleRule[] older = [.. Job(Full with { AbortUnfinishedUploadsAfterDays = 6 }).Wanted()];
        LifecycleRule foreign = Rule("<ID>x</ID><Filter><Prefix>rsync/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>");
        LifecycleRule elsewhere = Rule("<ID>y</ID><Filter><Prefix>music/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>");

        Assert.Equal("Missing Missing", Statuses(job));
        Assert.Equal("InPlace InPlace", Statuses(job, wanted));
        Assert.Equal("InPlace Different", Statuses(job, older));
        Assert.Equal("Missing InPlace Foreign", Statuses(job, elsewhere, foreign, wanted[1]));
        Assert.Equal("InPlace NotConfigured", Statuses(Job(new LifecycleOptions { AbortUnfinishedUploadsAfterDays = 5, NoncurrentVersions = Full.NoncurrentVersions! with { Transitions = [] } }), wanted));
        Assert.Equal("NotConfigured NotConfigured", Statuses(Job(null), wanted));
        BackupLifecycleRule different = BackupLifecycles.Compare(job, Document(older), "b", isIdle: false).Last();
        Assert.Equal(
            ["-     unfinished uploads are given up after 6 days", "+     unfinished uploads are given up after 5 days"], different.Difference);
        Assert.All(BackupLifecycles.Compare(job, Document(wanted), "b", isIdle: true), rule => Assert.Contains("no versions", rule.Problem, StringComparison.Ordinal));
    }

    private static string Statuses(JobLifecycle job, params LifecycleRule[] found) =>
        string.Join(' ', BackupLifecycles.Compare(job, Document(found), "b", isIdle: false).Select(rule => rule.Status));

    private static LifecycleDocument Document(params LifecycleRule[] rules) => LifecycleDocument.Empty.With(_ => false, rules);

    private static void AssertSays(string? expected, IEnumerable<string> doubts)
    {
        if (expected is null)
            Assert.Empty(doubts);
        else
            Assert.Contains(expected, Assert.Single(doubts), StringComparison.Ordinal);
    }

    private static JobLifecycle Job(LifecycleOptions? options, string prefix = "rsync/photos/") => new("photos", prefix, Tags(), options);

    private static Dictionary<string, string> Tags() => new() { ["team"] = "photos" };

    private static LifecycleTransition Step(int days, string storageClass) => new() { AfterDays = days, StorageClass = storageClass };

    private static LifecycleRule Rule(string content) => Assert.Single(LifecycleDocument.Parse(
        Encoding.UTF8.GetBytes($"<LifecycleConfiguration><Rule>{content}</Rule></LifecycleConfiguration>"), null).Rules);

    private static BackupConfiguration Configuration(string name, string? s3Prefix) => new()
    {
        Name = name,
        Sources = [new BackupSource { Path = "/data" }],
        Options = new BackupOptions
        {
            Rsync = new RsyncOptions { LocalDestination = "/mirror", SyncToS3 = new S3SyncOptions { S3Prefix = s3Prefix } },
        },
        Destination = new S3Destination { Bucket = "my-backups" },
    };
}
