# The one node: containerd runs the containers, kubelet the pods, kube-proxy the services.
# shellcheck shell=bash

CONTAINERD_SOCKET="$RUN/containerd.sock"

ctr() { "$BIN/ctr" --address "$CONTAINERD_SOCKET" --namespace k8s.io "$@"; }

start_containerd() { # PAUSE_IMAGE
  clean_dead_node
  mkdir -p "$STATE/config" "$STATE/containerd"
  write_containerd_config "$1"
  start containerd -c "$STATE/config/containerd.toml" env PATH="$BIN:$PATH" \
    "$BIN/containerd" --config "$STATE/config/containerd.toml"
  await 30 containerd "containerd answers at $CONTAINERD_SOCKET" ctr version
  step "containerd answers"
}

write_containerd_config() {
  cat >"$STATE/config/containerd.toml" <<EOF
version = 3
root = "$STATE/containerd"
state = "$RUN/containerd"
disabled_plugins = [
  "io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.zfs", "io.containerd.differ.v1.erofs",
]
[grpc]
  address = "$CONTAINERD_SOCKET"
[ttrpc]
  address = "$CONTAINERD_SOCKET.ttrpc"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "$1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["$BIN"]
    conf_dir = "$STATE/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "$(command -v runc)"
        SystemdCgroup = false
        Root = "$RUN/runc"
EOF
}

start_kubelet() {
  mkdir -p "$STATE/config" "$STATE/kubelet"
  # Images have no registry to come back from: never collect them. The machine is shared and may be small: never evict.
  cat >"$STATE/config/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: "$KEYS/ca.crt"}}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [$NODE_IP]
resolvConf: "$STATE/config/resolv.conf"
podLogsDir: "$STATE/pod-logs"
volumePluginDir: "$STATE/volume-plugins"
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
evictionHard: {}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
oomScoreAdj: 0
registerNode: true
nodeStatusUpdateFrequency: 5s
shutdownGracePeriod: 0s
EOF
  # Pods ask only the cluster's own DNS, which asks on for them.
  echo "nameserver $NODE_IP" >"$STATE/config/resolv.conf"
  start kubelet -c "$STATE/config/kubelet.yaml" -c "$KEYS/kubelet.kubeconfig" "$BIN/kubelet" \
    --config="$STATE/config/kubelet.yaml" --kubeconfig="$KEYS/kubelet.kubeconfig" --root-dir="$STATE/kubelet" \
    --cert-dir="$STATE/kubelet/pki" --hostname-override="$NODE_NAME" --node-ip="$NODE_IP"
}

start_proxy() {
  start kube-proxy -c "$KEYS/proxy.kubeconfig" "$BIN/kube-proxy" --kubeconfig="$KEYS/proxy.kubeconfig" \
    --hostname-override="$NODE_NAME" --proxy-mode=iptables --cluster-cidr="$POD_RANGE" --conntrack-max-per-core=0 \
    --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s \
    --iptables-min-sync-period=100ms --iptables-localhost-nodeports=false --nodeport-addresses="$POD_RANGE" \
    --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249
}

proxy_synced() { curl -sf --noproxy '*' http://127.0.0.1:10256/healthz; }

# A stale Ready of the last run is no readiness: the kubelet itself must say it is well, and the node must be Ready.
node_ready() {
  [ "$(admin get --raw "/api/v1/nodes/$NODE_NAME/proxy/healthz")" = ok ] &&
    admin wait --for=condition=Ready "node/$NODE_NAME" --timeout=1s
}

start_node() {
  start_kubelet
  start_proxy
  await 60 kubelet "the node is Ready" node_ready
  step "kubelet: the node is Ready"
  await 30 kube-proxy "kube-proxy has written its rules" proxy_synced
  step "kube-proxy has written its rules"
}
