using System.Net.Sockets;
using Amazon.Runtime;
using RsyncS3Backup.ObjectStore;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

public sealed class FoundCredentialsTests
{
    private static readonly S3Target Target = new("bucket", "https://s3.example.com", "us-east-1", "STANDARD");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task That_they_cannot_be_fetched_is_known_whatever_the_SDK_says(bool isLate)
    {
        AmazonClientException failure = new("No valid SSO Token could be found.");
        FoundCredentials credentials = new(new Source(failure, isLate), "bucket", profile: null);

        Exception atOnce = Assert.ThrowsAny<Exception>(credentials.GetCredentials);
        Exception later = await Assert.ThrowsAnyAsync<Exception>(credentials.GetCredentialsAsync);

        Assert.All([atOnce, later], exception => Assert.Equal(
            ("S3NoCredentials", "The AWS credentials could not be fetched: No valid SSO Token could be found."),
            (S3Errors.From(exception, Target).Id, S3Errors.From(exception, Target).Message)));
    }

    [Fact]
    public async Task That_nobody_answers_who_has_them_is_a_fault_of_the_network()
    {
        AmazonClientException offline = new("Error calling AssumeRole.", new SocketException((int)SocketError.HostUnreachable));
        FoundCredentials credentials = new(new Source(offline, isLate: true), "bucket", profile: null);

        Exception exception = await Assert.ThrowsAnyAsync<Exception>(credentials.GetCredentialsAsync);

        Assert.True(S3Errors.From(exception, Target).IsTransient);
    }

    [Fact]
    public void That_an_exception_speaks_of_credentials_is_not_enough()
    {
        AmazonClientException other = new("The bucket's name looks like credentials.");

        Assert.Equal("S3RequestFailed", S3Errors.From(other, Target).Id);
    }

    [Fact]
    public void The_advice_names_what_is_to_be_run_again()
    {
        S3Target restore = Target with { Work = "the restore" };

        InvalidDataException failure = new();
        Assert.Equal("Run stage 2 again; the log has the details.", S3Errors.From(failure, Target).RecommendedAction);
        Assert.Equal("Run the restore again; the log has the details.", S3Errors.From(failure, restore).RecommendedAction);
    }

    private sealed class Source(Exception failure, bool isLate) : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => throw failure;

        public override Task<ImmutableCredentials> GetCredentialsAsync() =>
            isLate ? Task.FromException<ImmutableCredentials>(failure) : base.GetCredentialsAsync();
    }
}
