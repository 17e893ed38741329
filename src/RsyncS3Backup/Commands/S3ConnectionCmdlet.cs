using System.Management.Automation;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that talk to S3: whose keys, and over what.</summary>
public abstract class S3ConnectionCmdlet : AsyncCmdlet, IConnectionParameters
{
    private protected S3ConnectionCmdlet()
    {
        Errors = new InputErrors(this);
        Jobs = new JobInput(this, Errors) { Broken = TellBroken };
        Keys = new GivenKeys(this, Errors);
    }

    /// <summary>An access key as user name and its secret key as password. Default: the AWS SDK's own chain, or the profile.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The access key id; goes with <see cref="SecretKey"/>.</summary>
    [Parameter]
    [Alias("AK")]
    public string? AccessKey { get; set; }

    /// <summary>The secret access key. It stays in the shell's history: prefer <see cref="Credential"/>.</summary>
    [Parameter]
    [Alias("SK", "SecretAccessKey")]
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys.</summary>
    [Parameter]
    [Alias("ST")]
    public string? SessionToken { get; set; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    [Parameter]
    public SwitchParameter AllowInsecureEndpoint { get; set; }

    /// <summary>Tells what is wrong with the input.</summary>
    private protected InputErrors Errors { get; }

    /// <summary>Reads the jobs that are given.</summary>
    private protected JobInput Jobs { get; }

    /// <summary>The keys that are given.</summary>
    private protected GivenKeys Keys { get; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Keys.Read();

    /// <summary>A job is there and cannot be read; its error is written next.</summary>
    private protected virtual void TellBroken(string name, BackupError error)
    {
    }
}
