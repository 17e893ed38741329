using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>A script that pretends to be rsync, for what a real one cannot be made to do.</summary>
internal sealed class FakeRsync
{
    /// <summary>Scripts are written and started one test after the other: a process that is just being forked keeps a script "busy".</summary>
    public const string Collection = "Starts rsync";

    /// <summary>What a real rsync prints at its end.</summary>
    public const string Statistics = """
        cat <<'END'

        Number of files: 5 (reg: 4, dir: 1)
        Number of created files: 0
        Number of deleted files: 0
        Number of regular files transferred: 0
        Total file size: 1000 bytes
        Total transferred file size: 0 bytes
        END
        """;

    private readonly string questions;

    private FakeRsync(string path, string questions) => (Path, this.questions) = (path, questions);

    public string Path { get; }

    public int VersionQuestions => File.ReadAllLines(questions).Length;

    public static FakeRsync Make(TemporaryFolder folder, string body, string version = "3.4.1")
    {
        string questions = folder["questions"];
        string text = folder.File("fake-rsync.text", $"""
            #!/bin/bash
            if [ "$1" = --version ]; then
                echo asked >> '{questions}'
                echo 'rsync  version {version}  protocol version 32'
                exit 0
            fi
            # What its items begin with: a TAB and the word of this run.
            item=$(printf '%s\n' "$@" | sed -n 's/^--out-format=\(.*\)%i.*/\1/p')
            {body}

            """);
        string path = folder["fake-rsync"];
        // By another process: what this one has open to write, one that it forks for another test at this moment has too, and the system starts no
        // such file (execve(2), ETXTBSY).
        using Process copy = Process.Start("install", ["-m", "700", text, path]);
        copy.WaitForExit();
        return new FakeRsync(path, questions);
    }
}
