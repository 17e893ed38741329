# When jobs are due: what users see of cron expressions, time zones and clock changes.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force
    Set-TestEnvironment RSYNCS3BACKUP_STATE (Join-Path $TestDrive 'state')

    function New-ScheduledJob([string] $CronExpression) {
        $file = Join-Path $TestDrive "$(New-Guid).json"
        $mirror = Join-Path $TestDrive mirror
        New-BackupConfiguration $file -Source (Join-Path $TestDrive source) -Destination $mirror -LocalOnly -CronExpression $CronExpression -TimeZone UTC
        $file
    }
}

AfterAll { Stop-TestSession }

Describe 'Get-BackupScheduleOccurrence' {
    It 'shows the next times of an expression' {
        $next = Get-BackupScheduleOccurrence '30 2 * * MON-FRI' Europe/Berlin -Count 6
        $next.Count | Should -Be 6
        $next | ForEach-Object { $_.Local.ToString('HH:mm') | Should -Be '02:30' }
        $next | ForEach-Object { [int] $_.Local.DayOfWeek | Should -BeIn (1..5) }
        ($next | Sort-Object Utc).Utc | Should -Be $next.Utc
        $next[0].Utc | Should -BeGreaterThan ([DateTimeOffset]::Now)
    }

    It 'says where the clocks move a time' {
        $moved, $other = Get-BackupScheduleOccurrence '30 2 * * *' America/New_York -After 2026-03-07T12:00:00Z -Count 2
        $moved.Local | Should -Be ([DateTimeOffset] '2026-03-08T03:00:00-04:00')
        $moved.Note | Should -BeLike '*does not exist*'
        $other.Note | Should -BeNullOrEmpty
    }

    It 'takes jobs from the pipeline' {
        $file = New-ScheduledJob '0 2 * * *'
        (Get-Item $file | Get-BackupScheduleOccurrence -Count 1).Name | Should -Be ([IO.Path]::GetFileNameWithoutExtension($file))
    }

    It 'explains what is wrong with an expression' -ForEach @(
        @{ Expression = '0 0 2 * * *'; Reason = '*seconds are not supported*' }
        @{ Expression = '@daily'; Reason = "*write '0 0 * * *'*" }
        @{ Expression = '0 0 31 2 *'; Reason = '*never due*' }
    ) {
        Get-BackupScheduleOccurrence $Expression -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'CronExpressionInvalid,*'
        "$problem" | Should -BeLike $Reason
    }

    It 'offers the zone that was meant' {
        Get-BackupScheduleOccurrence '0 2 * * *' Europe/Berln -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        "$problem" | Should -BeLike "*Did you mean 'Europe/Berlin'*"
    }

    It 'fits 100 columns' {
        $screen = Get-BackupScheduleOccurrence '10,40 2 * * *' America/New_York -After 2026-03-07 -Count 4 | Out-String -Width 100
        $screen -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
        $screen | Should -BeLike '*Sun 2026-03-08 03:00 -04:00 2026-03-08 07:00 02:10 and 02:40 do not exist*'
    }

    It 'means the same after serialisation' {
        $one = Get-BackupScheduleOccurrence '0 2 * * *' UTC -Count 1
        $json = $one | ConvertTo-Json | ConvertFrom-Json
        [DateTimeOffset] $json.Utc | Should -Be $one.Utc
        $json.TimeZone | Should -Be UTC
    }
}

Describe 'Test-BackupDue' {
    It 'hands out a time once' {
        $file = New-ScheduledJob '* * * * *'
        Test-BackupDue $file -Claim -Quiet | Should -BeFalse -Because 'nothing of the past is due at first'
        $later = [DateTimeOffset]::Now.AddMinutes(2)
        Test-BackupDue $file -At $later -Quiet | Should -BeTrue
        Test-BackupDue $file -At $later -Quiet | Should -BeTrue -Because 'looking keeps nothing'
    }

    It 'says why, and when the job is due next' {
        $answer = New-ScheduledJob '0 2 * * *' | ForEach-Object { Test-BackupDue $_ -At 2026-01-01T12:00:00Z }
        $answer.IsDue | Should -BeFalse
        $answer.Reason | Should -BeLike '*first check*'
        $answer.NextOccurrence | Should -Be ([DateTimeOffset] '2026-01-02T02:00:00Z')
    }

    It 'fits 100 columns' {
        $screen = Test-BackupDue (New-ScheduledJob '0 2 * * *') | Out-String -Width 100
        $screen -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
    }
}
