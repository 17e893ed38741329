# What runs around a backup, and who is told of it.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive

    # A service on loopback that writes down what it is sent.
    $requests = [Collections.ArrayList]::Synchronized([Collections.ArrayList]::new())
    $listener = [Net.HttpListener]::new()
    do {
        $port = Get-Random -Minimum 20000 -Maximum 60000
        $listener.Prefixes.Clear()
        $listener.Prefixes.Add("http://127.0.0.1:$port/")
        try { $listener.Start() } catch [Net.HttpListenerException] { $listener = [Net.HttpListener]::new() }
    } until ($listener.IsListening)
    $address = "http://127.0.0.1:$port/PLANTED-path"
    $service = Start-ThreadJob {
        $listener = $using:listener
        $requests = $using:requests
        while ($listener.IsListening) {
            try { $context = $listener.GetContext() } catch { break }
            $body = [IO.StreamReader]::new($context.Request.InputStream).ReadToEnd()
            $null = $requests.Add([pscustomobject]@{ Path = $context.Request.Url.AbsolutePath; Body = $body })
            $context.Response.StatusCode = $context.Request.Url.AbsolutePath -eq '/ill' ? 400 : 200
            $context.Response.Close()
        }
    }

    # A job with hooks and notifications.
    function New-NotifyingJob([hashtable] $With) {
        $job = New-TestJob $TestDrive
        $settings = Get-Content $job.Path -Raw | ConvertFrom-Json -AsHashtable
        foreach ($key in $With.Keys) { $settings[$key] = $With[$key] }
        $settings | ConvertTo-Json -Depth 9 | Set-Content $job.Path
        $job
    }
}

AfterAll {
    $listener.Stop()
    $service | Wait-Job -Timeout 30 | Remove-Job
    Stop-TestSession
}

Describe 'hooks' -Tag Slow {
    It 'run a PowerShell script beside the configuration, with the result on its input' {
        $job = New-NotifyingJob @{ hooks = @{ afterSuccess = @{ script = 'after.ps1' } } }
        $script = '$run = $input | Out-String | ConvertFrom-Json; "$($run.name) $($run.status) $env:RSYNCS3BACKUP_HOOK" | Set-Content told.txt'
        Set-Content (Join-Path $job.Folder 'after.ps1') $script

        $result = Invoke-RsyncToS3Backup $job.Path

        $result.Status | Should -Be Succeeded
        Get-Content (Join-Path $job.Folder 'told.txt') | Should -Be "$($job.Name) Succeeded afterSuccess"
        $result.Hooks.ExitCode | Should -Be 0
    }

    It 'before the run stop it when they fail, and the exit code is 3' {
        $job = New-NotifyingJob @{ hooks = @{ before = @{ script = 'before.ps1' } } }
        Set-Content (Join-Path $job.Folder 'before.ps1') 'throw "not today"'

        $result = Invoke-RsyncToS3Backup $job.Path -ErrorAction SilentlyContinue

        $result.Error.Id | Should -Be HookFailed
        $job.Mirror | Should -Not -Exist
        Invoke-ChildShell "Invoke-RsyncToS3Backup '$($job.Path)' -ExitCode" | Should -Be 3
    }

    It 'after the run are a warning when they fail, also in the history' {
        $job = New-NotifyingJob @{ hooks = @{ finally = @('/bin/sh', '-c', 'exit 4') } }

        $result = Invoke-RsyncToS3Backup $job.Path -WarningVariable warnings -WarningAction SilentlyContinue

        $result.Status | Should -Be SucceededWithWarnings
        "$warnings" | Should -BeLike "*hook 'finally' (/bin/sh) ended with exit code 4*"
        (Get-BackupHistory $job.Name).Hooks.ExitCode | Should -Be 4
    }
}

Describe 'notifications' {
    BeforeEach { $requests.Clear() }

    It 'ping the start and the end' {
        $job = New-NotifyingJob @{ notifications = @(@{ type = 'ping'; url = $address }) }

        $null = Invoke-RsyncToS3Backup $job.Path

        $requests.Path | Should -Be '/PLANTED-path/start', '/PLANTED-path'
    }

    It 'find an address in an environment variable, and tell it nobody' {
        Set-TestEnvironment PESTER_WEBHOOK $address
        $job = New-NotifyingJob @{ notifications = @(@{ type = 'webhook'; urlVariable = 'PESTER_WEBHOOK'; format = 'slack'; on = @('success') }) }

        $result = Invoke-RsyncToS3Backup $job.Path

        ($requests[0].Body | ConvertFrom-Json).text | Should -BeLike "*$($job.Name) on *: succeeded, *"
        $result | ConvertTo-Json -Depth 8 | Should -Not -BeLike '*PLANTED*'
        Get-Content $result.LogPath -Raw | Should -Not -BeLike '*PLANTED*'
    }

    It 'find an address in SecretManagement' {
        $name = 'Microsoft.PowerShell.SecretManagement'
        $folder = New-Item (Join-Path $TestDrive "modules/$name") -ItemType Directory -Force
        Set-Content (Join-Path $folder "$name.psm1") @"
function Get-Secret { [CmdletBinding()] param(`$Name, `$Vault) if (`$Name -eq 'hook') { '$address' } else { throw "none is named `$Name" } }
Export-ModuleMember -Function Get-Secret
"@
        Set-TestEnvironment PSModulePath "$(Join-Path $TestDrive 'modules')$([IO.Path]::PathSeparator)$env:PSModulePath"
        $notifications = 'hook', 'other' | ForEach-Object { @{ type = 'webhook'; urlSecret = $_; on = @('success') } }
        $job = New-NotifyingJob @{ notifications = @($notifications) }

        $result = Invoke-RsyncToS3Backup $job.Path -WarningVariable warnings -WarningAction SilentlyContinue

        $result.Notifications.Status | Should -Be Succeeded, Failed
        "$warnings" | Should -BeLike '*none is named other*'
        Remove-Module $name -ErrorAction Ignore
    }

    It 'that fail are a warning' {
        $job = New-NotifyingJob @{ notifications = @(@{ type = 'webhook'; url = "http://127.0.0.1:$port/ill"; on = @('success') }) }

        $result = Invoke-RsyncToS3Backup $job.Path -WarningAction SilentlyContinue

        $result.Status | Should -Be SucceededWithWarnings
        $result.ExitCode | Should -Be Succeeded
        $result.Notifications.Error.Id | Should -Be NotificationRejected
    }
}

Describe 'Send-BackupNotification' {
    BeforeAll {
        $job = New-NotifyingJob @{ notifications = @(@{ type = 'webhook'; url = $address }) }
        $result = Invoke-RsyncToS3Backup $job.Path
    }

    BeforeEach { $requests.Clear() }

    It 'tells of a result, and of a run of the history' {
        $result | Send-BackupNotification -Force | Should -HaveCount 1
        Get-BackupHistory $job.Name | Send-BackupNotification -Force | Should -HaveCount 1
        ($requests.Body | ConvertFrom-Json).runId | Should -Be $result.RunId, $result.RunId
    }

    It 'tells nobody who does not want to hear, and nobody with -WhatIf' {
        $result | Send-BackupNotification | Should -BeNullOrEmpty
        $result | Send-BackupNotification -Force -WhatIf | Should -BeNullOrEmpty
        $requests | Should -BeNullOrEmpty
    }

    It 'takes an address as a secure string' {
        $url = ConvertTo-SecureString "$address" -AsPlainText -Force
        ($result | Send-BackupNotification -PingUrl $url).Status | Should -Be Succeeded
        $requests.Path | Should -Be '/PLANTED-path'
    }

    It 'names what went wrong' {
        $result | Send-BackupNotification -WebhookUrl "http://127.0.0.1:$port/ill" -ErrorVariable errors -ErrorAction SilentlyContinue |
            ForEach-Object Status | Should -Be Failed
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'NotificationRejected,*'
    }

    It 'fits 100 columns' {
        $sent = $result | Send-BackupNotification -Force
        foreach ($line in (Get-Screen $sent) + (Get-Screen $sent -List)) { $line.TrimEnd().Length | Should -BeLessOrEqual 100 }
    }
}

Describe 'A job that is overdue' {
    It 'is told by the check that finds nothing due, once' {
        $job = New-NotifyingJob @{ maxAge = '00:00:00.0000001'; notifications = @(@{ type = 'ping'; url = $address; on = @('overdue') }) }
        $null = Invoke-RsyncToS3Backup $job.Path
        $requests.Clear()

        Test-BackupDue $job.Path -CronExpression '0 2 * * *' | ForEach-Object { $_.IsOverdue; $_.Notifications } | Should -Be $true
        $requests | Should -HaveCount 0
        $told = Test-BackupDue $job.Path -CronExpression '0 2 * * *' -Claim

        $told.IsDue | Should -BeFalse
        $told.Notifications.Status | Should -Be Succeeded
        $requests.Path | Should -Be '/PLANTED-path/fail'
        $requests.Body | Should -BeLike "$($job.Name) on *: OVERDUE, no good run for*"
    }
}

Describe 'A test of the copies' {
    It 'is told by piping it, differences and all, and no ping takes it for a run' {
        $job = New-NotifyingJob @{ notifications = @(
                @{ type = 'webhook'; url = $address; on = @('success', 'failure') }, @{ type = 'ping'; url = "$address/ping" }) }
        $null = Invoke-RsyncToS3Backup $job.Path
        $requests.Clear()

        $sent = Test-Backup -ConfigPath $job.Path | Send-BackupNotification
        $sent.Status | Should -Be Succeeded
        ($requests[0].Body | ConvertFrom-Json).test.level | Should -Be quick

        Remove-Item (Join-Path $job.Mirror 'a.txt')
        $requests.Clear()
        $null = Test-Backup -ConfigPath $job.Path | Send-BackupNotification
        $requests | Should -HaveCount 1
        $told = $requests[0].Body | ConvertFrom-Json
        $told.event | Should -Be failure
        $told.test.differences | Should -Be 1
        $told.error.id | Should -Be BackupDiffers

        $null = Test-Backup -ConfigPath $job.Path | Repair-Backup -Confirm:$false
        $requests.Clear()
        (Get-BackupHistory $job.Name -Kind Repair -Last 1 | Send-BackupNotification).Status | Should -Be Succeeded
        ($requests[0].Body | ConvertFrom-Json).repair.repairedInMirror | Should -Be 1
    }

    It 'is told when the check of a scheduler makes it, and when it is overdue' {
        $job = New-NotifyingJob @{
            tests = @(@{ level = 'quick'; every = '1d'; maxAge = '00:00:00.0000001' })
            notifications = @(@{ type = 'webhook'; url = $address; on = @('success', 'overdue') })
        }
        $null = Invoke-RsyncToS3Backup $job.Path
        $launcher = Join-Path (Split-Path (Get-StagedManifest)) 'Scheduling/Start-ScheduledBackup.ps1'
        $requests.Clear()

        & $launcher -ConfigPath $job.Path -Task Test
        $LASTEXITCODE | Should -Be 0
        $requests | Should -HaveCount 1
        ($requests[0].Body | ConvertFrom-Json).test.level | Should -Be quick

        $requests.Clear()
        & $launcher -ConfigPath $job.Path -Task Test
        $requests | Should -HaveCount 1
        $told = $requests[0].Body | ConvertFrom-Json
        $told.event, $told.testLevel | Should -Be overdue, quick
        $told.summary | Should -BeLike '*OVERDUE, no good test (Quick) for*'
    }
}
