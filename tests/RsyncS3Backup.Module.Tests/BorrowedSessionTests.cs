using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>Tests that share an engine must not notice each other.</summary>
public sealed class BorrowedSessionTests
{
    [Fact]
    public void It_is_handed_on_as_it_was_made()
    {
        PowerShellSession first = PowerShellSession.Borrow();
        first.Run("$left = 1; $ErrorActionPreference = 'Stop'; $PSDefaultParameterValues['*:Path'] = 'x'; nonsense");
        first.Host.ExitCode = 3;
        first.Render("'text'");
        first.Dispose();

        using PowerShellSession second = PowerShellSession.Borrow();

        Assert.Same(first, second);
        Assert.Equal(["", "Continue", "0", "0"], second.Texts("\"$left\"; $ErrorActionPreference; $PSDefaultParameterValues.Count; $Error.Count"));
        Assert.Null(second.Host.ExitCode);
        Assert.Empty(second.Host.Screen);
        Assert.NotEmpty(second.Texts("(Get-Command Get-BackupHistory).Name"));
    }

    [Theory]
    [InlineData("function Get-Left { 1 }")]
    [InlineData("New-Module -Name left { } | Import-Module")]
    [InlineData("Remove-Module RsyncS3Backup")]
    [InlineData("$ExecutionContext.SessionState.Path.SetLocation('/')")]
    public void One_with_something_left_behind_is_not(string script)
    {
        PowerShellSession first = PowerShellSession.Borrow();
        first.Run(script);
        first.Dispose();

        using PowerShellSession second = PowerShellSession.Borrow();

        Assert.NotSame(first, second);
    }
}
