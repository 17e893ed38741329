# What a job costs, as a user asks for it.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $null = Start-TestSession $TestDrive
}

AfterAll { Stop-TestSession }

Describe 'Get-BackupCost' {
    BeforeAll {
        $job = New-TestJob $TestDrive -S3 @{ storageClass = 'STANDARD_IA' }
        $null = Invoke-RsyncToS3Backup $job.Path
        $cost = Get-BackupCost -ConfigPath $job.Path
    }

    It 'tells storage, requests and a restore, and whose prices they are' {
        $cost.Objects | Should -Be 3
        $cost.Storage[0].StorageClass | Should -Be STANDARD_IA
        $cost.Storage[0].BilledBytes | Should -Be (3 * 128KB)
        $cost.StorageCost | Should -BeOfType [decimal]
        $cost.StorageCost | Should -BeGreaterThan 0
        $cost.Runs | Should -Be 1
        $cost.RequestCost | Should -BeGreaterThan 0
        $cost.Restore.Count | Should -Be 1
        $cost.Currency | Should -Be USD
        $cost.PriceSource | Should -Be 'AWS us-east-1, 2026-06'
        "$cost" | Should -Match 'USD a month$'
    }

    It 'says in its notes that the table is not that of the store' {
        "$($cost.Notes)" | Should -Match "^The bucket is at http.*'prices' in the configuration gives others"
    }

    It 'compares storage classes' {
        $classes = Get-BackupCost -ConfigPath $job.Path -StorageClass glacier_ir, DEEP_ARCHIVE
        $classes.StorageClass | Should -Be GLACIER_IR, DEEP_ARCHIVE
        $classes[0].Change | Should -BeLessThan 0
        $classes[1].Tier | Should -Be Bulk
        "$($classes[0])" | Should -Match '^in GLACIER_IR job-\w+ would cost [\d.]+ USD a month and [\d.]+ USD to restore$'
    }

    It 'refuses what is no storage class, before anything is read' {
        { Get-BackupCost -ConfigPath $job.Path -StorageClass EXPRESS_ONEZONE } |
            Should -Throw -ErrorId 'InvalidParameter,*' -ExpectedMessage '*EXPRESS_ONEZONE*'
    }

    It 'lists the bucket with -Measure' {
        $measured = Get-BackupCost -ConfigPath $job.Path -Measure
        $measured.IsMeasured | Should -BeTrue
        # The marker that says whose the prefix is.
        $measured.Objects | Should -Be 4
    }

    It 'takes prices of the configuration' {
        Set-BackupConfiguration -ConfigPath $job.Path -PriceCurrency EUR -StoragePrice @{ STANDARD_IA = 1000 } -TransferOutPrice 0.01
        $own = Get-BackupCost -ConfigPath $job.Path
        $own.Currency | Should -Be EUR
        $own.PriceSource | Should -Be configuration
        $own.Storage[0].BilledBytes | Should -Be 14
        $own.StorageCost | Should -Be ([Math]::Round(14 * 1000 / 1GB, 6))
        Set-BackupConfiguration -ConfigPath $job.Path -Clear PriceCurrency, StoragePrice, TransferOutPrice
        (Get-BackupCost -ConfigPath $job.Path).Currency | Should -Be USD
    }

    It 'names what is wrong with a price' {
        { Set-BackupConfiguration -ConfigPath $job.Path -StoragePrice @{ COLD = 1 } -ErrorAction Stop } |
            Should -Throw -ErrorId 'ConfigurationInvalid,*' -ExpectedMessage '*COLD*STANDARD_IA*'
        { Set-BackupConfiguration -ConfigPath $job.Path -StoragePrice @{ STANDARD = -1 } -ErrorAction Stop } |
            Should -Throw -ErrorId 'ConfigurationInvalid,*' -ExpectedMessage '*-1*'
    }

    It 'says the way out when there is no catalog' {
        $other = New-TestJob $TestDrive
        $null = Get-BackupCost -ConfigPath $other.Path -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'CatalogMissing,*'
        $problem[0].ErrorDetails.RecommendedAction | Should -Match '-Measure'
    }

    It 'fits 79 columns, and survives ConvertTo-Json and a job of PowerShell' {
        $classes = Get-BackupCost -ConfigPath $job.Path -StorageClass GLACIER_IR
        foreach ($item in $cost, $classes) {
            Get-Screen $item -Width 80 | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 79 }
            Get-Screen $item -Width 80 | Should -Not -Match '…'
            Get-Screen $item -List | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 100 }
            $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($item))
            Get-Screen $copy | Should -Be (Get-Screen $item)
        }
        (ConvertTo-Json $cost -Depth 4 | ConvertFrom-Json).Storage[0].StorageClass | Should -Be STANDARD_IA
    }
}

Describe 'The cost of a run' {
    It 'is in the result and in the plan: storage, early deletion and whose prices' {
        $job = New-TestJob $TestDrive -Rsync @{ deleteExtraneous = $true } -S3 @{ storageClass = 'GLACIER_IR'; deleteFromS3 = $true }
        $null = Invoke-RsyncToS3Backup $job.Path
        Set-Content (Join-Path $job.Source 'a.txt') ('x' * 5MB) -NoNewline
        Remove-Item (Join-Path $job.Source 'b + 100%.txt')
        $plan = Invoke-RsyncToS3Backup $job.Path -PlanOnly
        $result = Invoke-RsyncToS3Backup $job.Path
        $result.Stage2.EstimatedStorageChange | Should -BeGreaterThan 0
        $result.Stage2.EstimatedEarlyDeletionCost | Should -BeGreaterThan 0
        $plan.Stage2.EstimatedStorageChange | Should -Be $result.Stage2.EstimatedStorageChange
        $plan.Stage2.EstimatedEarlyDeletionCost | Should -Be $result.Stage2.EstimatedEarlyDeletionCost
        $plan.Stage2.PriceSource | Should -Be 'AWS us-east-1, 2026-06'
        "$(Get-Screen $result.Stage2 -List)" -replace '\s+', ' ' | Should -Match 'a month for storage; .* for early deletion'
        (-join (Get-Screen $plan -List)) -replace '\s+' | Should -Match 'prices:AWSus-east-1,2026-06'
    }
}
