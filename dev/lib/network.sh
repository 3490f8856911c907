# The bridge that pods hang on, the way to services, and the packet rules; and how all of it goes away.
# shellcheck shell=bash

BRIDGE=drover0
NODE_IP=10.88.0.1
POD_RANGE=10.88.0.0/16
SERVICE_RANGE=10.96.0.0/16
API_SERVICE_IP=10.96.0.1

# A proxy that the environment names has no way into the cluster.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost,$POD_RANGE,$SERVICE_RANGE"
export no_proxy="$NO_PROXY"

make_network() {
  ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
  ip addr replace "$NODE_IP/16" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  # A packet for a service that kube-proxy does not know yet must not leave the machine by its default route, and is
  # refused at once. These rules see only packets that were not redirected to a pod.
  ip route replace "$SERVICE_RANGE" dev "$BRIDGE"
  have_rule -I FORWARD -d "$SERVICE_RANGE" -j REJECT
  have_rule -I OUTPUT -d "$SERVICE_RANGE" -j REJECT
  # Docker, for one, makes DROP the policy of forwarding.
  have_rule -A FORWARD -i "$BRIDGE" -j ACCEPT
  have_rule -A FORWARD -o "$BRIDGE" -j ACCEPT
  sysctl -q -w net.ipv4.ip_forward=1
}

have_rule() { # -I or -A, CHAIN RULE...
  local how=$1
  shift
  iptables -w -C "$@" 2>/dev/null || iptables -w "$how" "$@"
}

write_cni_config() {
  mkdir -p "$STATE/cni/net.d"
  cat >"$STATE/cni/net.d/10-drover.conflist" <<EOF
{"cniVersion": "1.0.0", "name": "drover-dev", "plugins": [
  {"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_RANGE", "rangeStart": "10.88.1.0"}]],
            "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "$STATE/cni/leases"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
EOF
}

remove_network() {
  ! ip link show "$BRIDGE" >/dev/null 2>&1 || ip link del "$BRIDGE"
  command -v iptables-save >/dev/null || return 0
  remove_rules iptables
  remove_rules ip6tables
}

# Rules that kube-proxy, kubelet and the CNI plugins made, and ours for the bridge and the services.
our_rules() { # iptables or ip6tables
  "$1-save" 2>/dev/null |
    grep -E -- "^:(KUBE|CNI)-|^-A .*(-j (KUBE|CNI)-|-[io] $BRIDGE |-d $SERVICE_RANGE )" || true
}

remove_rules() { # iptables or ip6tables
  [ -z "$(our_rules "$1")" ] || remove_chains "$1" 'KUBE|CNI' " -[io] $BRIDGE | -d $SERVICE_RANGE "
}

# One transaction a table: take the jumps to these chains, and the rules that match, out of the built-in chains; flush
# the chains; delete them.
remove_chains() { # iptables or ip6tables, PREFIXES, RULES
  "$1-save" | awk -v prefixes="$2" -v rules="$3" '
    /^\*/ { table = $0; chains = jumps = "" }
    $1 ~ "^:(" prefixes ")-" { chains = chains " " substr($1, 2) }
    /^-A / && $2 !~ "^(" prefixes ")-" && ($0 ~ " -j (" prefixes ")-" || $0 ~ rules) { jumps = jumps "-D" substr($0, 3) "\n" }
    /^COMMIT/ && (chains || jumps) {
      printf "%s\n%s", table, jumps
      n = split(chains, c, " ")
      for (i = 1; i <= n; i++) print "-F " c[i]
      for (i = 1; i <= n; i++) print "-X " c[i]
      print "COMMIT"
    }' | "$1-restore" -w --noflush
}
