using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Schedulers;

/// <summary>What a job has in this session for S3 and will not have when a scheduler starts it, because it is secret.</summary>
internal static class LostCredentials
{
    /// <summary>The warnings: said when the job is registered, and not by a run that fails at night.</summary>
    public static IEnumerable<string> Warnings(BackupConfiguration configuration, JobEnvironment environment)
    {
        if (!configuration.Options.Rsync.SyncToS3.Enabled)
            yield break;
        if (configuration.Destination?.EndpointUrl is null)
        {
            foreach (string name in environment.Withheld)
            {
                yield return $"{name} does not go along, because a user, a password or a token is part of it: the scheduled run "
                    + $"of job '{configuration.Name}' will go to another endpoint. Put the plain address into "
                    + "destination.endpointUrl, and the keys into a profile.";
            }
        }

        if (configuration.Destination?.Profile is null && IsSet("AWS_ACCESS_KEY_ID") && IsSet("AWS_SECRET_ACCESS_KEY")
            && !(IsSet("AWS_ROLE_ARN") && IsSet("AWS_WEB_IDENTITY_TOKEN_FILE")) && !S3ClientFactory.HasProfileWithCredentials())
        {
            yield return $"The scheduled run of job '{configuration.Name}' will have no credentials, unless this machine has a "
                + "role: the keys of AWS_ACCESS_KEY_ID are in this session's environment alone, and nothing secret is registered."
                + " Put them into a profile (aws configure), and name it in destination.profile if it is not the default one.";
        }
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };
}
