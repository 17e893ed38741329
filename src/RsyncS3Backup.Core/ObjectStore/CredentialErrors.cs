using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// What it means that there are no credentials, or that they could not be fetched, and the command that mends it. The SDK says
/// it in
/// exceptions of many types, of which the cause is often the last one.
/// </summary>
internal static class CredentialErrors
{
    // The SDK's words, where it has no type of exception for them.
    private const string TokenFile = "WebIdentityTokenFile";
    private const string SignOn = "SSO";

    private const string Advice = "Run 'aws configure' or 'aws sso login', set AWS_PROFILE, or give -ProfileName or -Credential.";

    /// <summary>Nobody has any.</summary>
    public static BackupException Missing(string bucket, Exception cause) => Failure(
        ErrorIds.S3NoCredentials, bucket,
        "No AWS credentials were found in the environment, the shared configuration, or the machine's role.", Advice, cause);

    /// <summary>Somebody should have them.</summary>
    /// <param name="bucket">What they are for.</param>
    /// <param name="profile">The profile that they are of; null for what the environment or the machine has.</param>
    /// <param name="cause">What the SDK says.</param>
    public static BackupException Unavailable(string bucket, CredentialProfile? profile, Exception cause)
    {
        string reasons = Reasons(cause);
        CredentialProfileOptions? options = profile?.Options;
        if (cause is ProcessAWSCredentialException)
        {
            return Failure(
                ErrorIds.S3NoCredentials, bucket,
                $"The program that {Describe(profile)} names as credential_process gave no credentials: {reasons}",
                $"Run that program by hand to see why; 'aws configure get credential_process{ProfileOption(profile)}' shows it.", cause);
        }

        if (reasons.Contains(TokenFile, StringComparison.Ordinal))
        {
            string file = options?.WebIdentityTokenFile ?? Environment.GetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE") ?? "";
            return Failure(
                ErrorIds.S3NoCredentials, bucket, $"The web identity token '{file}' cannot be read: {reasons}",
                "Whoever runs the job must be able to read that file, which AWS_WEB_IDENTITY_TOKEN_FILE or the profile's "
                + $"web_identity_token_file names: 'Get-Item {file}' tells what is there.", cause);
        }

        if (profile is null || options is null)
            return Failure(ErrorIds.S3NoCredentials, bucket, $"The AWS credentials could not be fetched: {reasons}", Advice, cause);
        if (NeedsDevice(profile) && cause.GetBaseException() is InvalidOperationException)
        {
            return Failure(
                ErrorIds.S3NoCredentials, bucket,
                $"{Describe(profile)} takes a role that wants a code from an MFA device ({options.MfaSerial}), and a run cannot ask for "
                + $"one: {reasons}",
                $"For runs by hand, 'aws configure export-credentials --profile {profile.Name} --format powershell | Invoke-Expression' "
                + "asks for the code and lends the session the role's keys. A scheduled job needs a profile without mfa_serial.", cause);
        }

        if (SignsOn(profile) || reasons.Contains(SignOn, StringComparison.Ordinal))
        {
            string who = SignsOn(profile) ? profile.Name : options.SourceProfile ?? profile.Name;
            return Failure(
                ErrorIds.S3CredentialsExpired, bucket, $"The single sign-on of profile '{who}' has ended, or was never begun: {reasons}",
                $"Run 'aws sso login --profile {who}', as the user that runs the job; then try again.", cause);
        }

        if (options.SourceProfile is { } source && reasons.Contains("source profile", StringComparison.OrdinalIgnoreCase))
        {
            return Failure(
                ErrorIds.S3NoCredentials, bucket, $"{Describe(profile)} takes a role with the keys of profile '{source}': {reasons}",
                $"Run 'aws configure --profile {source}', or correct source_profile; 'aws configure list-profiles' lists which there are.",
                cause);
        }

        if (FindLack(options) is { } lack)
        {
            return Failure(
                ErrorIds.S3NoCredentials, bucket, $"{Describe(profile)} is not whole: {lack}. {reasons}",
                $"Run 'aws configure --profile {profile.Name}'.", cause);
        }

        return Failure(
            ErrorIds.S3NoCredentials, bucket, $"The AWS credentials of profile '{profile.Name}' could not be fetched: {reasons}",
            $"'aws sts get-caller-identity --profile {profile.Name}' asks for the same ones.", cause);
    }

    /// <summary>True for a profile of single sign-on.</summary>
    public static bool SignsOn(CredentialProfile profile) =>
        profile.Options.SsoAccountId is not null || profile.Options.SsoSession is not null;

    /// <summary>True for a profile whose role wants a code from a device.</summary>
    public static bool NeedsDevice(CredentialProfile profile) => profile.Options.MfaSerial is not null;

    private static string? FindLack(CredentialProfileOptions options) => options switch
    {
        { AccessKey: not null, SecretKey: null } => "it has aws_access_key_id and no aws_secret_access_key",
        { AccessKey: null, SecretKey: not null } => "it has aws_secret_access_key and no aws_access_key_id",
        { RoleArn: not null, SourceProfile: null, CredentialSource: null, WebIdentityTokenFile: null } =>
            "it has role_arn, and neither source_profile nor credential_source nor web_identity_token_file",
        { WebIdentityTokenFile: not null, RoleArn: null } => "it has web_identity_token_file and no role_arn",
        { AccessKey: null, RoleArn: null, CredentialProcess: null } => "it has no keys, and says no way to them",
        _ => null,
    };

    // Of each exception on the way what it adds.
    private static string Reasons(Exception exception)
    {
        List<string> messages = [];
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            string[] words = cause.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            string message = string.Join(' ', words).TrimEnd('.');
            if (message.Length > 0 && !messages.Exists(known => known.Contains(message, StringComparison.Ordinal)))
                messages.Add(message);
        }

        return string.Join(": ", messages) + ".";
    }

    private static string Describe(CredentialProfile? profile) =>
        profile is null ? "the profile of this session" : $"Profile '{profile.Name}'";

    private static string ProfileOption(CredentialProfile? profile) => profile is null ? "" : $" --profile {profile.Name}";

    private static BackupException Failure(string id, string bucket, string message, string action, Exception cause) =>
        new(BackupError.Make(id, BackupErrorCategory.AuthenticationError, message, action, bucket, BackupExitCode.Stage2Failed), cause);
}
