# Runs that nobody looks at: exit codes for a scheduler, and a run that is stopped.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'With -ExitCode a process ends with' -Tag Slow {
    It '0 after success' {
        $job = New-TestJob $TestDrive
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 0
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It '1 after a failed stage 1' {
        $job = New-TestJob $TestDrive -Rsync @{ rsyncPath = (Join-Path $TestDrive 'no-such-rsync') }
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 1
    }

    It '2 after a failed stage 2' {
        $job = New-TestJob $TestDrive -Destination @{ bucket = 'no-such-bucket' }
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 2
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
    }

    It '3 after a refusal' {
        $job = New-TestJob $TestDrive
        Remove-Item $job.Source -Recurse
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 3
    }

    It '5 after a bad configuration' {
        $path = Join-Path $TestDrive 'bad.json'
        Set-Content $path '{ "sources": 3 }'
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$path' -ExitCode" | Should -Be 5
    }

    It '5 after a configuration that is not there, with -ErrorAction Stop' {
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$TestDrive/nosuch.json' -ExitCode -ErrorAction Stop" | Should -Be 5
    }

    It 'the worst code of several jobs' {
        $good = New-TestJob $TestDrive
        $refused = New-TestJob $TestDrive
        Remove-Item $refused.Source -Recurse
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($refused.Path)', '$($good.Path)' -ExitCode" | Should -Be 3
        Get-BucketContent $good.Prefix | Should -HaveCount 3
    }
}

Describe 'A run that is stopped' -Tag Slow {
    It 'leaves no rsync behind, and the next run makes it good' {
        if ($IsWindows) { Set-ItResult -Skipped -Because 'the slow rsync is a script of Unix' }
        # An rsync that is slow enough to be stopped in the middle: a limit of 64 KiB a second for 2 MiB.
        $slow = Join-Path $TestDrive 'slow-rsync'
        $arguments = 'case "$1" in --version) exec rsync "$@" ;; esac; exec rsync --bwlimit=64 "$@"'
        Set-Content $slow "#!/bin/sh`n$arguments"
        chmod +x $slow
        $job = New-TestJob $TestDrive -Rsync @{ rsyncPath = $slow }
        [IO.File]::WriteAllBytes((Join-Path $job.Source 'large.bin'), [byte[]]::new(2MB))
        function Get-Rsync { Get-Process rsync -ErrorAction Ignore | Where-Object CommandLine -Like "*$($job.Folder)*" }

        $thread = Start-ThreadJob { param($Manifest, $Path) Import-Module $Manifest; Invoke-RsyncToS3Backup $Path } `
            -ArgumentList (Get-StagedManifest), $job.Path
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (-not (Get-Rsync) -and [datetime]::UtcNow -lt $deadline) { $null = Wait-Job $thread -Timeout 1 }
        Get-Rsync | Should -Not -BeNullOrEmpty -Because "rsync runs in the job: $($thread.State) $(Receive-Job $thread -Keep 2>&1)"
        Stop-Job $thread

        $thread.State | Should -Be Stopped
        Get-Rsync | Should -BeNullOrEmpty
        Remove-Job $thread -Force
        (Get-Content $job.Path -Raw).Replace($slow, (Get-Command rsync).Source) | Set-Content $job.Path
        (Invoke-RsyncToS3Backup $job.Path).Status | Should -Be Succeeded
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }
}
