# The policies that a user asks for.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    Import-Module (Get-StagedManifest) -Force
    $job = @{
        name = 'photos'; sources = @(@{ path = '/data/photos' }); destination = @{ bucket = 'my-backups' }
        options = @{ rsync = @{ localDestination = '/mnt/photos'; syncToS3 = @{ deleteFromS3 = $true } } }
    }

    function Get-Action([string] $Policy) { (ConvertFrom-Json $Policy).Statement.Action | Sort-Object -Unique }
}

Describe 'New-BackupPolicy' {
    It 'writes JSON for the bucket and the prefix of the job' {
        $policy = New-BackupPolicy -Config $job
        $policy | Should -BeOfType [string]
        $statements = (ConvertFrom-Json $policy).Statement
        $statements.Resource | Sort-Object -Unique |
            Should -Be 'arn:aws:s3:::my-backups', 'arn:aws:s3:::my-backups/.rsyncs3backup.json', 'arn:aws:s3:::my-backups/rsync/.rsyncs3backup.json',
            'arn:aws:s3:::my-backups/rsync/photos/*'
        $statements[0].Condition.StringLike.'s3:prefix'[0] | Should -Be 'rsync/photos/*'
    }

    It 'allows for each purpose what it takes' {
        Get-Action (New-BackupPolicy -Config $job) | Should -Contain 's3:DeleteObject'
        Get-Action (New-BackupPolicy -Config $job -NoDeletion) | Should -Not -Contain 's3:DeleteObject'
        Get-Action (New-BackupPolicy -Config $job -For Test) | Should -Be 's3:GetObject', 's3:ListBucket'
        Get-Action (New-BackupPolicy -Config $job -For Restore -Versions -Retrieval) | Should -Be 's3:GetBucketVersioning', 's3:GetObject',
            's3:GetObjectVersion', 's3:ListBucket', 's3:ListBucketVersions', 's3:RestoreObject'
        Get-Action (New-BackupPolicy -Config $job -For Prune) | Should -Contain 's3:DeleteObject'
    }

    It 'takes the key of the bucket' {
        $arn = 'arn:aws:kms:us-east-1:123456789012:key/1'
        $statement = (ConvertFrom-Json (New-BackupPolicy -Config $job -For Restore -KmsKeyArn $arn)).Statement | Where-Object Sid -EQ UseKey
        $statement.Action | Should -Be 'kms:Decrypt'
        $statement.Resource | Should -Be $arn
        { New-BackupPolicy -Config $job -KmsKeyArn 'no key' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'says of a local job that it needs none' {
        $local = $job.Clone()
        $local.options = @{ rsync = @{ localDestination = '/mnt/photos'; syncToS3 = @{ enabled = $false } } }
        $null = New-BackupPolicy -Config $local -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'NoS3Copy,*'
    }
}
