package dev.drover.e2e.caps;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a server said of its sessions, answer by answer, and whether that was within the cap in
 * force. A raised cap is in force at once. One that is lowered is in force from the first answer
 * with no more sessions than it allows, once the workers know of it; until then the one before is,
 * and as soon as the workers know nobody may open another session. Times are nanoseconds of one
 * clock. Thread-safe; reads no clock.
 */
final class SessionRecord {
  /** The most answers that were against the rule whose sessions are kept. */
  private static final int KEPT = 20;

  /**
   * A cap that was lowered.
   *
   * @param cap what it is to be
   * @param accepted when the edit was
   * @param known from when on all workers know of it
   */
  private record Lowering(int cap, long accepted, long known) {}

  private final List<String> findings = new ArrayList<>();
  private int cap;
  private int capBefore;
  private long raisedAt;
  private @Nullable Lowering lowering;
  private long longestLowering;
  private Map<Integer, String> last = Map.of();
  private long lastAt;
  private long firstAt;
  private long samples;
  private long over;
  private int peak;
  private long longestGap;

  /** A record under a cap. */
  SessionRecord(int cap) {
    this.cap = cap;
    this.capBefore = cap;
    this.raisedAt = Long.MIN_VALUE;
  }

  /**
   * Takes an answer down.
   *
   * @param asked when the server was asked
   * @param sessions by the number of their processes, with what else is to be told of them
   */
  synchronized void sample(long asked, Map<Integer, String> sessions) {
    if (samples == 0) {
      firstAt = asked;
    } else {
      longestGap = Math.max(longestGap, asked - lastAt);
    }
    samples++;
    peak = Math.max(peak, sessions.size());
    boolean opened = lower(asked, sessions);
    int most = asked < raisedAt ? capBefore : cap;
    if (opened || sessions.size() > most) {
      over++;
      if (findings.size() < KEPT) {
        findings.add(
            (opened ? "opened while the cap is lowered: " : most + " < ")
                + new TreeMap<>(sessions));
      }
    }
    last = Map.copyOf(sessions);
    lastAt = asked;
  }

  /** Returns whether a session was opened before those above the lowered cap were given back. */
  private boolean lower(long asked, Map<Integer, String> sessions) {
    Lowering now = lowering;
    if (now == null || asked < now.known()) {
      return false;
    }
    if (sessions.size() > now.cap()) {
      return !last.keySet().containsAll(sessions.keySet());
    }
    cap = now.cap();
    longestLowering = Math.max(longestLowering, asked - now.accepted());
    lowering = null;
    return false;
  }

  /** To be called before a cap is raised by an edit. */
  synchronized void raise(int to, long at) {
    capBefore = cap;
    cap = to;
    raisedAt = at;
    lowering = null;
  }

  /**
   * To be called after a cap was lowered by an edit.
   *
   * @param accepted when the edit was
   * @param known from when on all workers know of it
   */
  synchronized void lower(int to, long accepted, long known) {
    lowering = new Lowering(to, accepted, known);
  }

  /** The cap in force. */
  synchronized int cap() {
    return cap;
  }

  /** Sessions by the last answer. */
  synchronized Map<Integer, String> now() {
    return last;
  }

  /** The most sessions that any answer had. */
  synchronized int peak() {
    return peak;
  }

  /** Answers that were against the rule. */
  synchronized long over() {
    return over;
  }

  /** What the first answers said that were against the rule. */
  synchronized List<String> findings() {
    return List.copyOf(findings);
  }

  synchronized long samples() {
    return samples;
  }

  /** The longest time between two questions. */
  synchronized Duration longestGap() {
    return Duration.ofNanos(longestGap);
  }

  /** From the first question to the last. */
  synchronized Duration length() {
    return Duration.ofNanos(samples == 0 ? 0 : lastAt - firstAt);
  }

  /** The longest time from an edit that lowered the cap until that was in force. */
  synchronized Duration longestLowering() {
    return Duration.ofNanos(longestLowering);
  }

  /** The processes of sessions of which something is told. */
  synchronized Set<Integer> nowWith(String text) {
    TreeMap<Integer, String> found = new TreeMap<>(last);
    found.values().removeIf(told -> !told.contains(text));
    return Set.copyOf(found.keySet());
  }
}
