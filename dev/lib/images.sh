# Container images without a container engine: folders put together here, packed by dev/images/imagetar.
# shellcheck shell=bash

TOOLS="$STATE/tools"
NOBODY=65532

build_tools() {
  mkdir -p "$TOOLS" "$LOGS"
  (cd "$DEV/images" && CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" GOWORK=off go build -o "$TOOLS/" -ldflags "-s -w" ./...) \
    >"$LOGS/images-tools.log" 2>&1 || die_with_log "$LOGS/images-tools.log" "building the programs of dev/images failed"
}

# pack VARIABLE REPOSITORY OPTIONS...: packs an image, sets VARIABLE to its reference and records it in images.env.
pack() {
  local variable=$1 repository=$2 reference
  shift 2
  mkdir -p "$STATE/images"
  reference=$("$TOOLS/imagetar" -name "$repository" -into "$STATE/images" "$@") || die "packing the image $repository failed"
  find "$STATE/images" -name "$(archive_stem "$repository")-*" ! -path "$(archive_of "$reference")" -delete
  printf -v "$variable" %s "$reference"
  touch "$STATE/images.env"
  { grep -v "^$variable=" "$STATE/images.env" || true; echo "$variable=$reference"; } | sort >"$STATE/images.env.new"
  mv "$STATE/images.env.new" "$STATE/images.env"
}

archive_stem() { echo "${1//\//-}"; }
archive_of() { echo "$STATE/images/$(archive_stem "${1%:*}")-${1##*:}.tar"; }

pack_base_images() {
  local pause nats postgres pgserve
  build_tools
  pause=$(pause_root)
  nats=$(nats_root)
  postgres=$(postgres_root)
  pgserve=$(pgserve_root)
  pack PAUSE_IMAGE drover/pause -layer "$pause" -entrypoint /pause -user "$NOBODY:$NOBODY"
  pack NATS_IMAGE drover/nats -layer "$nats" -entrypoint /nats-server -user "$NOBODY:$NOBODY" -port 4222/tcp -port 8222/tcp
  pack POSTGRES_IMAGE drover/postgres -layer "$postgres" -layer "$pgserve" -entrypoint /opt/postgres/bin/pgserve \
    -env PATH=/opt/postgres/bin:/bin -user 999:999 -port 5432/tcp -stop-signal SIGINT
}

# Into the node's containerd, unless it is there.
import_images() {
  local reference have
  have=$(ctr images ls -q 2>/dev/null)
  for reference in "$@"; do
    ! grep -qxF "docker.io/$reference" <<<"$have" || continue
    ctr images import "$(archive_of "$reference")" >"$LOGS/import.log" 2>&1 ||
      die_with_log "$LOGS/import.log" "importing the image $reference into containerd failed"
    step "imported $reference"
  done
}
