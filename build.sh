#!/usr/bin/env bash
# The project's tasks for a machine that has bash, git and the .NET SDK 10. build.ps1 has the same tasks for PowerShell.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

results=$root/out/test-results
ceph_folder=$root/out/ceph-rgw
ceph_script=$root/tests/S3Server/start-ceph-rgw.sh

usage() {
  cat <<'TEXT'
Usage: ./build.sh TASK
  build    build the module and stage it in out/RsyncS3Backup/<version>/
  test     build, then run every suite; the last line sums them up
  demo     build, then back up real files to a loopback S3 server and compare
  package  build, then pack the staged module into out/RsyncS3Backup.<version>.zip
  help     show this text
Set RSYNCS3_TEST_CEPH=skip to leave out the run against Ceph.
TEXT
}

say() { printf '\n== %s\n' "$*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_be_root() {
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# macOS ships openrsync under the name rsync; the module needs the real one.
has_rsync() {
  local version
  version=$(rsync --version 2>/dev/null) && [[ $version =~ ^rsync\ +version\ +v?[3-9] ]]
}

ensure_rsync() {
  has_rsync && return
  say 'rsync is missing: installing it'
  if command -v brew >/dev/null; then
    brew install rsync
  elif can_be_root; then
    if command -v apt-get >/dev/null; then
      as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq rsync
    elif command -v dnf >/dev/null; then as_root dnf install -y -q rsync
    elif command -v apk >/dev/null; then as_root apk add --quiet rsync
    elif command -v zypper >/dev/null; then as_root zypper --non-interactive --quiet install rsync
    elif command -v pacman >/dev/null; then as_root pacman -S --noconfirm --needed rsync
    fi
  fi
  hash -r
  has_rsync && return
  echo "rsync 3 could not be installed. Install it as root and run this again, for example:" >&2
  echo "  apt-get install rsync   dnf install rsync   apk add rsync   zypper install rsync   pacman -S rsync   brew install rsync" >&2
  exit 1
}

# Tests of sources by ssh and of schedules start a server, a cron and a systemd of their own, and check property lists; rclone and s3cmd read
# and fill buckets. Where a program is missing, its tests are skipped. The packages' services are of no use here.
ensure_test_programs() {
  local missing=()
  [ -x /usr/sbin/sshd ] || missing+=(openssh-server)
  [ -x /usr/sbin/cron ] || missing+=(cron)
  command -v systemd-analyze >/dev/null || missing+=(systemd)
  command -v plistutil >/dev/null || missing+=(libplist-utils)
  command -v rclone >/dev/null || missing+=(rclone)
  command -v s3cmd >/dev/null || missing+=(s3cmd)
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null && can_be_root || return 0
  say "Installing for the tests: ${missing[*]}"
  # 101 is what policy-rc.d says to keep a package from starting its service (invoke-rc.d(8)).
  local policy=/usr/sbin/policy-rc.d
  [ -e $policy ] && policy= || { printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null && as_root chmod +x $policy; }
  as_root apt-get update -qq || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" || true
  [ -z "$policy" ] || as_root rm -f "$policy"
}

build() {
  say 'Building and staging the module'
  dotnet publish src/RsyncS3Backup -c Release
}

# Whoever starts this in the background of a script has SIGINT ignored (POSIX, "Asynchronous Lists"), and so would every program that the
# tests start: each that is to end by it would be waited for in vain.
plain=()
if env --default-signal=INT true 2>/dev/null; then plain=(env --default-signal=INT); fi

# What a suite came to; sum_up adds it to the others.
count() { # suite passed failed skipped
  echo "$2 $3 $4" >"$results/$1.sum"
}

# The number in one attribute of a trx file's Counters element; nothing when it is not there.
counter() { # file attribute
  sed -n "s/.*<Counters[^>]* $2=\"\([0-9]*\)\".*/\1/p" "$1"
}

run_suite() { # name project [arguments of dotnet test]
  local name=$1 project=$2 status=0 total executed succeeded
  shift 2
  local trx=$results/$name.trx
  say "Suite $name"
  # The assembly, not the project: that spares a look at everything that it was built from.
  ${plain[@]+"${plain[@]}"} dotnet test tests/"$project"/bin/Release/*/"$project".dll --results-directory "$results" --logger "trx;LogFileName=$name.trx" \
    --blame-hang-timeout 6m --blame-hang-dump-type none "$@" || status=$?
  total= executed= succeeded=
  if [ -f "$trx" ]; then
    total=$(counter "$trx" total) executed=$(counter "$trx" executed) succeeded=$(counter "$trx" passed)
  fi
  if [ "${total:-0}" -eq 0 ]; then
    echo "Suite $name ran no test: counted as 1 failed." >&2
    count "$name" 0 1 0
    return
  fi
  local failed=$((executed - succeeded))
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "Suite $name ended with code $status although no test failed (a crash, or a hang): counted as 1 failed." >&2
    failed=1
  fi
  # vstest leaves notExecuted at 0 and counts a skipped test as not executed.
  count "$name" "$succeeded" "$failed" "$((total - executed))"
}

free_port() {
  local port
  for port in 18480 18580 18680 18780 18880 18980; do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && ! (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}

stop_ceph() {
  [ -e "$ceph_folder" ] || return 0
  bash "$ceph_script" stop "$ceph_folder" || true
  rm -rf "$ceph_folder"
}

ceph_obstacle() {
  if [ "${RSYNCS3_TEST_CEPH:-}" = skip ]; then echo 'RSYNCS3_TEST_CEPH is skip'
  elif [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null; then echo 'it is installed from the packages of Debian only'
  elif [ "$(id -u)" -ne 0 ]; then echo 'it needs root'
  elif [ ! -f "$ceph_script" ]; then echo "$ceph_script is missing"
  fi
}

value_of() { # name text
  sed -nE "s/(^|.* )$1=([^ ]+).*/\\2/p" <<<"$2"
}

# What our own S3 server allows proves nothing about S3; this one was written by others.
run_suite_against_ceph() {
  local obstacle port output
  obstacle=$(ceph_obstacle)
  if [ -n "$obstacle" ]; then
    say "Suite S3-Ceph skipped: $obstacle"
    count S3-Ceph 0 0 1
    return
  fi
  say 'Starting Ceph RGW'
  stop_ceph
  if ! port=$(free_port) || ! output=$(bash "$ceph_script" "$port" "$ceph_folder"); then
    echo 'Ceph RGW did not start: counted as 1 failed.' >&2
    count S3-Ceph 0 1 0
    return
  fi
  RSYNCS3_TEST_S3_ENDPOINT=$(value_of endpoint "$output") \
  RSYNCS3_TEST_S3_ACCESS_KEY=$(value_of access_key "$output") \
  RSYNCS3_TEST_S3_SECRET_KEY=$(value_of secret_key "$output") \
  RSYNCS3_TEST_S3_REGION=$(value_of region "$output") \
  RSYNCS3_TEST_S3_BUCKET=rsyncs3backup-test \
  RSYNCS3_TEST_S3_CHECKSUM_MODE=whenRequired \
    run_suite S3-Ceph RsyncS3Backup.Core.Tests --filter Suite=S3
  stop_ceph
}

run_pester() {
  local files=(tests/Pester/*.Tests.ps1) blocks counts status=0
  if [ ! -e "${files[0]}" ]; then
    count Pester 0 0 0
    return
  fi
  blocks=$(cat "${files[@]}" | grep -cE "^[[:space:]]*It[[:space:]]+['\"]" || true)
  if ! command -v pwsh >/dev/null; then
    say "Suite Pester skipped ($blocks tests): there is no pwsh here"
    count Pester 0 0 "$blocks"
    return
  fi
  say 'Suite Pester'
  rm -f "$results/pester.counts"
  pwsh -NoProfile -NonInteractive -File tests/run-pester.ps1 -ResultFolder "$results" || status=$?
  if [ "$status" -eq 3 ]; then
    echo "Suite Pester skipped ($blocks tests): Pester 5 is missing; Install-PSResource Pester -Version '[5.0,6.0)'"
    count Pester 0 0 "$blocks"
  elif [ -f "$results/pester.counts" ] && counts=$(cat "$results/pester.counts") && [ "$counts" != '0 0 0' ]; then
    # shellcheck disable=SC2086 # three numbers
    count Pester $counts
  else
    echo 'Suite Pester ran no test: counted as 1 failed.' >&2
    count Pester 0 1 0
  fi
}

label() { # name
  local line
  while IFS= read -r line || [ -n "$line" ]; do printf '%-10s| %s\n' "$1" "$line"; done
}

# A lane runs beside the others: most suites wait, for rsync, for a store that fails, for the next minute. It is a process group of its
# own (set -m), so that it can be ended whole, and so that its programs do not ignore SIGINT, as those of a plain background job do.
start_lane() { # name function
  set -m
  "$2" </dev/null 2>&1 | label "$1" &
  set +m
}

end_lanes() {
  local lane
  trap '' INT TERM
  # The leader of each group is the first program of its pipeline.
  for lane in $(jobs -p); do kill -TERM -- "-$lane" 2>/dev/null || true; done
  wait
}

core_s3() { run_suite Core-S3 RsyncS3Backup.Core.Tests --filter 'FullyQualifiedName~.Core.Tests.S3.'; }
core_rsync() { run_suite Core-Rsync RsyncS3Backup.Core.Tests --filter 'FullyQualifiedName~.Core.Tests.Rsync.'; }
core() { run_suite Core RsyncS3Backup.Core.Tests --filter 'FullyQualifiedName!~.Core.Tests.S3.&FullyQualifiedName!~.Core.Tests.Rsync.'; }
module() { run_suite Module RsyncS3Backup.Module.Tests --filter 'FullyQualifiedName!~.NativeScheduleTests.'; }
# They wait for the minutes at which real schedulers start a job.
schedules() { run_suite Schedules RsyncS3Backup.Module.Tests --filter 'FullyQualifiedName~.NativeScheduleTests.'; }
core_and_ceph() { core; run_suite_against_ceph; }
schedules_and_pester() { schedules; run_pester; }

sum_up() { # suites
  local suite numbers passed=0 failed=0 skipped=0
  say 'Sum'
  for suite in "$@"; do
    if ! { [ -f "$results/$suite.sum" ] && read -r -a numbers <"$results/$suite.sum"; }; then
      echo "Suite $suite did not come to its end: counted as 1 failed." >&2
      numbers=(0 1 0)
    fi
    printf '%-10s %5d passed %3d failed %4d skipped\n' "$suite" "${numbers[@]}"
    passed=$((passed + numbers[0])) failed=$((failed + numbers[1])) skipped=$((skipped + numbers[2]))
  done
  echo
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

run_tests() {
  ensure_rsync
  ensure_test_programs
  build
  say 'Building the tests'
  dotnet build tests/RsyncS3Backup.Core.Tests -c Release
  dotnet build tests/RsyncS3Backup.Module.Tests -c Release
  rm -rf "$results" "$root/out/state"
  mkdir -p "$results"
  # The state of jobs that tests run belongs into the repository's out folder, not to the user's own jobs.
  export RSYNCS3BACKUP_STATE=$root/out/state
  trap stop_ceph EXIT
  trap 'end_lanes; exit 130' INT
  trap 'end_lanes; exit 143' TERM
  start_lane Schedules schedules_and_pester
  start_lane Core-S3 core_s3
  start_lane Core-Rsync core_rsync
  start_lane Module module
  start_lane Core core_and_ceph
  wait
  sum_up Core Core-Rsync Core-S3 Module Schedules S3-Ceph Pester
}

task=${1:-help}
[ $# -le 1 ] || { usage >&2; exit 2; }
case $task in
  build) build ;;
  test) run_tests ;;
  demo) ensure_rsync; build; say 'Demo'; dotnet run --project tests/Demo -c Release ;;
  package) build; dotnet msbuild src/RsyncS3Backup -t:PackageModule -nologo -v:minimal ;;
  ensure-rsync) ensure_rsync ;; # for build.ps1
  help | -h | --help) usage ;;
  *) echo "Unknown task '$task'." >&2; usage >&2; exit 2 ;;
esac
