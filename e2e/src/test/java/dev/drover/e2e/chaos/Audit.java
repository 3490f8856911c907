package dev.drover.e2e.chaos;

import dev.drover.e2e.chaos.Arrivals.Arrival;
import dev.drover.e2e.chaos.Arrivals.Failure;
import dev.drover.e2e.chaos.Version.Fate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares where the rows of a load stage ended with what must have arrived. Every row ends once:
 * in the target, in the error queue, or at the filter. Used by one thread.
 */
final class Audit {
  private static final int NOWHERE = -1;
  private static final int SHOWN = 20;

  private final String stage;
  private final Map<String, Expectation> expectations;
  private final Set<Integer> rules;
  private final Map<String, short[]> ended = new HashMap<>();
  private final List<String> findings = new ArrayList<>();
  private long loaded;
  private long failed;
  private long lost;
  private long doubled;
  private long wrong;

  /**
   * An audit of a load stage and of what leads to it.
   *
   * @param rules numbers of the rules that were in force at some time
   */
  Audit(String stage, Map<String, Expectation> expectations, Set<Integer> rules) {
    this.stage = stage;
    this.expectations = expectations;
    this.rules = rules;
    expectations.forEach(
        (table, expectation) -> {
          short[] nowhere = new short[expectation.greatestId() + 1];
          java.util.Arrays.fill(nowhere, (short) NOWHERE);
          ended.put(table, nowhere);
        });
  }

  /** A row in the stage's target. */
  void loaded(Arrival row) {
    loaded++;
    Fate fate =
        rules.contains(row.rule()) ? new Version(row.id(), row.rev()).fate(row.rule()) : null;
    boolean fits = fate == Fate.Loaded || (fate == Fate.FailsLoad && !stage.equals("load"));
    end(row, "loaded", fits && row.whole());
  }

  /** A message in the error queue: of this stage, or of the one before. */
  void failed(Failure failure) {
    failed++;
    Arrival record = failure.record();
    Fate due = failure.stage().equals("clean") ? Fate.FailsRule : Fate.FailsLoad;
    Version version = new Version(record.id(), record.rev());
    end(
        record,
        "failed at " + failure.stage(),
        rules.stream().anyMatch(rule -> version.fate(rule) == due));
  }

  private void end(Arrival row, String how, boolean fits) {
    short[] table = ended.get(row.table());
    Expectation expectation = expectations.get(row.table());
    if (row.id() > expectation.greatestId() || !fits || !expectation.allows(row.id(), row.rev())) {
      wrong++;
      find("wrong: " + how + " " + row);
    }
    if (row.id() <= expectation.greatestId()) {
      if (table[row.id()] != NOWHERE) {
        doubled++;
        find("doubled: " + how + " " + row + ", which was there as rev " + table[row.id()]);
      }
      table[row.id()] = (short) row.rev();
    }
  }

  /** After everything was told: looks for rows that ended nowhere though they must have. */
  void finish() {
    ended.forEach(
        (table, rows) -> {
          Expectation expectation = expectations.get(table);
          for (int id = 1; id < rows.length; id++) {
            if (rows[id] == NOWHERE && !expectation.allowsNothing(id, rules)) {
              lost++;
              find("lost: " + table + " " + id);
            }
          }
        });
  }

  /** Rows that another stage behind the same queue got in another version than this one. */
  long differingFrom(Audit other) {
    long differing = 0;
    for (Map.Entry<String, short[]> table : ended.entrySet()) {
      short[] others = other.ended.get(table.getKey());
      for (int id = 0; id < others.length; id++) {
        if (table.getValue()[id] != others[id]) {
          differing++;
          find(
              "differs: %s %d is rev %d at %s and rev %d at %s"
                  .formatted(
                      table.getKey(), id, table.getValue()[id], stage, others[id], other.stage));
        }
      }
    }
    return differing;
  }

  private void find(String finding) {
    if (findings.size() < SHOWN) {
      findings.add(stage + ": " + finding);
    }
  }

  /** The first things that are not as they must be, in words. */
  List<String> findings() {
    return findings;
  }

  long loaded() {
    return loaded;
  }

  long failed() {
    return failed;
  }

  long lost() {
    return lost;
  }

  long doubled() {
    return doubled;
  }

  long wrong() {
    return wrong;
  }
}
