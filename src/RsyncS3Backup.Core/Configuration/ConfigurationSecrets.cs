namespace RsyncS3Backup.Configuration;

/// <summary>Finds keys that would hold a secret. Their values are never read into a message.</summary>
internal static class ConfigurationSecrets
{
    private const string WhereFrom =
        "no secrets in this file; credentials come from the AWS SDK's own chain, destination.profile, or a cmdlet's -Credential";

    private const string WhereFromForNotifications =
        "no secrets in this file; name the environment variable ('passwordVariable', 'urlVariable') or the secret of SecretManagement "
        + "('passwordSecret', 'urlSecret') that holds it";

    // Compared without case, '_' and '-', so that aws_secret_access_key is found as well.
    private static readonly HashSet<string> Names =
    [
        "ACCESSKEY", "ACCESSKEYID", "SECRETKEY", "SECRETACCESSKEY", "SESSIONTOKEN", "PASSWORD", "SECRET", "TOKEN",
        "CREDENTIAL", "CREDENTIALS", "AWSACCESSKEYID", "AWSSECRETACCESSKEY", "AWSSESSIONTOKEN",
    ];

    public static bool IsSecret(string key) =>
        Names.Contains(ConfigurationText.Fold(key));

    /// <summary>Reports every such key, at any depth.</summary>
    public static void Refuse(ConfigurationNode node, ConfigurationProblems problems)
    {
        foreach (ConfigurationNode item in node.Items)
            Refuse(item, problems);
        foreach (ConfigurationMember member in node.Members)
        {
            if (IsSecret(member.Key))
            {
                string message = $"'{member.Key}' looks like a secret, and this file must hold none.";
                bool isOfNotification = node.JsonPath.StartsWith("$.notifications", StringComparison.Ordinal);
                problems.Add(member, message, isOfNotification ? WhereFromForNotifications : WhereFrom);
            }

            Refuse(member.Value, problems);
        }
    }
}
