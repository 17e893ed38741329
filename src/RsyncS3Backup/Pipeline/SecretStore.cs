using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using System.Security;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.Pipeline;

/// <summary>Asks SecretManagement, when it is installed. It has no API but its commands.</summary>
internal static class SecretStore
{
    private const string Script = """
        param($Name, $Vault)
        $get = Get-Command -Name 'Microsoft.PowerShell.SecretManagement\Get-Secret' -ErrorAction Ignore
        if ($null -eq $get) { throw 'the module Microsoft.PowerShell.SecretManagement is not installed.' }
        $where = if ($Vault) { @{ Vault = $Vault } } else { @{} }
        & $get -Name $Name -ErrorAction Stop @where
        """;

    /// <summary>Finds a secret; on the pipeline thread.</summary>
    internal static FoundSecret Read(PSCmdlet cmdlet, string name, string? vault)
    {
        try
        {
            object? found = cmdlet.InvokeCommand.InvokeScript(Script, useNewScope: true, PipelineResultTypes.None, input: null, name, vault)
                .FirstOrDefault()?.BaseObject;
            return Text(found) is { Length: > 0 } value
                ? FoundSecret.Of(value)
                : FoundSecret.Missing(found is null ? "there is none of that name." : "it is neither a text nor a secure string nor a credential.");
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            return FoundSecret.Missing(exception.Message);
        }
    }

    /// <summary>What a secure string holds.</summary>
    internal static string Plain(SecureString secret) => new NetworkCredential("", secret).Password;

    private static string? Text(object? found) => found switch
    {
        string text => text,
        SecureString secret => Plain(secret),
        PSCredential credential => credential.GetNetworkCredential().Password,
        _ => null,
    };
}
