# Schedules as users register them. What a machine has registered is not touched: the crontab is a file of the test's, and where the system
# has another scheduler, nothing is registered.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force
    Set-TestEnvironment RSYNCS3BACKUP_STATE (Join-Path $TestDrive 'state')
    Set-TestEnvironment RSYNCS3BACKUP_JOBS (Join-Path $TestDrive 'jobs')
    foreach ($name in 'XDG_CONFIG_HOME', 'XDG_DATA_HOME') { Set-TestEnvironment $name (Join-Path $TestDrive 'home') }
    $script:table = Join-Path $TestDrive 'crontab.txt'
    if ($IsLinux) {
        $bin = (New-Item (Join-Path $TestDrive 'bin') -ItemType Directory).FullName
        Set-Content (Join-Path $bin 'crontab') @"
#!/bin/sh
case "`$1" in
-l) [ -f '$table' ] && exec cat '$table'; echo 'no crontab for me' >&2; exit 1 ;;
-r) exec rm '$table' ;;
-) exec cat > '$table' ;;
esac
"@
        Set-Content (Join-Path $bin 'systemctl') "#!/bin/sh`nexit 1"
        # What no cron starts is not called active; this one starts nothing.
        Set-Content (Join-Path $bin 'cron') "#!/bin/sh`nread -r _"
        chmod +x (Join-Path $bin 'crontab') (Join-Path $bin 'systemctl') (Join-Path $bin 'cron')
        $script:cron = [Diagnostics.Process]::Start([Diagnostics.ProcessStartInfo] @{
                FileName = Join-Path $bin 'cron'; RedirectStandardInput = $true
            })
        Set-TestEnvironment PATH "${bin}:$env:PATH"
    }

    function New-ScheduledJob([string] $Name) {
        $null = New-Item (Join-Path $TestDrive 'jobs') -ItemType Directory -Force
        New-BackupConfiguration (Join-Path $TestDrive "jobs/$Name.json") -Source (Join-Path $TestDrive 'source') -Destination (Join-Path $TestDrive "mirror-$Name") `
            -LocalOnly -CronExpression '0 2 * * *' -TimeZone Europe/Berlin -Force
    }
}

AfterAll {
    if ($cron) { $cron.Kill() }
    Stop-TestSession
}

Describe 'A schedule' -Tag Slow {
    BeforeEach {
        if (-not $IsLinux) { Set-ItResult -Skipped -Because 'only Linux is sure to have cron' }
        New-ScheduledJob photos
        Set-Content $table "# mine`n0 5 * * * /bin/true`n" -NoNewline
    }

    It 'is not registered with -WhatIf' {
        Register-BackupSchedule photos -Scheduler Cron -WhatIf
        Get-BackupSchedule | Should -BeNullOrEmpty
        Get-Content $table -Raw | Should -BeExactly "# mine`n0 5 * * * /bin/true`n"
    }

    It 'says until when nothing is due after a check, and does not with one that is typed' {
        $file = Join-Path $TestDrive 'jobs/photos.json'
        (Get-Item $file).LastWriteTime = (Get-Date).AddHours(-1)
        $quiet = Join-Path $TestDrive 'state/photos/schedule.quiet'
        $null = Test-BackupDue photos -Scope User -Claim
        Get-Content $quiet | Should -HaveCount 2
        Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore
        Get-Content $table -Raw | Should -BeLike "*'/bin/sh' '*Start-WhenDue.sh' '$quiet' *pwsh*"
        $quiet | Should -Not -Exist -Because 'the times count anew'
        Unregister-BackupSchedule photos
    }

    It 'that a drive starts is not for cron' {
        Register-BackupSchedule photos -Scheduler Cron -OnDrive -ErrorVariable problem -ErrorAction SilentlyContinue -WarningAction Ignore
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleNotExpressible*'
        $problem[0].ErrorDetails.RecommendedAction | Should -BeLike "*Start-BackupSchedule 'photos'*"
    }

    It 'is registered, switched off and on, and leaves nothing behind' {
        $schedule = Register-BackupSchedule photos -Scheduler Cron -PassThru -WarningAction Ignore
        $schedule.State | Should -Be Active
        $schedule.NextRun | Should -Be (Get-BackupScheduleOccurrence -Name photos -Count 1).Local
        Get-Content $table -Raw | Should -BeLike "# mine`n0 5 * * * /bin/true`n*-Name* 'photos'*"

        Get-BackupSchedule photos | Disable-BackupSchedule
        $schedule = Get-BackupSchedule photos
        $schedule.State, $schedule.NextRun | Should -Be 'Disabled', $null
        (Get-BackupJob photos).NextRun | Should -BeNullOrEmpty
        Enable-BackupSchedule photos -WarningAction Ignore
        (Get-BackupSchedule photos).State | Should -Be Active
        (Get-BackupJob photos).NextRun | Should -Be (Get-BackupScheduleOccurrence -Name photos -Count 1).Local

        Get-BackupSchedule | Unregister-BackupSchedule
        Get-BackupSchedule | Should -BeNullOrEmpty
        Get-Content $table -Raw | Should -BeExactly "# mine`n0 5 * * * /bin/true`n"
    }

    It 'follows an edit of the configuration without a new registration' {
        Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore
        $path = Join-Path $TestDrive 'jobs/photos.json'
        (Get-Content $path -Raw).Replace('0 2 * * *', '15 3 * * 1') | Set-Content $path
        $schedule = Get-BackupSchedule photos
        $schedule.State, $schedule.CronExpression | Should -Be 'Active', '15 3 * * 1'
        Unregister-BackupSchedule photos
    }

    It 'of the tests of a job is one of its own' {
        $null = New-BackupConfiguration (Join-Path $TestDrive 'jobs/tested.json') -Source (Join-Path $TestDrive 'source') -BucketName my-bucket `
            -Destination (Join-Path $TestDrive 'mirror-tested') -CronExpression '0 2 * * *' -TimeZone Europe/Berlin -WarningAction Ignore `
            -Test @{ level = 'checksums'; cron = '20 4 * * SUN' }, @{ level = 'restore'; every = '30d' }
        $due = Test-BackupDue -Name tested -Task Test
        $due.Level | Should -Be Checksums, Restore
        $due.IsDue | Should -Be $false, $true

        Register-BackupSchedule tested -Scheduler Cron -WarningAction Ignore
        $tests = Register-BackupSchedule tested -Task Test -Scheduler Cron -WarningAction Ignore -PassThru
        $tests.State, $tests.Task | Should -Be 'Active', 'Test'
        (Get-BackupSchedule tested).Task | Sort-Object | Should -Be Backup, Test
        (Get-Screen (Get-BackupSchedule tested)) -match '^Active +tested \(tests\)' | Should -HaveCount 1
        Get-Content $table -Raw | Should -BeLike "*-Task* 'Test'*"
        (Get-BackupJob tested).NextRun | Should -Be (Get-BackupScheduleOccurrence -Name tested -Count 1).Local

        Disable-BackupSchedule tested -Task Test
        (Get-BackupSchedule tested | Where-Object Task -EQ Backup).State | Should -Be Active
        (Get-BackupSchedule tested | Where-Object Task -EQ Test).State | Should -Be Disabled
        Get-BackupSchedule tested | Unregister-BackupSchedule -ErrorAction Stop
        Get-BackupSchedule | Should -BeNullOrEmpty
        Register-BackupSchedule photos -Task Test -Scheduler Cron -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleMissing*'
        Remove-Item (Join-Path $TestDrive 'jobs/tested.json')
    }

    It 'of a job that is not there is an error that names it' {
        Unregister-BackupSchedule nosuch -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleNotFound*'
        "$problem" | Should -BeLike "*'nosuch'*"
    }
}

Describe 'On Linux, programs that lie where others can write' -Tag Slow -Skip:(-not $IsLinux) {
    BeforeAll {
        # As if an administrator looked around in the folder of a user who has put programs of these names there.
        $hostile = (New-Item (Join-Path $TestDrive 'hostile/bin') -ItemType Directory -Force).Parent.FullName
        $script:started = Join-Path $TestDrive 'started.txt'
        $names = 'crontab', 'systemctl', 'loginctl', 'launchctl', 'schtasks.exe', 'rsync', 'ssh', 'setpriv', 'pwsh', 'dotnet'
        foreach ($name in $names) {
            foreach ($folder in $hostile, (Join-Path $hostile 'bin')) {
                Set-Content (Join-Path $folder $name) "#!/bin/sh`necho $name >> '$started'`nexit 1"
                chmod +x (Join-Path $folder $name)
            }
        }
        $script:currentFolder = [Environment]::CurrentDirectory
        [Environment]::CurrentDirectory = $hostile
        Push-Location $hostile
        $script:path = $env:PATH
        $env:PATH = ".::bin:$path"
        New-ScheduledJob photos
        Set-Content $table "# mine`n" -NoNewline
    }

    AfterAll {
        $env:PATH = $path
        Pop-Location
        [Environment]::CurrentDirectory = $currentFolder
    }

    It 'are not started by Get-BackupSchedule' {
        Get-BackupSchedule | Should -BeNullOrEmpty
        $started | Should -Not -Exist
    }

    It 'are not started by tab completion' {
        $null = TabExpansion2 'Get-BackupSchedule ph'
        $started | Should -Not -Exist
    }

    It 'are not started by Register-BackupSchedule, whose crontab names none of them' {
        (Register-BackupSchedule photos -Scheduler Cron -PassThru -WarningAction Ignore).State | Should -Be Active
        $started | Should -Not -Exist
        Get-Content $table -Raw | Should -Not -BeLike '*hostile*'
        Unregister-BackupSchedule photos
        $started | Should -Not -Exist
    }
}

Describe 'Register-BackupSchedule' {
    It 'refuses what does not start, and says what it said' {
        if (-not $IsLinux) { Set-ItResult -Skipped -Because 'only Linux is sure to have cron' }
        New-ScheduledJob unread
        Set-Content $table "# mine`n" -NoNewline
        # A job that was read here, and whose file is gone when the scheduler would start it.
        $file = Join-Path $TestDrive 'unread.json'
        Move-Item (Join-Path $TestDrive 'jobs/unread.json') $file
        $job = Import-BackupConfiguration $file
        Remove-Item $file
        $job | Register-BackupSchedule -Scheduler Cron -ErrorVariable problem -ErrorAction SilentlyContinue -WarningAction Ignore
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleCheckFailed*'
        "$problem" | Should -BeLike '*code 5: Configuration*'
        Get-Content $table -Raw | Should -BeExactly "# mine`n"
    }

    It 'says how to give a job that has no schedule one' {
        $file = Join-Path $TestDrive 'plain.json'
        New-BackupConfiguration $file -Source (Join-Path $TestDrive 'source') -Destination (Join-Path $TestDrive 'plain') -LocalOnly
        Register-BackupSchedule -ConfigPath $file -WhatIf -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleMissing*'
        $problem[0].ErrorDetails.RecommendedAction | Should -BeLike '*-CronExpression*'
    }
}

Describe 'Test-BackupDue as a scheduler asks it' {
    BeforeAll {
        New-ScheduledJob asked
        $script:open = (Move-Item (Join-Path $TestDrive 'jobs/asked.json') (Join-Path $TestDrive 'asked.json') -PassThru).FullName
    }

    It 'says nothing more where only the user could have written the job' {
        Test-BackupDue $open -Scope User -Quiet -WarningVariable told -WarningAction SilentlyContinue | Should -BeFalse
        $told | Should -BeNullOrEmpty
    }

    It 'refuses for the whole machine what others could have written, and warns a user when the job is due' -Skip:$IsWindows {
        chmod o+w $open
        Test-BackupDue $open -Scope System -Claim -Quiet -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'ScheduleUnsafe*'
        "$problem" | Should -BeLike "*'asked'*'$open': everybody may write it*"
        $null = Test-BackupDue $open -Claim
        (Test-BackupDue $open -At (Get-Date).AddDays(2) -Scope User -WarningVariable told -WarningAction SilentlyContinue).IsDue | Should -BeTrue
        "$told" | Should -BeLike "*Somebody else can change what job 'asked' does*chmod go-w, setfacl -b*"
    }
}
