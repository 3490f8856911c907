# Where everything is. Sourced first; needs nothing.
# shellcheck shell=bash disable=SC2034

DEV="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
PROJECT="$(dirname "$DEV")"
STATE="$DEV/.state"
BIN="$STATE/bin"
LOGS="$STATE/logs"
PIDS="$STATE/pids"
KEYS="$STATE/keys"
# Outside the checkout: a `git clean` or a second clone does not cost a second build.
CACHE="${DROVER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drover}"
# Sockets (their paths must be short) and the mark of the checkout whose cluster runs on this machine.
RUN=/run/drover-dev
