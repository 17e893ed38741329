# Runs that meet a fault: what is tried again, and where it is written down.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $script:store = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'A store that does not answer' -Tag Slow {
    BeforeAll {
        # Nobody listens on the port of a listener that is gone.
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $script:dead = "http://$($listener.LocalEndpoint)"
        $listener.Stop()

        function New-FaultyJob([hashtable] $Retry) {
            $job = New-TestJob $TestDrive -Destination @{ endpointUrl = $dead }
            $configuration = Get-Content $job.Path -Raw | ConvertFrom-Json -AsHashtable
            $configuration.retry = $Retry
            $configuration | ConvertTo-Json -Depth 6 | Set-Content $job.Path
            $job
        }
    }

    It 'leaves the mirror good, and stage 2 is made good alone' {
        $job = New-FaultyJob @{ attempts = 1 }
        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue
        $result.Stage1.Status, $result.Stage2.Status | Should -Be 'Succeeded', 'Failed'
        Get-FolderContent $job.Mirror | Should -Be (Get-FolderContent $job.Source)

        (Get-Content $job.Path -Raw).Replace($dead, $store.Endpoint) | Set-Content $job.Path
        (Get-BackupHistory $job.Name -Last 1 | Invoke-S3SyncStage).Status | Should -Be Succeeded
        Get-BucketContent $job.Prefix | Sort-Object | Should -Be (Get-FolderContent $job.Source)
    }

    It 'is tried again as often as the configuration says, and the log tells of each wait' {
        $job = New-FaultyJob @{ attempts = 2; delay = '1s' }
        $log = Join-Path $job.Folder 'copy.jsonl'
        $result = Invoke-RsyncToS3Backup $job.Path -LogPath $log -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
        $result.Status | Should -Be Failed
        $result.Stage2.Attempts | Should -Be 2
        Get-Content $log | Should -Be (Get-Content $result.LogPath)
        Get-Content $log -Raw | Should -BeLike '*attempt 2 of 2*'
    }
}

Describe '-LogPath' {
    It 'writes the same lines as the log in the state folder, and runs are appended' {
        $job = New-TestJob $TestDrive
        $log = Join-Path $job.Folder 'runs.jsonl'
        $first, $second = 1..2 | ForEach-Object { Invoke-RsyncToS3Backup $job.Path -LogPath $log }
        Get-Content $log | Should -Be (@(Get-Content $first.LogPath) + @(Get-Content $second.LogPath))
    }

    It 'that is a folder gets a file of each run' {
        $job = New-TestJob $TestDrive
        $logs = Join-Path $job.Folder 'logs/'
        1..2 | ForEach-Object { Invoke-RsyncToS3Backup $job.Path -LogPath $logs } | Out-Null
        Get-ChildItem $logs -File | Should -HaveCount 2
    }

    It 'that cannot be written lets nothing run' {
        $job = New-TestJob $TestDrive
        { Invoke-RsyncToS3Backup $job.Path -LogPath (Join-Path $job.Folder 'nosuch/runs.jsonl') -ErrorAction Stop } | Should -Throw
        $job.Mirror | Should -Not -Exist
    }
}
