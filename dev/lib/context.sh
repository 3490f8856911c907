# A cluster that is already there, named by a kubeconfig context, instead of one of our own.
# shellcheck shell=bash

join_context() { # CONTEXT
  local context=$1 port=15430
  ! alive kube-apiserver || die "the cluster of our own runs" "run dev/down first"
  use_program kubectl kubernetes/kubectl
  use_program helm helm/helm
  installed psql >/dev/null || die "psql is missing on this machine" "install PostgreSQL's client programs"
  "$BIN/kubectl" config view --minify --flatten --context "$context" >"$STATE/kubeconfig.new" 2>"$LOGS/context.log" ||
    die_with_log "$LOGS/context.log" "there is no context '$context'" "one of: $("$BIN/kubectl" config get-contexts -o name | xargs)"
  mv "$STATE/kubeconfig.new" "$STATE/kubeconfig"
  chmod 600 "$STATE/kubeconfig"
  echo "$context" >"$STATE/context"
  admin get --raw /readyz >"$LOGS/context.log" 2>&1 ||
    die_with_log "$LOGS/context.log" "the cluster of context '$context' does not answer"
  step "the cluster of context '$context' answers"

  NATS_IMAGE=${DROVER_NATS_IMAGE:-nats:2.12-alpine}
  POSTGRES_IMAGE=${DROVER_POSTGRES_IMAGE:-postgres:18}
  project_images "$context"
  apply_workloads "${DROVER_STORAGE_CLASS:-}"
  await_workloads
  forward nats-forward drover-system nats $port:4222
  forward legacy-db-forward default legacy-db $((port + 1)):5432
  forward target-db-forward default target-db $((port + 2)):5432
  write_env 127.0.0.1:$port 127.0.0.1:$((port + 1)) 127.0.0.1:$((port + 2))
}

# Takes a program of this machine, else builds ours.
use_program() { # NAME PART
  local found
  if found=$(installed "$1"); then
    ln -sfn "$found" "$BIN/$1"
  else
    "$DEV/parts/build" "$2"
  fi
}

# The worker and the operator: loaded into kind, or pushed by you to where your cluster pulls from.
project_images() { # CONTEXT
  WORKER_IMAGE='' OPERATOR_IMAGE=''
  [ -n "$with_operator" ] || return 0
  if [ -n "${DROVER_WORKER_IMAGE:-}" ] && [ -n "${DROVER_OPERATOR_IMAGE:-}" ]; then
    WORKER_IMAGE=$DROVER_WORKER_IMAGE OPERATOR_IMAGE=$DROVER_OPERATOR_IMAGE
    return
  fi
  build_tools
  make_project_images
  [ -n "$WORKER_IMAGE" ] || return 0
  case $1 in
    kind-*)
      local reference
      for reference in "$WORKER_IMAGE" "$OPERATOR_IMAGE"; do
        kind load image-archive "$(archive_of "$reference")" --name "${1#kind-}" >"$LOGS/import.log" 2>&1 ||
          die_with_log "$LOGS/import.log" "kind could not load $reference"
        step "loaded $reference into kind"
      done
      ;;
    *)
      die "the images of worker and operator cannot be loaded into the cluster of context '$1'" \
        "push $(archive_of "$WORKER_IMAGE") and $(archive_of "$OPERATOR_IMAGE") to a registry it pulls from,
         and set DROVER_WORKER_IMAGE and DROVER_OPERATOR_IMAGE to their names there"
      ;;
  esac
}

# A forward ends when its pod does; this one comes back, so that tests may restart databases.
forward() { # PROCESS NAMESPACE SERVICE PORTS
  start "$1" bash "$DEV/lib/forward" "$BIN/kubectl" "$STATE/kubeconfig" "$2" "$3" "$4"
  await 30 "$1" "port ${4%:*} leads to $3" bash -c "exec 3<>/dev/tcp/127.0.0.1/${4%:*}"
  step "127.0.0.1:${4%:*} leads to $3"
}

leave_context() {
  local name
  for name in nats-forward legacy-db-forward target-db-forward; do stop "$name"; done
  if admin get --raw /readyz >/dev/null 2>&1; then
    "$BIN/helm" --kubeconfig "$STATE/kubeconfig" uninstall drover -n drover-system --ignore-not-found --wait \
      >"$LOGS/helm.log" 2>&1 || loudly "helm uninstall failed, see $LOGS/helm.log"
    admin -n default delete --ignore-not-found statefulset,service,secret legacy-db target-db >/dev/null
    admin -n default delete --ignore-not-found pvc data-legacy-db-0 data-target-db-0 >/dev/null
    admin delete --ignore-not-found namespace drover-system >/dev/null
    step "removed what dev/up installed in context '$(cat "$STATE/context")'"
  else
    loudly "the cluster of context '$(cat "$STATE/context")' does not answer: nothing was removed from it"
  fi
}
