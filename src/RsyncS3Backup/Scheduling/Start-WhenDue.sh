# Starts a command unless a job's file says that nothing can be due yet. A scheduler that asks many times a day so starts a shell for a
# millisecond, and PowerShell only when it matters. For any POSIX shell: sh Start-WhenDue.sh FILE COMMAND [ARGUMENT...]
#
# Whatever is in doubt starts the command, which decides for itself: no file, one of another form, a clock that was set back, another time
# zone, a job whose own file was changed. Nothing that the file holds is executed.
quiet=$1
shift

is_time() {
    case $1 in
    [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) ;;
    *) return 1 ;;
    esac
}

is_quiet() {
    # Somebody wants it to start now.
    [ ! -e "${quiet%/*}/schedule.start" ] && [ -f "$quiet" ] || return 1
    { IFS=' ' read -r form written next zone rest && IFS= read -r job; } <"$quiet" || return 1
    now=$(date '+%s %z') || return 1
    [ "$form,$zone,$rest" = "1,${now#* }," ] || return 1
    now=${now%% *}
    is_time "$now" && is_time "$written" && is_time "$next" || return 1
    # 25 hours: no file is good for longer than a day.
    [ "$written" -le "$now" ] && [ "$now" -lt "$next" ] && [ $((next - written)) -le 90000 ] || return 1
    # The file has the time of the job's own file.
    case $job in /*) ;; *) return 1 ;; esac
    # Defaults that its folder has by now change it too.
    [ ! -e "${job%/*}/defaults.jsonc" ] && [ ! -L "${job%/*}/defaults.jsonc" ] || return 1
    [ -f "$job" ] && [ ! "$job" -nt "$quiet" ] && [ ! "$quiet" -nt "$job" ]
} 2>/dev/null

if is_quiet; then
    exit 0
fi
exec "$@"
