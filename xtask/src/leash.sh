# Runs a command for as long as somebody holds our standard input open; at its end, however that comes about, whatever
# the command has left in our process group is killed.

exec 3<&0
"$@" </dev/null 3<&- &
command=$!
{ cat <&3 >/dev/null; kill -KILL 0; } &
exec 3<&-
wait "$command"
