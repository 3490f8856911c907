# Finds a JDK of version 25 or newer: JAVA_HOME if it is one, else an installed one, 25 by preference.
# shellcheck shell=bash

java_version() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true; }

# Prints the JDK's folder, or fails with nothing printed.
java_home() {
  local candidate version
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25* /usr/lib/jvm/*; do
    version=$(java_version "$candidate")
    if [ "${version:-0}" -ge 25 ] && [ -x "$candidate/bin/javac" ] && [ -x "$candidate/bin/jlink" ]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}
