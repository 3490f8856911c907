# The ways to move rows that are compared. They keep their files in $work.
# shellcheck shell=bash disable=SC2154

pipe() { # SOURCE_TABLE TARGET_TABLE
  psql -XqAt "$LEGACY_URL" -c "COPY bench.$1 TO STDOUT" | psql -XqAt "$TARGET_URL" -c "COPY bench.$2 FROM STDIN"
}

# By a Migration that begins with no pod running; returns when it says that it is Completed.
migrate() { # TABLES, quoted, with commas between
  # shellcheck disable=SC2016
  sed "s/\${TABLES}/$1/; s/\${QUEUE_BYTES}/${QUEUE_BYTES:-32Mi}/" "${MIGRATION:-bench/migration.yaml}" | kubectl apply -f - >/dev/null
  kubectl wait migration/bench --for=condition=Completed --timeout=15m >/dev/null || {
    kubectl describe migration bench >&2
    die "the migration is not complete within 15 minutes; its state is above"
  }
}

forget_migration() { kubectl delete migration bench --wait --timeout=120s >/dev/null; }

have_pgloader() {
  command -v pgloader >/dev/null && return
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgloader; } \
    >"$work/apt.log" 2>&1 && return
  tail -n 3 "$work/apt.log" >&2
  printf '\n  !! pgloader is not here and cannot be installed by apt-get: it is not measured\n\n' >&2
  return 1
}

# From table to table of the same shape, like the others.
run_pgloader() {
  cat >"$work/pgloader.load" <<EOF
LOAD DATABASE
  FROM $LEGACY_URL?sslmode=disable
  INTO $TARGET_URL?sslmode=disable
  WITH data only, workers = 4, concurrency = 1, batch rows = 10000, batch size = 10MB, prefetch rows = 10000
  INCLUDING ONLY TABLE NAMES MATCHING 'rows' IN SCHEMA 'bench';
EOF
  pgloader --root-dir "$work/pgloader" "$work/pgloader.load" >"$work/pgloader.log" 2>&1 || {
    head -n 20 "$work/pgloader.log" | cut -c1-200 >&2
    printf '\n  !! pgloader did not load the table; its log is above: it is not measured\n\n' >&2
    return 1
  }
}
