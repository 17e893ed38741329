# What a build gives does not depend on the folder and the machine that it is made on.
BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSupport.psm1') -Force
    $root = Split-Path (Split-Path $PSScriptRoot)
    $staged = Split-Path (Get-StagedManifest)
    $assemblies = 'RsyncS3Backup.Loader', 'RsyncS3Backup', 'RsyncS3Backup.Core'

    function Find-Assembly([string] $Folder, [string] $Name) {
        Get-ChildItem $Folder -Recurse -File -Filter "$Name.dll" | Where-Object FullName -NotMatch '[/\\](obj|ref|publish)[/\\]'
    }
}

Describe 'The build' {
    It 'names no folder of this machine in <_>' -ForEach RsyncS3Backup.Loader, RsyncS3Backup, RsyncS3Backup.Core {
        $file = Find-Assembly $staged $_
        $file | Should -HaveCount 1
        $text = [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes($file))
        $text | Should -Not -BeLike "*$([WildcardPattern]::Escape($root))*"
        # The compiler's own note of where the symbols lie.
        $text | Should -BeLike "*/_/src/$_/obj/*$_.pdb*"
    }

    It 'gives the same assemblies in another folder' -Tag Slow {
        $other = (New-Item (Join-Path $TestDrive 'another folder/of another name') -ItemType Directory -Force).FullName
        Get-ChildItem $root -File -Force | Where-Object Name -Match '\.(props|json|psd1)$|^\.editorconfig$' |
            Copy-Item -Destination $other
        foreach ($file in Get-ChildItem (Join-Path $root src) -Recurse -File -Force) {
            $relative = [IO.Path]::GetRelativePath($root, $file.FullName)
            if ($relative -match '[/\\](bin|obj)[/\\]') { continue }
            $null = New-Item (Split-Path (Join-Path $other $relative)) -ItemType Directory -Force
            Copy-Item -LiteralPath $file.FullName (Join-Path $other $relative)
        }
        $output = dotnet build (Join-Path $other src/RsyncS3Backup) -c Release -p:RunAnalyzers=false -v:minimal 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")

        foreach ($name in $assemblies) {
            $ours = Find-Assembly $staged $name
            $theirs = @(Find-Assembly (Join-Path $other src/$name/bin) $name)
            $theirs | Should -HaveCount 1
            (Get-FileHash $theirs[0]).Hash | Should -Be (Get-FileHash $ours).Hash -Because $name
        }
    }
}
