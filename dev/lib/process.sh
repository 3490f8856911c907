# Processes that outlive the script. Each is recorded as "pid, start time, boot, hash of its command": a pid alone may
# belong to a stranger by the time we come back.
# shellcheck shell=bash

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Field 22 of stat; the name in field 2 may hold spaces, so cut behind its parenthesis.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "$1" != Z ] && echo "${20}"
}

# Whether any process of that name runs, ours or not; one that ended and was not yet collected does not count.
runs() { # NAME
  local pid
  for pid in $(pgrep -x "$1" || true); do
    ! start_time "$pid" >/dev/null || return 0
  done
  return 1
}

# One dev/up or dev/down at a time on a machine. Not a lock held open: what a killed script was waiting for would
# inherit it.
alone() {
  local mark="$CACHE/at-work" pid=gone since=gone
  exec 9>"$mark.lock"
  flock 9
  [ ! -f "$mark" ] || read -r pid since <"$mark"
  if [ "$(start_time "$pid" || echo ended)" = "$since" ]; then
    die "another dev/up or dev/down is at work on this machine (pid $pid)" "wait for it, or end it"
  fi
  echo "$$ $(start_time $$)" >"$mark"
  exec 9>&-
}

recorded() { # NAME FIELD(1..4)
  [ -f "$PIDS/$1" ] && cut -d' ' -f"$2" "$PIDS/$1"
}

alive() { # NAME
  local pid
  pid=$(recorded "$1" 1) && [ "$(recorded "$1" 3)" = "$(boot_id)" ] &&
    [ "$(start_time "$pid")" = "$(recorded "$1" 2)" ]
}

# Over the words of a command, where a link into the cache stands for the build it points to, and over files behind --.
command_hash() {
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in "$BIN"/*) readlink -f "$1" ;; *) printf '%s\n' "$1" ;; esac
    shift
  done | sha256sum
  while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
  shift
  cat /dev/null "$@"
}

# start NAME [-c CONFIGFILE]... PROGRAM ARGS...: does nothing if it runs already with the same program, arguments and
# contents of its config files; replaces it if they changed.
start() {
  local name=$1 configs=() hash pid
  shift
  while [ "$1" = -c ]; do configs+=("$2") && shift 2; done
  hash=$(command_hash "$@" -- "${configs[@]}" | sha256sum | cut -c1-16)
  if alive "$name"; then
    [ "$(recorded "$name" 4)" != "$hash" ] || return 0
    step "$name runs with other settings: replacing it"
    stop "$name"
  fi
  mkdir -p "$PIDS" "$LOGS"
  [ ! -f "$LOGS/$name.log" ] || mv -f "$LOGS/$name.log" "$LOGS/$name.previous.log"
  setsid nohup "$@" </dev/null >"$LOGS/$name.log" 2>&1 9>&- &
  pid=$!
  echo "$pid $(start_time $pid || echo gone) $(boot_id) $hash" >"$PIDS/$name.new"
  mv -f "$PIDS/$name.new" "$PIDS/$name"
}

# Ends a recorded process, by force after GRACE seconds; its record goes only when it is gone.
stop() { # NAME [GRACE]
  local name=$1 grace=${2:-10} pid waited=0
  if alive "$name"; then
    pid=$(recorded "$name" 1)
    kill "$pid" 2>/dev/null || true
    while alive "$name"; do
      waited=$((waited + 1))
      [ $waited -ne $((grace * 20)) ] || kill -KILL "$pid" 2>/dev/null || true
      [ $waited -lt $((grace * 20 + 100)) ] || die "$name (pid $pid) does not end, not even by SIGKILL" \
        "look at /proc/$pid/stack and the kernel's log"
      sleep 0.05
    done
  fi
  rm -f "$PIDS/$name"
}

# await SECONDS PROCESS WHAT COMMAND...: until the command succeeds; fails with the process' log if it ends first or
# time runs out.
await() {
  local limit=$((SECONDS + $1)) process=$2 what=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    alive "$process" || die_with_log "$LOGS/$process.log" "$process ended by itself, while waiting until $what"
    [ $SECONDS -lt $limit ] || die_with_log "$LOGS/$process.log" "gave up waiting until $what"
    sleep 0.1
  done
}
