# Tells programs on this machine where everything is: dev/.state/env.
# shellcheck shell=bash

# write_env NATS_HOST:PORT LEGACY_HOST:PORT TARGET_HOST:PORT, as reached from this machine
write_env() {
  local as="$DATABASE_USER:$DATABASE_PASSWORD"
  cat >"$STATE/env.new" <<EOF
export KUBECONFIG=$STATE/kubeconfig
export NATS_URL=nats://$1
export LEGACY_URL=postgresql://$as@$2/legacy
export TARGET_URL=postgresql://$as@$3/target
export LEGACY_JDBC_URL=jdbc:postgresql://legacy-db.default.svc:5432/legacy
export TARGET_JDBC_URL=jdbc:postgresql://target-db.default.svc:5432/target
EOF
  mv "$STATE/env.new" "$STATE/env"
}

service_ip() { admin -n "$1" get service "$2" -o jsonpath='{.spec.clusterIP}'; }

link_psql() {
  ln -sfn "$(installed psql)" "$BIN/psql"
}

check_endpoints() {
  # shellcheck disable=SC1091
  . "$STATE/env"
  local url
  # A pod is ready a moment before kube-proxy leads to it.
  for url in "$LEGACY_URL" "$TARGET_URL"; do
    within 15 database_answers "$url" ||
      die_with_log "$LOGS/psql.log" "the database at ${url##*@} does not answer this machine"
  done
  within 15 nats_answers "${NATS_URL#nats://}" || die "NATS at $NATS_URL does not answer this machine" \
    "kubectl -n drover-system logs nats-0; the rules that lead there: $LOGS/kube-proxy.log"
  step "both databases and NATS answer from here"
}

database_answers() { PGCONNECT_TIMEOUT=5 "$BIN/psql" -XAtc 'select 1' "$1" >"$LOGS/psql.log" 2>&1; }

# A NATS server speaks first.
nats_answers() { # HOST:PORT
  # shellcheck disable=SC2016
  timeout 5 bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1#*:}" && read -r hello <&3 && [[ $hello == INFO* ]]' - "$1" 2>/dev/null
}

within() { # SECONDS COMMAND...
  local limit=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $limit ] || return 1
    sleep 0.1
  done
}
