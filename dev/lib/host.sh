# What the machine itself must give, and gets back: packages, kernel settings, and one cluster a machine.
# shellcheck shell=bash

# Kernel settings that kubelet, kube-proxy, the CNI plugins or we change.
SETTINGS="net.ipv4.ip_forward net.ipv4.conf.all.route_localnet net.bridge.bridge-nf-call-iptables
  vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes"

check_host() {
  [ "$(uname -sm)" = "Linux x86_64" ] || die "this cluster runs on Linux x86_64 only, and this is $(uname -sm)" \
    "use a cluster you have: dev/up --context NAME"
  [ "$(id -u)" = 0 ] || die "pods, networks and mounts need root, and you are $(id -un)" \
    "run it as root, or use a cluster you have: dev/up --context NAME"
  [ ${#STATE} -le 70 ] || die "the path $STATE is too long: sockets below it would exceed the system's 108 bytes" \
    "move the checkout to a shorter path"
}

# Prints the checkout whose cluster this machine runs, if it is another one and still there.
other_owner() {
  local owner
  owner=$(cat "$RUN/owner" 2>/dev/null || true)
  [ -z "$owner" ] || [ "$owner" = "$DEV" ] || [ ! -d "$owner" ] || echo "$owner"
}

# Whether somebody else's Kubernetes node runs here, as kind's does, and so the packet rules and cgroups that look like
# ours are not.
foreign_node() { [ ! -f "$RUN/owner" ] && { runs kubelet || runs k3s-server; }; }

check_only_cluster() {
  [ -z "$(other_owner)" ] ||
    die "the cluster of another checkout, $(other_owner), uses this machine's bridge and ports" "run $(other_owner)/down first"
  ! foreign_node || die "another Kubernetes node runs on this machine (pid $(pgrep -x 'kubelet|k3s-server' | xargs))" \
    "use that one: dev/up --context NAME; two would fight over packet rules and cgroups"
  mkdir -p "$RUN"
  echo "$DEV" >"$RUN/owner"
}

# Prints where this machine has a program, not counting our own links; fails if it has none.
installed() { # NAME
  local found
  while read -r found; do
    [ "$found" != "$BIN/$1" ] || continue
    echo "$found"
    return
  done < <(type -aP "$1" || true)
  return 1
}

install_missing() { # PROGRAM=PACKAGE...
  local pair missing=()
  for pair in "$@"; do
    installed "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "these packages are missing: ${missing[*]}" "install them, then run dev/up again"
  step "installing packages this machine lacks: ${missing[*]}"
  mkdir -p "$LOGS"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$LOGS/apt.log" 2>&1 || die_with_log "$LOGS/apt.log" "installing ${missing[*]} failed"
  step "installed ${missing[*]} (they stay when the cluster goes)"
}

remember_settings() {
  local name
  [ ! -f "$RUN/settings" ] || [ "$(cat "$RUN/settings.boot")" != "$(boot_id)" ] || return 0
  boot_id >"$RUN/settings.boot"
  for name in $SETTINGS; do
    sysctl -e "$name" 2>/dev/null | tr -d ' ' || true
  done >"$RUN/settings.new"
  mv "$RUN/settings.new" "$RUN/settings"
}

restore_settings() {
  [ -f "$RUN/settings" ] || return 0
  local line
  if [ "$(cat "$RUN/settings.boot" 2>/dev/null)" = "$(boot_id)" ]; then
    while read -r line; do sysctl -q -w "$line" 2>/dev/null || loudly "could not set back $line"; done <"$RUN/settings"
  fi
  rm -f "$RUN/settings" "$RUN/settings.boot"
}
