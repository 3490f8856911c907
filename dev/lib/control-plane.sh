# etcd, the API server, the controllers and the scheduler.
# shellcheck shell=bash

ETCD_URL=http://127.0.0.1:12379

admin() { "$BIN/kubectl" --kubeconfig "$STATE/kubeconfig" "$@"; }

start_control_plane() {
  start_etcd
  start_api_server
  start kube-controller-manager -c "$KEYS/controller-manager.kubeconfig" "$BIN/kube-controller-manager" \
    --kubeconfig="$KEYS/controller-manager.kubeconfig" --leader-elect=false --bind-address=127.0.0.1 \
    --use-service-account-credentials --flex-volume-plugin-dir="$STATE/volume-plugins" --service-account-private-key-file="$KEYS/accounts.key" \
    --root-ca-file="$KEYS/ca.crt" --cluster-signing-cert-file="$KEYS/ca.crt" --cluster-signing-key-file="$KEYS/ca.key"
  start kube-scheduler -c "$KEYS/scheduler.kubeconfig" "$BIN/kube-scheduler" \
    --kubeconfig="$KEYS/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
}

await_controllers() {
  await 60 kube-controller-manager "the controllers made the default service account" \
    admin get serviceaccount default -n default
  step "the controllers work"
}

etcd_answers() { curl -sf --noproxy '*' "$ETCD_URL/health"; }

start_etcd() {
  launch_etcd
  # Without fsync a crash of the machine may have broken its files. The cluster is made anew then; databases and
  # queues live elsewhere and stay.
  local tries=0
  until etcd_answers >/dev/null 2>&1; do
    tries=$((tries + 1))
    if ! alive etcd && [ -d "$STATE/etcd/member" ] && [ ! -e "$STATE/etcd.broken" ]; then
      loudly "etcd does not start on the files it left, so the cluster starts empty (kept in $STATE/etcd.broken)"
      mv "$STATE/etcd" "$STATE/etcd.broken"
      launch_etcd
    elif ! alive etcd || [ $tries -gt 300 ]; then
      die_with_log "$LOGS/etcd.log" "etcd does not answer at $ETCD_URL" "see the log; is the port taken?"
    fi
    sleep 0.1
  done
  rm -rf "$STATE/etcd.broken"
  step "etcd answers"
}

launch_etcd() {
  start etcd "$BIN/etcd" --name=drover-dev --data-dir="$STATE/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="$ETCD_URL" --advertise-client-urls="$ETCD_URL" \
    --listen-peer-urls=http://127.0.0.1:12380 --initial-advertise-peer-urls=http://127.0.0.1:12380 \
    --initial-cluster=drover-dev=http://127.0.0.1:12380
}

start_api_server() {
  start kube-apiserver -c "$KEYS/tokens.csv" -c "$KEYS/apiserver.crt" "$BIN/kube-apiserver" \
    --etcd-servers="$ETCD_URL" --authorization-mode=Node,RBAC --token-auth-file="$KEYS/tokens.csv" \
    --bind-address="$NODE_IP" --advertise-address="$NODE_IP" --service-cluster-ip-range="$SERVICE_RANGE" \
    --tls-cert-file="$KEYS/apiserver.crt" --tls-private-key-file="$KEYS/apiserver.key" --client-ca-file="$KEYS/ca.crt" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$KEYS/accounts.pub" \
    --service-account-signing-key-file="$KEYS/accounts.key" --allow-privileged \
    --kubelet-client-certificate="$KEYS/kubelet-client.crt" --kubelet-client-key="$KEYS/kubelet-client.key" \
    --kubelet-preferred-address-types=InternalIP --endpoint-reconciler-type=master-count
  await 60 kube-apiserver "the API server is ready at $API_URL" admin get --raw /readyz
  step "kube-apiserver answers"
}
