# The worker's ahead-of-time cache (JEP 483, 514, 515): what its JVM loaded, linked and profiled while it rehearsed a
# small chain, so that a pod starts with it. It fits the very files of the image alone, and a JVM that it does not fit says
# so and starts without.
# shellcheck shell=bash

AOT_CACHE=worker.aot

# Prints the folder that holds the cache, or nothing if there can be none; made once for each application and runtime.
worker_cache() { # JAVA_ROOT
  local kept="$PROJECT/worker/target/aot" made_of
  made_of=$({ worker_java_options && echo "$1" && cd "$WORKER_APP" && sha256sum -- *.jar && cat "$DEV/lib/aot.sh"; } | sha256sum)
  if [ "$made_of" != "$(cat "$kept.made-of" 2>/dev/null)" ] || [ ! -f "$kept/$AOT_CACHE" ]; then
    rm -rf "$kept" "$kept.made-of"
    if ! (rehearse "$1") >"$LOGS/rehearsal.log" 2>&1; then
      tail -n 5 "$LOGS/rehearsal.log" | cut -c1-400 >&2
      loudly "the worker could not rehearse ($LOGS/rehearsal.log): its image has no ahead-of-time cache, pods start slower"
      return 0
    fi
    mkdir -p "$kept"
    mv "$STATE/rehearsal/$AOT_CACHE" "$kept/"
    rm -rf "$STATE/rehearsal"
    echo "$made_of" >"$kept.made-of"
    step "the worker has rehearsed; its ahead-of-time cache has $(($(stat -c %s "$kept/$AOT_CACHE") / 1048576)) MiB" >&2
  fi
  echo "$kept"
}

# Those that pods get: the cache holds objects in a form that not every collector takes.
worker_java_options() {
  awk '/^[a-z]/ { worker = /^worker:/ } worker && sub(/^ *javaOptions: */, "")' "$PROJECT/helm/drover/values.yaml"
}

# Runs the worker's own files, dated as in the image, against a NATS server and a database that end with it. Called where
# a failure does not end the script.
rehearse() { # JAVA_ROOT
  local home="$STATE/rehearsal" postgres nats_port=$((20000 + RANDOM % 10000))
  local database_port=$((nats_port + 1)) as=()
  trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
  rm -rf "$home"
  mkdir -p "$home/secrets/database"
  cp -r "$1/opt/java" "$home/java"
  cp -r "$WORKER_APP" "$home/app"
  find "$home/java" "$home/app" -exec touch -h -d @0 {} +
  printf postgres >"$home/secrets/database/username"
  printf none >"$home/secrets/database/password"

  "$DEV/parts/build" nats-server
  "$BIN/nats-server" -a 127.0.0.1 -p "$nats_port" -js -sd "$home/nats" &
  postgres="$(postgres_root)/opt/postgres"
  # PostgreSQL refuses to run as root; in a namespace of its own it does not know that it does.
  [ "$(id -u)" != 0 ] || as=(unshare --user)
  export LD_LIBRARY_PATH="$postgres/lib"
  "${as[@]}" "$postgres/bin/initdb" -D "$home/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
    --no-sync --no-instructions || return
  "${as[@]}" "$postgres/bin/postgres" -D "$home/data" -c listen_addresses=127.0.0.1 -c port="$database_port" \
    -c unix_socket_directories= -c fsync=off -c autovacuum=off &
  unset LD_LIBRARY_PATH
  within 20 listens "$nats_port" || return
  within 20 listens "$database_port" || return

  NATS_URL="nats://127.0.0.1:$nats_port" DROVER_REHEARSAL_JDBC_URL="jdbc:postgresql://127.0.0.1:$database_port/postgres" \
    DROVER_SECRETS="$home/secrets" JAVA_TOOL_OPTIONS="$(worker_java_options)" \
    timeout 180 "$home/java/bin/java" -Xmx192m -XX:AOTCacheOutput="$home/$AOT_CACHE" -jar "$home"/app/drover-worker-*.jar rehearse || return
  [ -s "$home/$AOT_CACHE" ]
}

listens() { # PORT
  # shellcheck disable=SC2016
  bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' - "$1" 2>/dev/null
}
