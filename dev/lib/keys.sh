# Who is who in the cluster: certificates, service-account keys, tokens, and the kubeconfig of each component.
# shellcheck shell=bash

API_URL="https://$NODE_IP:6443"
NODE_NAME=drover-dev

make_keys() {
  [ ! -f "$KEYS/complete" ] || return 0
  rm -rf "$KEYS"
  mkdir -p "$KEYS"
  chmod 700 "$KEYS"
  (
    cd "$KEYS"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=drover-dev \
      -addext keyUsage=critical,keyCertSign,digitalSignature
    certificate apiserver /CN=kube-apiserver serverAuth \
      "subjectAltName=IP:$NODE_IP,IP:$API_SERVICE_IP,IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    certificate kubelet-client /O=system:masters/CN=kube-apiserver clientAuth subjectAltName=DNS:kube-apiserver
    openssl genrsa -out accounts.key 2048
    openssl rsa -in accounts.key -pubout -out accounts.pub
  ) >"$LOGS/keys.log" 2>&1 || die_with_log "$LOGS/keys.log" "making the cluster's keys failed"
  make_identities
  touch "$KEYS/complete"
}

certificate() { # NAME SUBJECT USAGE NAMES
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
    -extfile <(printf '%s\nextendedKeyUsage=%s\n' "$4" "$3")
}

make_identities() {
  : >"$KEYS/tokens.csv"
  identity admin drover-admin system:masters
  identity controller-manager system:kube-controller-manager
  identity scheduler system:kube-scheduler
  identity proxy system:kube-proxy
  identity dns drover-dns system:masters
  identity kubelet "system:node:$NODE_NAME" system:nodes
  cp "$KEYS/admin.kubeconfig" "$STATE/kubeconfig"
}

identity() { # FILE USER [GROUP]
  local token
  token=$(openssl rand -hex 24)
  echo "$token,$2,$2${3:+,\"$3\"}" >>"$KEYS/tokens.csv"
  cat >"$KEYS/$1.kubeconfig" <<EOF
apiVersion: v1
kind: Config
current-context: drover-dev
contexts: [{name: drover-dev, context: {cluster: drover-dev, user: drover-dev}}]
clusters:
  - name: drover-dev
    cluster: {server: "$API_URL", certificate-authority-data: $(base64 -w0 "$KEYS/ca.crt")}
users: [{name: drover-dev, user: {token: $token}}]
EOF
  chmod 600 "$KEYS/$1.kubeconfig"
}
