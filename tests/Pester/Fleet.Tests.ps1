# Several machines asked over ssh: a real sshd on loopback, on a port and with a state folder for each "machine", and a name for each in ssh's configuration.
BeforeDiscovery {
    $sshd = '/usr/sbin/sshd', '/usr/local/sbin/sshd' | Where-Object { Test-Path $_ } | Select-Object -First 1
    $canServe = $IsLinux -and $sshd -and (Get-Command ssh, ssh-keygen -CommandType Application -ErrorAction Ignore).Count -ge 2
}

Describe 'Machines that are asked over ssh' -Tag Slow -Skip:(-not $canServe) {
    BeforeAll {
        Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
        $null = Start-TestSession $TestDrive
        $manifest = Get-StagedManifest
        $folder = Convert-Path $TestDrive
        $sshd = '/usr/sbin/sshd', '/usr/local/sbin/sshd' | Where-Object { Test-Path $_ } | Select-Object -First 1

        function Get-FreePort {
            $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $listener.LocalEndpoint.Port
            $listener.Stop()
        }

        # What each machine has: its jobs, and what they remember.
        $machines = @{}
        foreach ($name in 'alpha', 'beta') {
            $machines[$name] = @{
                Port = Get-FreePort; State = Join-Path $folder "$name-state"; Jobs = (New-Item (Join-Path $folder "$name-jobs") -ItemType Directory).FullName
            }
        }
        $good = New-TestJob $folder
        Copy-Item $good.Path (Join-Path $machines.alpha.Jobs 'photos.json')
        $bad = New-TestJob $folder
        Copy-Item $bad.Path (Join-Path $machines.beta.Jobs 'photos.json')
        Remove-Item $bad.Source -Recurse
        Set-Content (Join-Path $machines.beta.Jobs 'music.json') '{ "sources": 1 }'

        $null = ssh-keygen -q -t ed25519 -N '' -C test -f (Join-Path $folder host)
        $null = ssh-keygen -q -t ed25519 -N '' -C test -f (Join-Path $folder id)
        if (-not (Test-Path (Join-Path $folder id.pub))) { throw 'There are no keys.' }
        Copy-Item (Join-Path $folder id.pub) (Join-Path $folder authorized)
        # Not a pwsh that is a script of a .NET tool: sshd starts it without the user's environment.
        $shell = (Get-Process -Id $PID).Path
        $command = (Split-Path $shell -Leaf) -eq 'dotnet' ? "$shell $PSHOME/pwsh.dll" : $shell
        $if = foreach ($machine in $machines.Values) {
            "Match LocalPort $($machine.Port)"
            "    SetEnv HOME=$folder RSYNCS3BACKUP_STATE=$($machine.State) RSYNCS3BACKUP_JOBS=$($machine.Jobs) AWS_ACCESS_KEY_ID=$env:AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$env:AWS_SECRET_ACCESS_KEY"
        }
        Set-Content (Join-Path $folder sshd_config) @"
$($machines.Values.Port.ForEach{ "Port $_" } -join "`n")
ListenAddress 127.0.0.1
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
PidFile none
KexAlgorithms curve25519-sha256
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem powershell $command -sshs -NoLogo -NoProfile
$($if -join "`n")
"@
        # ssh itself reads the configuration of the user; -Options names another one.
        Set-Content (Join-Path $folder ssh_config) @"
Host alpha
    Port $($machines.alpha.Port)
Host beta
    Port $($machines.beta.Port)
Host gone
    Port $(Get-FreePort)
Host *
    HostName 127.0.0.1
    User $([Environment]::UserName)
    IdentityFile $folder/id
    IdentitiesOnly yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
    ConnectTimeout 20
"@
        # sshd as root wants this folder, which the system's own service would have made.
        if ([Environment]::IsPrivilegedProcess) { $null = New-Item /run/sshd -ItemType Directory -Force }
        $server = Start-Process $sshd "-D -e -f $folder/sshd_config" -PassThru -RedirectStandardError (Join-Path $folder sshd.log)
        foreach ($attempt in 1..200) {
            if ((Get-Content (Join-Path $folder sshd.log) -ErrorAction Ignore | Where-Object { $_ -like 'Server listening*' }).Count -ge 2) { break }
            [Threading.Thread]::Sleep(50)
        }

        # Invoke-Command has no way to name ssh's configuration; a program of that name before the real one has.
        $programs = New-Item (Join-Path $folder programs) -ItemType Directory
        $real = (Get-Command ssh -CommandType Application)[0].Source
        Set-Content (Join-Path $programs ssh) "#!/bin/sh`nexec '$real' -F '$folder/ssh_config' `"`$@`""
        chmod +x (Join-Path $programs ssh)
        Set-TestEnvironment PATH "$programs$([IO.Path]::PathSeparator)$env:PATH"
        $hosts = 'alpha', 'beta', 'gone'
        $returned = @(Invoke-Command -HostName $hosts {
                Import-Module $using:manifest
                Invoke-RsyncToS3Backup -Name *
            } -ErrorAction SilentlyContinue -ErrorVariable problems)
    }

    AfterAll {
        if ($server) { Stop-Process $server }
        Stop-TestSession
    }

    It 'give results that say where they are from, and have the same table' {
        $returned.Count | Should -Be 3
        $result = $returned | Where-Object PSComputerName -EQ alpha
        $result.PSObject.TypeNames | Should -Contain Deserialized.RsyncS3Backup.BackupResult
        $result.Status, $result.HostName, $result.BucketName, $result.KeyPrefix | Should -Be Succeeded, ([Environment]::MachineName), acceptance, $good.Prefix
        Get-Screen $result -Width 120 | Where-Object { $_ -like 'Succeeded photos*' } | Should -Not -BeNullOrEmpty
    }

    It 'give errors that say which machine and which job' {
        $ofJobs = $problems | Where-Object { $_ -is [Management.Automation.Runspaces.RemotingErrorRecord] -and $_.OriginInfo.PSComputerName -eq 'beta' }
        $names = $ofJobs.ForEach{ "$($_.Exception.SerializedRemoteException.JobName) $($_.FullyQualifiedErrorId.Split(',')[0])" }
        $names | Should -Contain 'music ConfigurationInvalid'
        $names | Should -Contain 'photos SourceMissing'
    }

    It 'are one report, with what is broken and who is silent' {
        $path = Join-Path $TestDrive 'fleet.html'
        $returned | Export-BackupReport $path -ExpectedHost $hosts
        $html = Get-Content $path -Raw
        $html | Should -Match '2 of 3 jobs on 3 machines need attention, and nothing came from 1 machine'
        $html | Should -Match 'Nothing came from this machine'

        $rows = @($returned) + @($problems) | Get-BackupReport -ExpectedHost $hosts
        $rows.ForEach{ "$($_.HostName) $($_.Name) $($_.Status)".Replace('  ', ' ') } | Should -Be 'beta music Failed', 'beta photos Failed', 'gone Unknown', 'alpha photos Succeeded'
        ($rows | Where-Object HostName -EQ gone).Reason | Should -BeLike '*SSH*'
    }

    It 'tell of their jobs and histories, and the report has them all' {
        $known = Invoke-Command -HostName $hosts {
            Import-Module $using:manifest
            Get-BackupJob
            Get-BackupHistory
        } -ErrorAction SilentlyContinue
        $rows = $known | Get-BackupReport -ExpectedHost $hosts
        $rows.ForEach{ "$($_.HostName) $($_.Name) $($_.Status)".Replace('  ', ' ') } | Should -Be 'beta music Invalid', 'beta photos Failed', 'gone Unknown', 'alpha photos Succeeded'
        ($rows | Where-Object HostName -EQ alpha).UploadedBytes | Should -Be $returned.Where{ $_.PSComputerName -eq 'alpha' }.Stage2.TransferredBytes
    }
}
