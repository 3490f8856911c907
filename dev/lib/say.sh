# What the person at the terminal reads: steps with the time each took, warnings, and failures that end the run.
# shellcheck shell=bash

SAY_LAST=${EPOCHREALTIME/[.,]/}

# Prints "[ 3.2s] what", the seconds since the line before it.
step() {
  local now=${EPOCHREALTIME/[.,]/} tenths
  tenths=$(((now - SAY_LAST) / 100000))
  SAY_LAST=$now
  printf '[%3d.%ds] %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}

# A command that was not expected to fail, and would end the script without a word.
set -E
shopt -s inherit_errexit
trap 'printf "\nFAILED: %s:%s: %s (exit %s)\n  logs: %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND" "$?" "$LOGS" >&2' ERR

# Something is missing that does not stop the run.
loudly() { printf '\n  !! %s\n\n' "$*" >&2; }

# die WHAT HAPPENED [WHAT TO DO]
die() {
  printf '\nFAILED: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  to do: %s\n' "$2" >&2
  exit 1
}

# die_with_log LOGFILE WHAT HAPPENED [WHAT TO DO]: also shows the end of the log.
die_with_log() {
  local log=$1
  shift
  if [ -s "$log" ]; then
    printf '\n--- the end of %s\n' "$log" >&2
    tail -n 15 "$log" | cut -c1-400 >&2
    printf -- '---\n' >&2
  fi
  die "$1" "${2:-read $log}"
}
