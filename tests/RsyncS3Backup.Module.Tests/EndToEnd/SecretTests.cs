using System.Collections;
using System.Management.Automation;
using System.Reflection;
using System.Text;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Secrets given to a cmdlet come out nowhere: no log, no result, no stream.</summary>
public sealed class SecretTests : EndToEndTest
{
    private const string Token = "TOKEN-that-nobody-may-see";

    public static TheoryData<string> WaysToGiveSecrets() =>
    [
        "-AccessKey $Access -SecretKey $Secret -SessionToken $Token",
        "-Credential $Credential -SessionToken $Token",
    ];

    [Theory]
    [MemberData(nameof(WaysToGiveSecrets))]
    public void A_good_run_tells_no_secret(string parameters) => AssertNoSecret(parameters, Server.SecretKey, "Succeeded");

    [Theory]
    [MemberData(nameof(WaysToGiveSecrets))]
    public void A_run_with_a_wrong_secret_tells_no_secret(string parameters) =>
        AssertNoSecret(parameters, "WRONG-secret-that-nobody-may-see", "Failed");

    [Theory]
    [MemberData(nameof(WaysToGiveSecrets))]
    public void A_run_whose_uploads_fail_tells_no_secret(string parameters)
    {
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", Times = int.MaxValue });

        AssertNoSecret(parameters, Server.SecretKey, "Failed");
    }

    [Fact]
    public void Secrets_of_the_environment_reach_no_stream()
    {
        SetEnvironment("AWS_ACCESS_KEY_ID", Server.AccessKey);
        SetEnvironment("AWS_SECRET_ACCESS_KEY", Server.SecretKey);
        SetEnvironment("AWS_SESSION_TOKEN", Token);

        AssertNoSecret("", Server.SecretKey, "Succeeded");
    }

    [Fact]
    public void A_secret_in_a_configuration_is_refused_and_not_repeated()
    {
        SessionResult result = Session.Run(
            "param($Path) Invoke-RsyncToS3Backup $Path -Verbose", WriteJob(("destination.secretKey", "PLANTED-secret")));

        Assert.Equal(["ConfigurationInvalid"], result.ErrorIds());
        Assert.DoesNotContain("PLANTED-secret", Everything(result), StringComparison.Ordinal);
    }

    private void AssertNoSecret(string parameters, string secret, string status)
    {
        SessionResult result = Session.Run(
            $$"""
            param($Path, $Access, $Secret, $Token)
            $secure = [securestring]::new(); $Secret.ToCharArray() | ForEach-Object { $secure.AppendChar($_) }
            $Credential = [pscredential]::new($Access, $secure)
            Invoke-RsyncToS3Backup $Path {{parameters}} -Verbose
            """,
            WriteJob(), Server.AccessKey, secret, Token);

        PSObject backup = Assert.Single(result.Objects);
        Assert.Equal(status, backup.Text("Status"));
        string said = Everything(result);
        Assert.Contains(backup.Text("RunId"), said, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, said, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, said, StringComparison.Ordinal);
    }

    /// <summary>All streams, all state files, and every field that can be reached from results and errors.</summary>
    private string Everything(SessionResult result)
    {
        StringBuilder all = new();
        foreach (string line in result.Warnings.Concat(result.Verbose))
            all.AppendLine(line);
        foreach (ProgressRecord record in result.Progress)
            all.AppendLine(record.ToString());
        foreach (InformationRecord record in result.Information)
            all.AppendLine(record.ToString());
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        foreach (PSObject item in result.Objects)
            Dump(item.BaseObject, all, seen);
        foreach (ErrorRecord error in result.Errors)
        {
            // Not its InvocationInfo, where the engine itself keeps what the user typed.
            all.AppendLine(error.ToString()).AppendLine(error.ErrorDetails.RecommendedAction).AppendLine(error.Exception.ToString());
            Dump(error.TargetObject, all, seen);
            for (Exception? cause = error.Exception; cause is not null; cause = cause.InnerException)
            {
                if (cause.GetType().GetProperty("Error") is { } own)
                    Dump(own.GetValue(cause), all, seen);
            }
        }

        foreach (string file in Directory.EnumerateFiles(Folder.Path, "*", SearchOption.AllDirectories).Where(IsState))
            all.AppendLine(File.ReadAllText(file));
        return all.ToString();
    }

    private bool IsState(string file) => file.StartsWith(StateRoot, StringComparison.Ordinal);

    private static void Dump(object? value, StringBuilder all, HashSet<object> seen)
    {
        if (value is null || !seen.Add(value))
            return;
        all.AppendLine(value.ToString());
        if (value is string || value.GetType().IsPrimitive || value.GetType().IsEnum)
            return;
        if (value is IEnumerable items)
        {
            foreach (object? item in items)
                Dump(item, all, seen);
        }

        if (value.GetType().Namespace?.StartsWith("RsyncS3Backup", StringComparison.Ordinal) != true)
            return;
        const BindingFlags everyField = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (FieldInfo field in value.GetType().GetFields(everyField))
            Dump(field.GetValue(value), all, seen);
    }
}
