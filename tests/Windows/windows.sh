#!/usr/bin/env bash
# Runs Windows.Tests.ps1 in Windows' own PowerShell and .NET, under Wine, against the S3 server outside. Nothing of it is a real Windows: the rsync is
# Debian's, behind rsync.exe (rsync.c), and schtasks.exe is a stand-in (schtasks.c).
#
#   windows.sh FOLDER MODULE POWERSHELL PESTER RESULT
#
#   FOLDER      kept between runs: Debian 13, with Wine 10, made by debootstrap (as root; 1.7 GB, two to eight minutes)
#   MODULE      the staged module
#   POWERSHELL  the assemblies of PowerShell for Windows: the folder `win` of its .NET tool
#   PESTER      the folder with Pester.psd1
#   RESULT      gets what run-pester.ps1 writes
#
# Wine before 10 hangs in .NET (exceptions in nested type initialisers). It has no ICU, no symbolic links and no rights of NTFS.
set -Eeuo pipefail

folder=$1 module=$2 shell=$3 pester=$4 result=$5
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
root=$folder/root
drive=$root/prefix/drive_c
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}

# Debian 13 with Wine and a compiler of Windows programs.
make_root() {
    [ -f "$root/.ready" ] && return
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase trixie "$root" http://deb.debian.org/debian
    mount_root
    chroot "$root" apt-get update -q
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -q --no-install-recommends wine wine64 gcc-mingw-w64-x86-64-posix rsync
    touch "$root/.ready"
}

# Not /dev: whoever removed the folder while it was there would remove the machine's own. debootstrap has made what is needed of it.
mount_root() { mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"; }

leave() {
    [ -n "${server:-}" ] && kill "$server" 2>/dev/null
    # All of Wine's processes of this prefix, and no others.
    in_wine wineserver -k 2>/dev/null || true
    umount "$root/proc" 2>/dev/null || true
}

# A program in the prefix, with an environment of its own.
in_wine() {
    env -i PATH=/usr/lib/wine:/usr/sbin:/usr/bin:/bin HOME=/root XDG_RUNTIME_DIR=/tmp TERM=dumb NO_COLOR=1 LC_ALL=C.UTF-8 \
        WINEPREFIX=/prefix WINEDEBUG=-all WINEDLLOVERRIDES=schtasks.exe=n DOTNET_ROOT='C:\dotnet' \
        POWERSHELL_TELEMETRY_OPTOUT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 \
        AWS_ACCESS_KEY_ID=windows AWS_SECRET_ACCESS_KEY=windowswindows AWS_EC2_METADATA_DISABLED=true S3_ENDPOINT="${endpoint:-}" \
        chroot "$root" "$@"
}

# The runtime of .NET for Windows, whose packages are the ones that `dotnet publish` takes.
make_runtime() {
    local project=$folder/runtime library version
    mkdir -p "$project"
    for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project/>' >"$project/$file"; done
    version=$(sed -n 's#.*"System.DirectoryServices.Protocols/\([0-9.]*\)".*#\1#p' "$shell/pwsh.deps.json" | head -1)
    cat >"$project/runtime.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <RuntimeIdentifier>win-x64</RuntimeIdentifier>
    <SelfContained>true</SelfContained>
    <OutputType>Exe</OutputType>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="System.DirectoryServices" Version="$version" /></ItemGroup>
</Project>
END
    dotnet restore "$project/runtime.csproj" --nologo -v quiet
    library=$(ls -d "$packages"/microsoft.netcore.app.runtime.win-x64/10.* | sort -V | tail -1)
    version_of_runtime=$(basename "$library")
    rm -rf "$drive/dotnet" "$drive/pwsh"
    mkdir -p "$drive/dotnet/host/fxr/$version_of_runtime" "$drive/dotnet/shared/Microsoft.NETCore.App/$version_of_runtime"
    cp "$library"/runtimes/win-x64/lib/net10.0/* "$library"/runtimes/win-x64/native/* "$drive/dotnet/shared/Microsoft.NETCore.App/$version_of_runtime/"
    cp "$library/runtimes/win-x64/native/hostfxr.dll" "$drive/dotnet/host/fxr/$version_of_runtime/"
    cp -r "$shell" "$drive/pwsh"
    cp "$packages/system.directoryservices/$version/runtimes/win/lib/net10.0/System.DirectoryServices.dll" "$drive/pwsh/"
    # Without the desktop's part of .NET, of which PowerShell takes that assembly.
    python3 - "$drive/pwsh" "$version" <<'END'
import json, sys
folder, version = sys.argv[1:]
def change(name, edit):
    with open(f'{folder}/{name}') as file: content = json.load(file)
    edit(content)
    with open(f'{folder}/{name}', 'w') as file: json.dump(content, file)
def runtime(content):
    options = content['runtimeOptions']
    options['frameworks'] = [framework for framework in options['frameworks'] if 'Desktop' not in framework['name']]
def dependencies(content):
    name = f'System.DirectoryServices/{version}'
    for target in content['targets'].values():
        target[name] = {'runtime': {'System.DirectoryServices.dll': {}}}
    content['libraries'][name] = {'type': 'package', 'serviceable': True, 'sha512': ''}
change('pwsh.runtimeconfig.json', runtime)
change('pwsh.deps.json', dependencies)
END
}

make_prefix() {
    [ -f "$root/prefix/system.reg" ] || in_wine wineboot -u >/dev/null 2>&1
    mkdir -p "$root/build" "$drive/tools" "$drive/cygwin/bin"
    cp "$here"/*.c "$root/build/"
    for program in nocon rsync schtasks; do
        chroot "$root" x86_64-w64-mingw32-gcc-posix -O2 -o "/build/$program.exe" "/build/$program.c" -lshell32
    done
    cp "$root/build/nocon.exe" "$drive/tools/"
    cp "$root/build/rsync.exe" "$drive/cygwin/bin/"
    # Splits its command line as Cygwin's start-up does.
    touch "$drive/cygwin/bin/rsync.cygwin"
    cp "$root/build/schtasks.exe" "$drive/windows/system32/"
    mkdir -p "$root/cygdrive"
    ln -sfn /prefix/drive_c "$root/cygdrive/c"
    # A task has the variables of the registry only.
    in_wine wine reg add 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment' /v DOTNET_ROOT /d 'C:\dotnet' /f >/dev/null 2>&1
}

start_server() {
    local log=$folder/server.log
    dotnet "$tests/S3Server/bin/Release/net10.0/S3Server.dll" --urls http://127.0.0.1:0 --access-key windows --secret-key windowswindows \
        --region us-east-1 --bucket windows >"$log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 1 100); do
        endpoint=$(grep -o 'endpoint=[^ ]*' "$log" | cut -d= -f2) && [ -n "$endpoint" ] && return
        sleep 0.1
    done
    cat "$log" >&2
    return 1
}

trap leave EXIT
trap 'exit 143' INT TERM HUP
make_root
mount_root
make_prefix
make_runtime
start_server
rm -rf "$drive"/{module,tests,out,work,state,fakesch,result.json}
mkdir -p "$drive/tests" "$drive/out/modules"
cp -r "$module" "$drive/module"
cp -r "$pester" "$drive/out/modules/Pester"
cp -r "$here" "$tests/run-pester.ps1" "$drive/tests/"
code=0
in_wine wine 'C:\tools\nocon.exe' 'C:\pwsh\pwsh.exe' -NoProfile -NonInteractive -ExecutionPolicy Bypass -File 'C:\tests\run-pester.ps1' \
    -Result 'C:\result.json' -Folder Windows -Except none || code=$?
[ -f "$drive/result.json" ] && cp "$drive/result.json" "$result"
exit "$code"
