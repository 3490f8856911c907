# Names: services for pods, and whatever this machine resolves.
# shellcheck shell=bash

dns_ready() { curl -sf --noproxy '*' "http://$NODE_IP:8181/ready"; }

start_dns() {
  local onward=
  ! grep -q '^nameserver' /etc/resolv.conf 2>/dev/null || onward="forward . /etc/resolv.conf"
  cat >"$STATE/config/Corefile" <<EOF
.:53 {
  bind $NODE_IP
  ready $NODE_IP:8181
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $KEYS/dns.kubeconfig drover-dev
    pods insecure
    ttl 5
  }
  $onward
}
EOF
  start coredns -c "$STATE/config/Corefile" -c "$KEYS/dns.kubeconfig" "$BIN/coredns" -conf "$STATE/config/Corefile"
  await 30 coredns "the cluster's DNS is ready" dns_ready
  step "coredns answers"
}
