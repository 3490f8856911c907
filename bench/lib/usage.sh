# What processes of this machine's pods use. Empty where the pods are another machine's.
# shellcheck shell=bash

# Notes the processor time of each pod every 0.2 s in FILE, as "time uid nanoseconds", the machine's own as uid
# "machine"; and each second in FILE.names what the worker pods do, their peak memory, and how long they run: "uid stage
# MiB ticks uptime time", where ticks of 10 ms went by from the machine's start to the process'. It starts no process while
# it measures, for it would be measured with the rest.
watch_usage() { # FILE
  local file uid used unit word busy tick=0 never
  set +e # pods and processes come and go between two looks
  exec {never}<> <(:)
  : >"$1"
  : >"$1.names"
  while :; do
    for file in /sys/fs/cgroup/cpuacct/kubepods/{,*/}pod*/cpuacct.usage /sys/fs/cgroup/kubepods/{,*/}pod*/cpu.stat; do
      read -r word used <"$file" || continue
      unit=000
      [ "$word" = usage_usec ] || { used=$word unit=''; }
      uid=${file%/*}
      echo "$EPOCHREALTIME ${uid##*/pod} $used$unit"
    done >>"$1" 2>/dev/null
    # user nice system idle iowait irq softirq steal, in hundredths of a second
    read -ra busy </proc/stat
    echo "$EPOCHREALTIME machine $((busy[1] + busy[2] + busy[3] + busy[6] + busy[7]))0000000" >>"$1"
    [ $((tick++ % 5)) != 0 ] || note_workers >>"$1.names" 2>/dev/null
    read -rt 0.2 -u "$never"
  done
}

note_workers() {
  local procs pid uid word stage peak stat uptime
  for procs in /sys/fs/cgroup/{cpuacct/,}kubepods/{,*/}pod*/*/cgroup.procs; do
    uid=${procs%/*/*}
    [ -e "$procs" ] || continue
    while read -r pid; do
      read -r word <"/proc/$pid/comm"
      [ "$word" = java ] || continue
      stage=''
      while IFS= read -rd '' word; do
        case $word in DROVER_STAGE=*) stage=${word#*=} ;; esac
      done <"/proc/$pid/environ"
      [ -n "$stage" ] || continue
      while read -r word peak _; do
        [ "$word" != VmHWM: ] || break
      done <"/proc/$pid/status"
      read -ra stat <"/proc/$pid/stat" || continue
      read -r uptime _ </proc/uptime
      echo "${uid##*/pod} $stage $((peak / 1024)) ${stat[21]} $uptime $EPOCHREALTIME"
    done <"$procs"
  done
}

# Prints "uid name" of every pod that counts.
pod_names() { # FILE
  kubectl get pods -A -o jsonpath='{range .items[*]}{.metadata.uid} {.metadata.name} {.metadata.namespace}{"\n"}{end}' |
    awk '$2=="legacy-db-0"{print $1, "source"} $2=="target-db-0"{print $1, "target"} $2=="nats-0"{print $1, "nats"}
      $3=="drover-system" && $2!="nats-0"{print $1, "operator"}'
  awk '{print $1, $2}' "$1.names" | sort -u
}

# Prints "name seconds" of processor time between two times, of each process by the name of what it does.
usage_between() { # FILE FROM TO
  pod_names "$1" | awk -v from="$2" -v to="$3" '
    naming { name[$1] = $2; next }
    # What was used up to a time, on a straight line between the notes before and behind it.
    function at(when, uid) {
      if (!(uid in seen)) return 0
      return last[uid] + ($3 - last[uid]) * (when - seen[uid]) / ($1 - seen[uid])
    }
    {
      uid = $2
      if (!(uid in begin) && $1 >= from) begin[uid] = at(from, uid)
      if (!(uid in end) && $1 >= to) end[uid] = at(to, uid)
      seen[uid] = $1; last[uid] = $3
    }
    END {
      for (uid in begin) {
        used = ((uid in end ? end[uid] : last[uid]) - begin[uid]) / 1e9
        if (uid == "machine") all = used
        else if (uid in name) { sum[name[uid]] += used; counted += used }
      }
      for (n in sum) print n, sum[n]
      if (all) print "others", all - counted
    }' naming=1 - naming=0 "$1"
}

# Prints "stage MiB", the highest peak of each stage's workers.
peaks() { # FILE
  awk '$3 > peak[$2] { peak[$2] = $3 } END { for (s in peak) print s, peak[s] }' "$1.names"
}

# When the first of the workers began: seconds of the epoch.
workers_began() { # FILE
  awk '{ at = $6 - $5 + $4 / 100; if (!first || at < first) first = at } END { printf "%.2f", first }' "$1.names"
}
