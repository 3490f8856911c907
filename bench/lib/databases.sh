# What the databases know about a measurement. Both ends of it are theirs, so nothing is polled while it runs: the source
# logs when each reading statement began, the target keeps when each transaction was committed.
# shellcheck shell=bash

sql() { PGOPTIONS='-c client_min_messages=warning' psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Sessions that begin from now on tell the source's log each statement, the time and who sent it.
log_statements() {
  sql "$LEGACY_URL" -c "ALTER SYSTEM SET log_line_prefix = 'at=%n by=%a '" -c "ALTER SYSTEM SET log_statement = 'all'" \
    -c 'SELECT pg_reload_conf()' >/dev/null
}

log_statements_no_more() {
  sql "$LEGACY_URL" -c 'ALTER SYSTEM RESET log_line_prefix' -c 'ALTER SYSTEM RESET log_statement' -c 'SELECT pg_reload_conf()' >/dev/null
}

# When a table of the source was first read since then, not counting the planner's samples: seconds of the epoch.
first_read() { # TABLE SINCE
  kubectl logs legacy-db-0 --since-time="$(date -u -d "@${2%.*}" +%FT%TZ)" |
    awk -v table="\"?bench\"?[.]\"?$1([^a-z]|\$)" -v since="$2" '
      /^at=/ && !/ by=[^ ]*\/plan / && /LOG: .*(COPY|copy|SELECT|select)/ && $0 ~ table {
        at = substr($1, 4)
        if (!first && at + 0 >= since + 0) first = at
      }
      END { print first; exit !first }' || die "the log of legacy-db-0 shows no statement that reads bench.$1 since $2"
}

# When the first and the last of a target's rows were committed: seconds of the epoch.
first_commit() { commit_time min "$1"; }
last_commit() { commit_time max "$1"; }
commit_time() { # min|max TABLE
  sql "$TARGET_URL" -c "SELECT extract(epoch FROM $1(pg_xact_commit_timestamp(x))) FROM (SELECT DISTINCT xmin x FROM bench.$2) t"
}

rows_in() { sql "$TARGET_URL" -c "SELECT count(*) FROM bench.$1"; }

# So that no measurement pays for what was written before it.
quiet() {
  sql "$LEGACY_URL" -c checkpoint
  sql "$TARGET_URL" -c checkpoint
}
