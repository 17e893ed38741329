# Assemblies compiled ahead of time, as the SDK's PublishReadyToRun does it. PowerShell as a .NET tool is one that nobody compiled:
# of the two seconds of processor time that its start takes, more than one is the compiler's, and tests start it again and again.
# An image holds the same IL and the machine's code beside it, and the runtime takes the IL where the code does not fit.
using namespace System.Reflection.PortableExecutable

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# The compiler that belongs to the SDK, and the assemblies of its .NET. -Project is one that downloads it; it was restored.
function Get-AheadCompiler([string] $Project) {
    $names = 'NuGetPackageRoot', 'NetCoreRoot', 'BundledNETCoreAppPackageVersion', 'NETCoreSdkPortableRuntimeIdentifier'
    $found = (dotnet msbuild $Project "-getProperty:$($names -join ',')" | ConvertFrom-Json).Properties
    $version, $system = $found.BundledNETCoreAppPackageVersion, $found.NETCoreSdkPortableRuntimeIdentifier
    $package = Join-Path $found.NuGetPackageRoot "microsoft.netcore.app.crossgen2.$system" $version tools
    [pscustomobject]@{
        Program    = Join-Path $package ($IsWindows ? 'crossgen2.exe' : 'crossgen2')
        Version    = $version
        References = @(foreach ($framework in 'Microsoft.NETCore.App', 'Microsoft.AspNetCore.App') {
                Join-Path $found.NetCoreRoot shared $framework $version '*.dll'
            })
    }
}

# PowerShell's own assemblies, in folders that have them.
$engine = 'pwsh.dll', 'System.Management.Automation.dll', 'Microsoft.PowerShell.ConsoleHost.dll',
    'Microsoft.PowerShell.Commands.*.dll', 'Microsoft.PowerShell.Security.dll'

# The shell. -Project is one that downloads the compiler; it was restored.
function Convert-Shell {
    param(
        [Parameter(Mandatory)] [string] $Project, [Parameter(Mandatory)] [string] $Images, [Parameter(Mandatory)] [string] $Folder
    )
    Convert-Assembly (Get-AheadCompiler $Project) -Images $Images -Folder $Folder -Include $engine
}

# The programs of the tests: the engine where they bring one, and what the tests of Core call, in four processes of their own. The
# module's tests take what is staged, which stays as it ships.
function Convert-Test {
    param([Parameter(Mandatory)] [string] $Project, [Parameter(Mandatory)] [string] $Images)
    $compiler = Get-AheadCompiler $Project
    $programs = 'RsyncS3Backup.Module.Tests', 'PowerShellProbe' | ForEach-Object { "tests/$_/bin/Release/net10.0" }
    Convert-Assembly $compiler -Images $Images -Folder $programs -Include $engine
    $core = 'RsyncS3Backup.Core.dll', 'RsyncS3Backup.Core.Tests.dll', 'AWSSDK.Core.dll', 'AWSSDK.S3.dll'
    Convert-Assembly $compiler -Images $Images -Folder tests/RsyncS3Backup.Core.Tests/bin/Release/net10.0 -Include $core
}

# Puts images in the place of the assemblies that -Include names, in folders where programs run from. An image is kept in -Images
# by what it was made from: the same assembly is compiled once, for all folders and for all builds.
function Convert-Assembly {
    param(
        [Parameter(Mandatory)] $Compiler,
        [Parameter(Mandatory)] [string] $Images,
        [Parameter(Mandatory)] [string[]] $Folder,
        [Parameter(Mandatory)] [string[]] $Include
    )
    $store = (New-Item (Join-Path $Images $Compiler.Version) -ItemType Directory -Force).FullName
    $assemblies = @(foreach ($program in $Folder) {
            # Where a package has one for each system, that of this one.
            $own = Join-Path $program runtimes ($IsWindows ? 'win' : 'unix')
            $places = @($program; if (Test-Path $own) { (Get-ChildItem (Join-Path $own lib) -Directory).FullName })
            foreach ($file in Get-ChildItem ($places | Join-Path -ChildPath *) -File -Include $Include) {
                if (Test-Image $file) { continue }
                $hash = (Get-FileHash $file).Hash.Substring(0, 16)
                [pscustomobject]@{ File = $file; Program = $program; Image = Join-Path $store "$($file.BaseName).$hash.dll" }
            }
        })
    $missing = @($assemblies | Where-Object { -not (Test-Path $_.Image) } | Group-Object Image | ForEach-Object { $_.Group[0] })
    # The largest first: the last one is waited for by one processor.
    $largestFirst = $missing | Sort-Object { $_.File.Length } -Descending
    $largestFirst | ForEach-Object -ThrottleLimit ([Environment]::ProcessorCount) -Parallel {
        $compiler = $using:Compiler
        $folders = @($_.Program, $_.File.DirectoryName) | Sort-Object -Unique
        $places = @($folders | ForEach-Object { Join-Path $_ '*.dll' }) + $compiler.References
        # In one word each: PowerShell would put the files in the place of a word that is a pattern alone.
        $references = $places | ForEach-Object { "--reference:$_" }
        $part = "$($_.Image).part"
        $said = & $compiler.Program $_.File.FullName --out $part --optimize --parallelism 1 @references 2>&1
        if ($LASTEXITCODE -ne 0) { throw "$($_.File.Name) was not compiled ahead: $($said -join "`n")" }
        Move-Item $part $_.Image -Force
    }
    # Beside it and then in its place: a process that has the old one mapped must not see new bytes in it.
    foreach ($assembly in $assemblies) {
        Copy-Item $assembly.Image "$($assembly.File).part"
        Move-Item "$($assembly.File).part" $assembly.File -Force
    }
}

# True for what is no IL alone: an image, or no assembly at all.
function Test-Image([IO.FileInfo] $File) {
    $reader = [PEReader]::new($File.OpenRead())
    try {
        $header = $reader.PEHeaders.CorHeader
        $null -eq $header -or $header.ManagedNativeHeaderDirectory.Size -gt 0
    }
    finally { $reader.Dispose() }
}

Export-ModuleMember -Function Convert-Shell, Convert-Test
