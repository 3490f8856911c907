# Takes away what a cluster leaves, running or dead, and lists what would be left.
# shellcheck shell=bash

# Of a process that may be gone by now.
command_line() { { tr '\0' ' ' <"$1"; } 2>/dev/null || true; }

# Shims outlive containerd. Ours are known by the socket they were told to report to.
our_shims() {
  local cmdline
  for cmdline in /proc/[0-9]*/cmdline; do
    if command_line "$cmdline" | grep -qE "containerd-shim-runc-v2 .*-address $CONTAINERD_SOCKET( |$)"; then
      cut -d/ -f3 <<<"$cmdline"
    fi
  done
}

# Processes of pods, by the cgroups kubelet put them in; the shims themselves are not among them.
pod_processes() { pod_cgroups -name cgroup.procs -exec cat {} + | sort -un; }

# The roots that kubelet makes, one for each controller of version 1. Deeper ones would be of a node in a container.
pod_cgroups() { # FIND_ARGUMENTS...
  local root
  for root in /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods; do
    [ ! -d "$root" ] || find "$root" "$@" 2>/dev/null || true
  done
}

# Mounts below our folders, the innermost first.
our_mounts() {
  awk -v a="$STATE/" -v b="$RUN/" 'index($2, a) == 1 || index($2, b) == 1 { print $2 }' /proc/self/mounts | tac
}

remove_cgroups() {
  local cgroup
  pod_cgroups -depth -type d | while read -r cgroup; do rmdir "$cgroup" 2>/dev/null || true; done
}

kill_pods() {
  local pid pids
  for pid in $(our_shims); do kill -KILL "$pid" 2>/dev/null || true; done
  for _ in {1..100}; do
    pids=$(pod_processes)
    [ -n "$pids" ] || return 0
    for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
    sleep 0.05
  done
}

unmount_all() {
  local mount
  our_mounts | while read -r mount; do
    mount=$(printf %b "$mount")
    umount "$mount" 2>/dev/null || umount -l "$mount" || loudly "could not unmount $mount"
  done
}

# Of a node whose containers are all dead: nothing of it can be taken up again, so the next one starts on clean ground.
clean_dead_node() {
  ! alive containerd || return 0
  [ -z "$(our_shims)" ] || return 0
  kill_pods
  unmount_all
  remove_shim_sockets
  remove_strays
  # Each pod had its own chain of address translation.
  remove_chains iptables CNI '^$'
  rm -rf "$RUN/containerd" "$RUN/runc" "$CONTAINERD_SOCKET" "$CONTAINERD_SOCKET.ttrpc" "$STATE/cni/leases"
  remove_cgroups
}

# Shims put their sockets into a folder that all containerds of a machine share; a bundle names its own.
remove_shim_sockets() {
  local address
  [ -d "$RUN/containerd" ] || return 0
  { grep -rhoE --include=bootstrap.json --include=address '/run/containerd/s/[0-9a-f]+' "$RUN/containerd" 2>/dev/null || true; } |
    while read -r address; do rm -f "$address"; done
}

remove_strays() {
  local stray
  our_strays | while read -r stray; do rm -f "$stray"; done
  # Empty folders only: they may be somebody else's.
  rmdir /var/log/containers /var/lib/cni/results /var/lib/cni /var/lib/kubelet/device-plugins /var/lib/kubelet \
    /run/containerd/s /run/containerd /run/netns 2>/dev/null || true
}

# Files that kubelet and the CNI plugins put where no setting can move them.
our_strays() {
  find /var/log/containers -maxdepth 1 -lname "$STATE/*" 2>/dev/null || true
  local result
  for result in /var/lib/cni/results/drover-dev-*; do
    [ ! -e "$result" ] || printf '%s\n' "$result" "$(sed 's/drover-dev-/cni-loopback-/; s/-eth0$/-lo/' <<<"$result")"
  done
  [ ! -S /var/lib/kubelet/device-plugins/kubelet.sock ] || runs kubelet ||
    echo /var/lib/kubelet/device-plugins/kubelet.sock
}

# Any process still about that was started with our files. dev/.state/bin alone does not make it ours: tests run
# servers from there.
our_processes() {
  local cmdline text
  for cmdline in /proc/[0-9]*/cmdline; do
    text=$(command_line "$cmdline")
    if grep -qE "$STATE/(keys|config|etcd|containerd|kubelet|kubeconfig)" <<<"$text"; then
      printf '%s %s\n' "$(cut -d/ -f3 <<<"$cmdline")" "${text:0:120}"
    fi
  done
}

# One line for each thing that a cluster left behind.
leftovers() {
  local pid tool folder
  our_processes | sed 's/^/process /'
  [ ! -e "$PIDS" ] || echo "folder $PIDS"
  # All else belongs to the one cluster of this machine, which may be another's.
  [ -z "$(other_owner)" ] && ! foreign_node || return 0
  for pid in $(our_shims); do echo "process $pid (containerd's shim)"; done
  for pid in $(pod_processes); do echo "process of a pod $pid"; done
  our_mounts | sed 's/^/mount /'
  pod_cgroups -type d | sed 's/^/cgroup /'
  our_strays | sed 's/^/file /'
  ! ip link show "$BRIDGE" >/dev/null 2>&1 || echo "interface $BRIDGE"
  ip route show "$SERVICE_RANGE" | sed 's/^/route /'
  for tool in iptables ip6tables; do our_rules $tool | sed "s/^/$tool /"; done
  for folder in "$RUN" "$STATE/etcd" "$STATE/containerd" "$STATE/kubelet" "$STATE/cni" "$STATE/volumes"; do
    [ ! -e "$folder" ] || echo "folder $folder"
  done
  return 0
}
