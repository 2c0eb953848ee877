# Keeps one temporary PostgreSQL server, and takes it down with the process that holds our standard input.
#
# Arguments: the folder that holds everything, the folder of the binaries, the superuser, the server's settings.
# Reads one word a line: initialize, start PORT, kill, freeze, thaw; answers each with `done` or `failed`.
# At the end of input, however it comes about, the server is stopped and the folder removed.

base=$1 binaries=$2 superuser=$3
shift 3
postmaster=
# A frozen server makes the kernel send this to our process group when the test process ends.
trap '' HUP
exec 2>>"$base/log"

initialize() {
    "$binaries/initdb" --pgdata="$base/data" --username="$superuser" --auth=trust \
        --encoding=UTF8 --locale=C --no-sync </dev/null >>"$base/log"
}

# The lock file of the server names the process in its first line and the state in its eighth.
is_ready() {
    set -- $(sed -n '1p;8p' "$base/data/postmaster.pid")
    [ "${1-} ${2-}" = "$postmaster ready" ]
}

start() {
    "$binaries/postgres" -D "$base/data" "$@" </dev/null >>"$base/log" &
    postmaster=$!
    turns=0
    until is_ready; do
        turns=$((turns + 1))
        if [ $turns -gt 1200 ] || ! kill -0 "$postmaster"; then
            stop
            return 1
        fi
        sleep 0.05
    done
}

# The server's other processes; there is no new one while the postmaster is halted.
children() {
    for stat in /proc/[0-9]*/stat; do
        read -r line <"$stat" || continue
        set -- ${line##*) }
        if [ "${2-}" = "$postmaster" ]; then echo "${line%% *}"; fi
    done
}

freeze() {
    kill -STOP "$postmaster" && for child in $(children); do kill -STOP "$child"; done
    kill -0 "$postmaster"
}

thaw() {
    for child in $(children); do kill -CONT "$child"; done
    kill -CONT "$postmaster"
}

# All at once, as when a machine loses its power: nothing is written down, no client is told.
kill_all() {
    freeze || return 1
    kill -KILL $(children) "$postmaster"
    wait "$postmaster"
    postmaster=
}

stop() {
    [ -n "$postmaster" ] || return 0
    thaw
    kill -QUIT "$postmaster"
    wait "$postmaster"
    postmaster=
}

while read -r word port; do
    case $word in
        initialize) initialize ;;
        start) start "$@" -p "$port" ;;
        kill) kill_all ;;
        freeze) freeze ;;
        thaw) thaw ;;
        *) false ;;
    esac && echo done || echo failed
done

stop
rm -rf "$base"
