# What Drover works with: NATS, and a database to migrate from and one to migrate to.
# shellcheck shell=bash

DATABASE_USER=drover
DATABASE_PASSWORD=drover-dev

# Prints a manifest with its ${NAMES} filled in; a line whose storage class is empty goes, so that the default applies.
render() { # FILE NAME=VALUE...
  local file=$1 pair script=()
  shift
  for pair in "$@"; do script+=(-e "s|\${${pair%%=*}}|${pair#*=}|g"); done
  sed "${script[@]}" -e '/storageClassName: *$/d' "$DEV/manifests/$file"
}

apply() { # description; manifest on standard input
  admin apply --server-side --force-conflicts --field-manager=dev-up -f - >"$LOGS/apply.log" 2>&1 ||
    die_with_log "$LOGS/apply.log" "the cluster refused $1"
}

# Volumes outlive the cluster's own memory of them: their folders are only removed by dev/down.
make_volumes() {
  # A volume remembers the claim it was bound to; when that is gone it would refuse its successor.
  admin get persistentvolumes -o jsonpath='{range .items[?(@.status.phase=="Released")]}{.metadata.name}{"\n"}{end}' |
    xargs -r "$BIN/kubectl" --kubeconfig "$STATE/kubeconfig" delete persistentvolume >"$LOGS/volumes.log"
  apply "the storage class" <"$DEV/manifests/storage-class.yaml"
  local server
  for ((server = 0; server < NATS_SERVERS; server++)); do make_volume "nats-$server" drover-system "$NOBODY"; done
  make_volume legacy-db-0 default 999
  make_volume target-db-0 default 999
}

make_volume() { # POD NAMESPACE USER
  mkdir -p "$STATE/volumes/$1"
  chown "$3:$3" "$STATE/volumes/$1"
  render volume.yaml POD="$1" NAMESPACE="$2" VOLUMES="$STATE/volumes" | apply "the volume of $1"
}

# JetStream of one server and that of several keep their streams differently: one does not become the other.
check_nats_servers() {
  local before
  case $NATS_SERVERS in 1 | 3) ;; *) die "NATS_SERVERS is $NATS_SERVERS" "set it to 1 or 3" ;; esac
  before=$(cat "$STATE/nats-servers" 2>/dev/null || echo "$NATS_SERVERS")
  [ "$before" = "$NATS_SERVERS" ] || die "the cluster has $before NATS servers, and NATS_SERVERS is $NATS_SERVERS" "run dev/down first"
  echo "$NATS_SERVERS" >"$STATE/nats-servers"
}

apply_workloads() { # STORAGE_CLASS
  apply "the namespace" <"$DEV/manifests/namespace.yaml"
  local conf=nats.conf
  [ "$NATS_SERVERS" = 1 ] || conf=cluster.conf
  render nats.yaml NATS_IMAGE="$NATS_IMAGE" NATS_SERVERS="$NATS_SERVERS" NATS_CONF=$conf STORAGE_CLASS="$1" | apply "NATS"
  # Where cores are short each gets as it asks for, and to write a row takes more than twice as long as to read it.
  apply_database legacy 150m "$1"
  apply_database target 450m "$1"
}

apply_database() { # NAME CPU STORAGE_CLASS
  render database.yaml NAME="$1-db" DATABASE="$1" CPU="$2" POSTGRES_IMAGE="$POSTGRES_IMAGE" STORAGE_CLASS="$3" \
    USERNAME="$DATABASE_USER" PASSWORD="$DATABASE_PASSWORD" | apply "the database $1-db"
}

# The service accounts of a new namespace appear a moment after it; pods wait for theirs by themselves.
await_workloads() {
  await_rollout drover-system statefulset/nats
  await_rollout default statefulset/legacy-db
  await_rollout default statefulset/target-db
}

await_rollout() { # NAMESPACE OBJECT
  if ! admin -n "$1" rollout status "$2" --timeout=180s >"$LOGS/rollout.log" 2>&1; then
    admin -n "$1" get pods -o wide >&2 || true
    admin -n "$1" get events --sort-by=.lastTimestamp 2>/dev/null | tail -n 12 >&2 || true
    admin -n "$1" logs "$2" --tail=15 >&2 || true
    die "$2 in namespace $1 did not become ready" "its events and log are above; kubectl describe tells more"
  fi
  step "$2 is ready"
}
