using System.Diagnostics.CodeAnalysis;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Input;

/// <summary>The keys that a cmdlet is given for S3.</summary>
/// <param name="given">Its parameters.</param>
/// <param name="errors">Ends it where they do not go together.</param>
internal sealed class GivenKeys(IConnectionParameters given, InputErrors errors)
{
    /// <summary>The keys, once they have been read; null when none were given.</summary>
    internal S3Credentials? Credentials { get; private set; }

    /// <summary>Reads the keys: when the cmdlet begins, so that a mistake ends it before it has done anything.</summary>
    internal void Read()
    {
        bool givesKeys = given.AccessKey is not null || given.SecretKey is not null;
        if (givesKeys && given.Credential is not null)
            errors.Throw(ParameterErrors.TwoKindsOfCredentials());
        bool isTokenAlone = given.SessionToken is not null && !givesKeys && given.Credential is null;
        if ((given.AccessKey is null) != (given.SecretKey is null) || isTokenAlone)
            errors.Throw(ParameterErrors.IncompleteKeys());
        Credentials = given.Credential is { } credential
            ? new S3Credentials(credential.UserName, credential.GetNetworkCredential().Password, given.SessionToken)
            : givesKeys ? new S3Credentials(given.AccessKey!, given.SecretKey!, given.SessionToken) : null;
    }

    /// <summary>A bucket with the keys; null where there is none.</summary>
    [return: NotNullIfNotNull(nameof(request))]
    internal S3CopyRequest? For(S3CopyRequest? request) =>
        request is null ? null : request with
        {
            Credentials = Credentials,
            AllowInsecureEndpoint = given.AllowInsecureEndpoint,
            Destination = given.ProfileName is { } profile ? request.Destination with { Profile = profile } : request.Destination,
        };
}
