# Reads lines "run what key value"; prints tables of medians and writes the figures into the file `result`.
{ value[$1, $2, $3] = $4; if ($3 ~ /^cpu\./) processes[substr($3, 5)]; if ($2 == "peak") stages[$3] }

function median(what, key,    run, n, list) {
  for (run = 1; run <= runs; run++) if ((run, what, key) in value) list[++n] = value[run, what, key]
  return middle(list, n)
}

# The median over the runs of how much faster one was than the other in the same run.
function ratio(what, than,    run, n, list) {
  for (run = 1; run <= runs; run++)
    if ((run, what, "seconds") in value && (run, than, "seconds") in value)
      list[++n] = value[run, than, "seconds"] / value[run, what, "seconds"]
  return middle(list, n)
}

function middle(list, n,    i, j, x) {
  if (!n) return ""
  for (i = 2; i <= n; i++) {
    x = list[i]
    for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
    list[j + 1] = x
  }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function peak(    run, stage, most) {
  for (run = 1; run <= runs; run++) for (stage in stages) if (value[run, "peak", stage] > most) most = value[run, "peak", stage]
  return most
}

function figure(name, format, number) {
  if (number == "") return
  figures = figures sprintf("%s\n    \"%s\": " format, figures == "" ? "" : ",", name, number)
}

function shown(format, number) { return number == "" ? "-" : sprintf(format, number) }

END {
  count = split("copy warm present dirty cold pgloader", order, " ")
  title["copy"] = "COPY pipe, text"
  title["warm"] = "chain, warm"
  title["present"] = "chain, warm, every row there"
  title["dirty"] = "chain, warm, 1 % failing"
  title["cold"] = "chain, cold"
  title["pgloader"] = "pgloader"
  printf "\n%-30s %10s %9s %8s %9s\n", rows " rows, medians of " runs, "rows/s", "seconds", "to COPY", "to clean"
  for (i = 1; i <= count; i++) {
    what = order[i]
    seconds = median(what, "seconds")
    if (seconds == "") continue
    printf "%-30s %10.0f %9.2f %8.3f %9s\n", title[what], rows / seconds, seconds, ratio(what, "copy"),
      what ~ /present|dirty/ ? shown("%.3f", ratio(what, "warm")) : ""
  }

  columns = split("source target nats read clean load operator others", column, " ")
  printf "\n%-30s", "cpu-seconds per million rows"
  for (c = 1; c <= columns; c++) printf " %8s", column[c]
  printf " %8s\n", "all"
  for (i = 1; i <= count; i++) {
    what = order[i]
    if (median(what, "seconds") == "" || median(what, "cpu.others") == "") continue
    printf "%-30s", title[what]
    sum = 0
    for (c = 1; c <= columns; c++) {
      used = median(what, "cpu." column[c])
      sum += used
      printf " %8s", shown("%.2f", used == "" ? "" : used / rows * 1e6)
    }
    printf " %8.2f\n", sum / rows * 1e6
  }
  print "(others: psql or pgloader, the control plane, and whatever else this machine does)"

  if (peak() != "") {
    printf "\npeak MiB of a worker:"
    for (c = 1; c <= columns; c++) if (column[c] in stages) printf " %s %d", column[c], median("peak", column[c])
    print ""
  }
  if (median("start", "first_row_s") != "")
    printf "cold, from kubectl apply: first row committed after %.2f s (%s s after a worker\047s process began), Completed after %.2f s\n",
      median("start", "first_row_s"), shown("%.2f", median("start", "worker_to_first_row_s")), median("start", "completed_s")
  print ""

  figure("rows", "%d", rows)
  figure("runs", "%d", runs)
  figure("copy_rows_per_s", "%.0f", rows / median("copy", "seconds"))
  if (median("warm", "seconds") != "") figure("chain_rows_per_s", "%.0f", rows / median("warm", "seconds"))
  figure("chain_to_copy_ratio", "%.3f", ratio("warm", "copy"))
  figure("cold_chain_to_copy_ratio", "%.3f", ratio("cold", "copy"))
  figure("chain_to_pgloader_ratio", "%.3f", ratio("warm", "pgloader"))
  figure("failing_1pct_to_clean_ratio", "%.3f", ratio("dirty", "warm"))
  figure("upsert_all_exist_to_clean_ratio", "%.3f", ratio("present", "warm"))
  figure("first_row_s", "%.2f", median("start", "first_row_s"))
  figure("worker_to_first_row_s", "%.2f", median("start", "worker_to_first_row_s"))
  figure("completed_s", "%.2f", median("start", "completed_s"))
  figure("worker_peak_mib", "%d", peak())
  printf "{\n  \"figures\": {%s\n  }\n}\n", figures > result
}
