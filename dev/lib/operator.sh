# The project itself: package it, pack its images, install its chart.
# shellcheck shell=bash

# Maven takes seconds even when nothing changed, so it is asked only when a source did.
package_project() {
  if [ ! -x "$PROJECT/mvnw" ] || [ ! -f "$PROJECT/worker/pom.xml" ] || [ ! -f "$PROJECT/operator/pom.xml" ]; then
    loudly "no worker and operator modules (or no mvnw) in $PROJECT yet: they are not packaged"
    return
  fi
  local sources
  sources=$(sources_hash)
  [ "$sources" != "$(cat "$STATE/packaged" 2>/dev/null)" ] || [ ! -d "$WORKER_APP" ] || [ ! -d "$OPERATOR_APP" ] || return 0
  step "packaging worker and operator with Maven"
  (cd "$PROJECT" && ./mvnw -q -DskipUnit -Dspotless.check.skip -pl worker,operator -am package) >"$LOGS/maven.log" 2>&1 ||
    die_with_log "$LOGS/maven.log" "packaging worker and operator failed"
  echo "$sources" >"$STATE/packaged"
  step "packaged"
}

# Sets WORKER_IMAGE and OPERATOR_IMAGE, empty if there are none to be had.
make_project_images() {
  WORKER_IMAGE='' OPERATOR_IMAGE=''
  [ -n "$with_operator" ] || return 0
  package_project
  pack_project_images
}

WORKER_APP="$PROJECT/worker/target/app"
OPERATOR_APP="$PROJECT/operator/target/quarkus-app"

sources_hash() {
  (
    cd "$PROJECT" || exit
    find pom.xml crds wire worker operator -type f -not -path '*/target/*' -not -path '*/src/test/*' -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
  )
}

pack_project_images() {
  if [ ! -d "$WORKER_APP" ] || [ ! -d "$OPERATOR_APP" ]; then
    loudly "$WORKER_APP or $OPERATOR_APP is missing: no images of worker and operator"
    return
  fi
  local root java=/opt/java/bin/java cache cached=()
  root=$(java_root)
  cache=$(worker_cache "$root")
  [ -z "$cache" ] || cached=(-layer "$cache=/app" -entrypoint "-XX:AOTCache=/app/$AOT_CACHE")
  pack WORKER_IMAGE drover/worker -layer "$root" -layer "$WORKER_APP=/app" -user "$NOBODY:$NOBODY" -env JAVA_HOME=/opt/java \
    -env PATH=/opt/java/bin -entrypoint $java "${cached[@]}" -entrypoint -jar -entrypoint "$(basename -a "$WORKER_APP"/drover-worker-*.jar | sed 's|^|/app/|')"
  pack OPERATOR_IMAGE drover/operator -layer "$root" -layer "$OPERATOR_APP=/app" -user "$NOBODY:$NOBODY" -env JAVA_HOME=/opt/java \
    -env PATH=/opt/java/bin -entrypoint $java -entrypoint -jar -entrypoint /app/quarkus-run.jar -port 8080/tcp
  step "images of worker and operator are packed"
}

install_operator() {
  if [ ! -f "$PROJECT/helm/drover/Chart.yaml" ]; then
    loudly "no chart in $PROJECT/helm/drover yet: the operator is not installed"
    return
  fi
  if [ -z "$WORKER_IMAGE" ] || [ -z "$OPERATOR_IMAGE" ]; then
    loudly "no images of worker and operator: the operator is not installed"
    return
  fi
  # Helm installs a chart's crds/ once and never again, so they are applied here, and only here: both would own them.
  if [ -d "$PROJECT/helm/drover/crds" ]; then
    admin apply --server-side --force-conflicts --field-manager=dev-up -f "$PROJECT/helm/drover/crds" \
      >"$LOGS/apply.log" 2>&1 || die_with_log "$LOGS/apply.log" "the cluster refused the CRDs of helm/drover/crds"
  fi
  if ! "$BIN/helm" --kubeconfig "$STATE/kubeconfig" upgrade --install drover "$PROJECT/helm/drover" -n drover-system -f "$DEV/manifests/values.yaml" \
    --skip-crds --set image.operator="$OPERATOR_IMAGE" --set image.worker="$WORKER_IMAGE" --wait --timeout 2m >"$LOGS/helm.log" 2>&1; then
    admin -n drover-system get pods -o wide >&2 || true
    admin -n drover-system get events --sort-by=.lastTimestamp 2>/dev/null | tail -n 12 >&2 || true
    admin -n drover-system logs -l app.kubernetes.io/instance=drover --tail=30 --all-containers >&2 || true
    die_with_log "$LOGS/helm.log" "installing the operator's chart failed" "its pods, events and log are above"
  fi
  step "the operator is installed"
}
