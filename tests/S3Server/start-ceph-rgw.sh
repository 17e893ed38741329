#!/usr/bin/env bash
# An independent S3 server for the test suite: one Ceph monitor, manager and in-memory OSD, and radosgw, on loopback.
#
#   start-ceph-rgw.sh PORT STATE_DIR    starts it, prints "endpoint=… access_key=… secret_key=… region=…"
#   start-ceph-rgw.sh stop STATE_DIR    ends it and removes the folder
#   start-ceph-rgw.sh packages          prints the packages of Debian that are missing, a line each
#   start-ceph-rgw.sh run STATE_DIR COMMAND…
#                                       starts it at a free port, runs the command with the RSYNCS3_TEST_S3_… variables that
#                                       the suite reads, ends it, and gives the command's exit code
#
# It runs what Debian packages (ceph-mon, ceph-mgr, ceph-osd, radosgw) and, as root, installs them when they are missing.
# Debian 12's Ceph 16.2 rejects aws-chunked trailers (use checksumMode whenRequired), has no If-Match on PUT and no
# GetObjectAttributes. Uses PORT, PORT+1 and PORT+10 to PORT+60 on 127.0.0.1.
set -Eeuo pipefail

access_key=rgwtestaccesskey0001
secret_key=rgwtestsecretkey000000000000000000000001
day=3
storage_classes="STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER_IR GLACIER DEEP_ARCHIVE"

usage() {
    echo "usage: $0 PORT STATE_DIR | stop STATE_DIR | packages | run STATE_DIR COMMAND…" >&2
    exit 64
}

stop() {
    local pid_file pid
    for pid_file in "$1"/radosgw.pid "$1"/osd.pid "$1"/mgr.pid "$1"/mon.pid; do
        [ -f "$pid_file" ] || continue
        pid=$(cat "$pid_file")
        # A number alone may belong to another process by now; ours names the state folder's configuration.
        if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "-c $1/ceph.conf"; then
            kill "$pid" 2>/dev/null || true
            for _ in $(seq 1 50); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
            done
            kill -9 "$pid" 2>/dev/null || true
        fi
    done
}

missing_packages() {
    local program
    for program in ceph-mon ceph-mgr ceph-osd radosgw curl; do
        command -v "$program" >/dev/null || echo "$program"
    done
    command -v ceph >/dev/null || echo ceph-common
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "$0: install ${missing[*]} first" >&2
        exit 69
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

write_configuration() {
    cat >"$state/ceph.conf" <<CONFIGURATION
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v1:127.0.0.1:$((port + 1))/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = $((port + 10))
ms bind port max = $((port + 60))
auth cluster required = none
auth service required = none
auth client required = none
run dir = $state/run
crash dir = $state/run
admin socket = $state/run/\$name.asok
log file = $state/log/\$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
[mon]
mon data = $state/mon
mon data avail crit = 1
[mgr]
mgr data = $state/mgr
mgr initial modules =
[osd]
osd data = $state/osd
osd objectstore = memstore
memstore device bytes = $((8 * 1024 * 1024 * 1024))
[client.rgw]
rgw data = $state/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw dns name = localhost
rgw enable ops log = false
rgw enable usage log = false
rgw crypt require ssl = false
# A day of lifecycle rules, in seconds, and how often they are looked at.
rgw lc debug interval = $day
CONFIGURATION
}

# start_daemon NAME COMMAND…: in the background, its process id in NAME.pid.
start_daemon() {
    local name=$1
    shift
    nohup "$@" -f >>"$state/log/$name.out" 2>&1 </dev/null &
    echo $! >"$state/$name.pid"
}

# retry SECONDS COMMAND…: until it succeeds.
retry() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >>"$state/log/setup.log" 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.25
    done
}

osd_is_up() {
    # The OSD may end at its first start with "wrong fsid", when the map is younger than it; a second start works.
    kill -0 "$(cat "$state/osd.pid")" 2>/dev/null || start_daemon osd ceph-osd -c "$state/ceph.conf" -i 0
    timeout 30 ceph -c "$state/ceph.conf" osd stat | grep -q '1 up'
}

start() {
    local configuration=(-c "$state/ceph.conf") monitor_map="$state/monmap" fsid class osd_id
    mkdir -p "$state"/{mon,osd,mgr,rgw,log,run}
    write_configuration
    fsid=$(sed -n 's/^fsid = //p' "$state/ceph.conf")
    osd_id=$(cat /proc/sys/kernel/random/uuid)

    monmaptool --create --fsid "$fsid" --addv a "[v1:127.0.0.1:$((port + 1))]" "$monitor_map" >>"$state/log/setup.log" 2>&1
    ceph-mon "${configuration[@]}" -i a --mkfs --monmap "$monitor_map" >>"$state/log/setup.log" 2>&1
    start_daemon mon ceph-mon "${configuration[@]}" -i a
    retry 60 timeout 30 ceph "${configuration[@]}" mon stat
    timeout 60 ceph "${configuration[@]}" osd new "$osd_id" 0 >>"$state/log/setup.log" 2>&1
    start_daemon mgr ceph-mgr "${configuration[@]}" -i x
    ceph-osd "${configuration[@]}" -i 0 --mkfs --osd-uuid "$osd_id" >>"$state/log/setup.log" 2>&1
    start_daemon osd ceph-osd "${configuration[@]}" -i 0
    retry 60 osd_is_up

    local admin=(timeout 120 radosgw-admin "${configuration[@]}" -n client.rgw)
    "${admin[@]}" user create --uid=tester --display-name=Tester --access-key=$access_key --secret-key=$secret_key \
        >>"$state/log/setup.log" 2>&1
    for class in $storage_classes; do
        "${admin[@]}" zonegroup placement add --rgw-zonegroup default --placement-id default-placement \
            --storage-class "$class" >>"$state/log/setup.log" 2>&1
        "${admin[@]}" zone placement add --rgw-zone default --placement-id default-placement \
            --storage-class "$class" --data-pool default.rgw.buckets.data >>"$state/log/setup.log" 2>&1
    done
    start_daemon radosgw radosgw "${configuration[@]}" -n client.rgw
    retry 60 curl -fsS -o /dev/null "http://127.0.0.1:$port/"
}

free_port() {
    local candidate
    for candidate in 18480 18580 18680 18780 18880 18980; do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null &&
            ! (exec 3<>"/dev/tcp/127.0.0.1/$((candidate + 1))") 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "$0: ports 18480 to 18980 are all in use" >&2
    return 69
}

if [ "$*" = packages ]; then
    missing_packages
    exit
fi
[ $# -ge 2 ] || usage
if [ "$1" = run ]; then
    [ $# -ge 3 ] || usage
    folder=$2
    shift 2
    port=$(free_port)
    # At a signal too.
    trap '[ ! -e "$folder" ] || bash "$0" stop "$folder"' EXIT
    bash "$0" "$port" "$folder"
    RSYNCS3_TEST_S3_ENDPOINT=http://127.0.0.1:$port RSYNCS3_TEST_S3_REGION=default \
    RSYNCS3_TEST_S3_ACCESS_KEY=$access_key RSYNCS3_TEST_S3_SECRET_KEY=$secret_key \
    RSYNCS3_TEST_S3_BUCKET=rsyncs3backup-test RSYNCS3_TEST_S3_CHECKSUM_MODE=whenRequired RSYNCS3_TEST_S3_DAY=$day \
        "$@"
    exit
fi
[ $# -eq 2 ] || usage
if [ "$1" = stop ]; then
    [ -f "$2/ceph.conf" ] || { echo "$0: $2 is no state folder of this script" >&2; exit 66; }
    state=$(cd "$2" && pwd)
    stop "$state"
    rm -rf -- "$state"
    exit 0
fi

port=$1
case $port in '' | *[!0-9]*) usage ;; esac
if [ -e "$2" ]; then
    echo "$0: $2 exists; run '$0 stop $2' first" >&2
    exit 73
fi
install_packages
mkdir -p "$2"
state=$(cd "$2" && pwd)
trap 'echo "$0: line $LINENO failed: $BASH_COMMAND; see $state/log" >&2; stop "$state"' ERR
start
echo "endpoint=http://127.0.0.1:$port access_key=$access_key secret_key=$secret_key region=default"
