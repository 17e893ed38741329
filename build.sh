#!/usr/bin/env bash
# Starts build.ps1, which has all the tasks, on a machine with bash and the .NET SDK 10: installs the programs that are missing,
# and PowerShell as a .NET tool of this repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_be_root() {
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# 101 is what policy-rc.d says to keep a package from starting its service (invoke-rc.d(8)): the tests start servers of their own.
apt_install() {
  local policy=/usr/sbin/policy-rc.d
  [ -e $policy ] && policy= || { printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null && as_root chmod +x $policy; }
  as_root apt-get update -qq || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || true
  [ -z "$policy" ] || as_root rm -f "$policy"
}

install() {
  printf '\n== Installing: %s\n' "$*"
  if command -v brew >/dev/null; then brew install "$@"
  elif ! can_be_root; then return
  elif command -v apt-get >/dev/null; then apt_install "$@"
  elif command -v dnf >/dev/null; then as_root dnf install -y -q "$@"
  elif command -v apk >/dev/null; then as_root apk add --quiet "$@"
  elif command -v zypper >/dev/null; then as_root zypper --non-interactive --quiet install "$@"
  elif command -v pacman >/dev/null; then as_root pacman -S --noconfirm --needed "$@"
  fi || true
  hash -r
}

# macOS ships openrsync under the name rsync; the module needs the real one.
has_rsync() {
  local version
  version=$(rsync --version 2>/dev/null) && [[ $version =~ ^rsync\ +version\ +v?[3-9] ]]
}

# Tests of sources by ssh and of schedules start a server, a cron and a systemd of their own, and check property lists; rclone and
# s3cmd read and fill buckets; Prometheus' promtool checks metrics and rules; Chromium shows reports. Root mounts drives of all
# kinds and starts Ceph. Where a program is missing, its tests are skipped. As packages of Debian.
missing_test_programs() {
  [ -x /usr/sbin/sshd ] || echo openssh-server
  [ -x /usr/sbin/cron ] || echo cron
  command -v systemd-analyze >/dev/null || echo systemd
  command -v plistutil >/dev/null || echo libplist-utils
  command -v rclone >/dev/null || echo rclone
  command -v s3cmd >/dev/null || echo s3cmd
  command -v promtool >/dev/null || echo prometheus
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
  if [ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ]; then
    [ -x /usr/sbin/mkfs.ext3 ] || echo e2fsprogs
    [ -x /usr/sbin/mkfs.xfs ] || echo xfsprogs
    [ -x /usr/bin/mkfs.btrfs ] || [ -x /usr/sbin/mkfs.btrfs ] || echo btrfs-progs
    [ -x /usr/sbin/mkntfs ] || echo ntfs-3g
    [ -x /usr/sbin/mkfs.exfat ] || echo exfatprogs
    [ -x /usr/sbin/mount.exfat-fuse ] || echo exfat-fuse
  fi
}

# In the background: it mostly waits, for a network and a disk, and only tests need it. build.ps1 does not start them before the lock
# is free, however this ends. A daemon that a package started must not hold it, hence not the lock's file in what is started here.
install_test_programs() {
  local programs ceph=()
  mkdir -p out
  exec 9>out/programs.lock
  flock --nonblock 9 || { echo 'Waiting for another test command, which installs programs.'; flock 9; }
  mapfile -t programs < <(missing_test_programs)
  if [ "$1" = all ] && [ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] && [ "${RSYNCS3_TEST_CEPH:-}" != skip ]; then
    mapfile -t ceph < <(tests/S3Server/start-ceph-rgw.sh packages)
  fi
  if ! has_rsync || [ $((${#programs[@]} + ${#ceph[@]})) -gt 0 ]; then
    export RSYNCS3_TEST_PROGRAMS=$PWD/out/programs
    # Apart, because of a list with a name that it does not know apt installs nothing; first the one without which nothing runs.
    (
      has_rsync || install rsync 9>&-
      [ ${#programs[@]} -eq 0 ] || install "${programs[@]}" 9>&-
      [ ${#ceph[@]} -eq 0 ] || install "${ceph[@]}" 9>&-
    ) >"$RSYNCS3_TEST_PROGRAMS.log" 2>&1 </dev/null &
  fi
  exec 9>&-
}

if ! dotnet --version >/dev/null 2>&1; then
  dotnet --version >&2 || true
  echo 'The .NET SDK 10 is missing. Install it and run this again: https://dotnet.microsoft.com/download/dotnet/10.0' >&2
  exit 1
fi

case ${1:-} in
  test)
    if command -v apt-get >/dev/null && command -v flock >/dev/null && can_be_root; then
      case " $*" in *' -q'* | *' -Q'*) install_test_programs quick ;; *) install_test_programs all ;; esac
    else
      has_rsync || install rsync
    fi
    ;;
  demo | bench) has_rsync || install rsync ;; # build.ps1 says what to do when there still is none
esac

# Not by `dotnet pwsh`: that puts two more processes before it, which hand no signal on.
case $(uname -s) in
  MINGW* | MSYS* | CYGWIN*) system=win ;;
  *) system=unix ;;
esac
version=$(sed -n '/"powershell"/,/}/s/.*"version": *"\([^"]*\)".*/\1/p' .config/dotnet-tools.json)
packages=$(dotnet nuget locals global-packages --list)
packages=${packages#*: }
shell=$(echo "${packages%/}/powershell/$version"/tools/*/any/$system/pwsh.dll)
if [ ! -f "$shell" ]; then
  dotnet tool restore
  # It may lie in another package folder, one that was in use when it was restored for another clone.
  shell=$(dotnet pwsh -NoProfile -Command '$PSHOME')/pwsh.dll
fi
exec dotnet "$shell" -NoProfile -File build.ps1 "$@"
