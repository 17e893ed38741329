using System.Management.Automation;
using System.Security;

namespace RsyncS3Backup.Commands;

/// <summary>Takes a secret as a secure string, or as a text, which stays in the shell's history.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>A text as a secure string; anything else as it is.</summary>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? plain = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (plain is not string text)
            return inputData;
        SecureString secret = new();
        foreach (char character in text)
            secret.AppendChar(character);
        secret.MakeReadOnly();
        return secret;
    }
}
