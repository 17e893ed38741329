using RsyncS3Backup.Jobs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class JobFoldersTests
{
    private static readonly string Home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    [Theory]
    [InlineData(null)]
    [InlineData("relative/is/ignored")]
    public void The_users_folder_comes_first_and_is_below_the_home_folder(string? configurationHome)
    {
        IReadOnlyList<JobFolder> folders = JobFolders.From(name => name == "XDG_CONFIG_HOME" ? configurationHome : null);

        Assert.Equal([BackupJobScope.User, BackupJobScope.System], folders.Select(folder => folder.Scope));
        Assert.Equal(Path.Combine(Home, ".config", "rsyncs3backup", "jobs"), folders[0].Path);
    }

    [Fact]
    public void XDG_CONFIG_HOME_moves_the_users_folder() =>
        Assert.Equal("/elsewhere/rsyncs3backup/jobs", JobFolders.From(name => name == "XDG_CONFIG_HOME" ? "/elsewhere" : null)[0].Path);

    [Fact]
    public void The_variable_replaces_the_folders_by_its_own_in_its_order()
    {
        string system = JobFolders.From(_ => null)[1].Path;
        string list = string.Join(Path.PathSeparator, "/b/", "", system, "~/a", "/b");

        IReadOnlyList<JobFolder> folders = JobFolders.From(name => name == JobFolders.EnvironmentVariable ? list : "/ignored");

        Assert.Equal(
            [new("/b", BackupJobScope.User), new(system, BackupJobScope.System), new(Path.Combine(Home, "a"), BackupJobScope.User)], folders);
    }
}
