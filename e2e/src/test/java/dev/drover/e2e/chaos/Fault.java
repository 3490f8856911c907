package dev.drover.e2e.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Something that goes wrong.
 *
 * @param kind what happens
 * @param victim to whom: a stage, operator, nats or target
 * @param peer of a worker or the operator, the server it cannot reach well: nats, legacy or target;
 *     for a server: everybody
 * @param lasting for how long; a kill is over at once
 * @param before the pause since the fault before began; faults may overlap
 */
record Fault(Kind kind, String victim, String peer, Duration lasting, Duration before) {
  /** What can happen. */
  enum Kind {
    /** SIGKILL to all processes of a pod, which is replaced. */
    Kill,
    /** Packets vanish: neither side is told. */
    Cut,
    /** Packets are answered with a reset, so that connections break. */
    Reset,
    /** A narrow line. */
    Slow,
    /** Some packets vanish. */
    Lossy
  }

  static final String EVERYBODY = "everybody";

  private static final List<String> SERVERS = List.of("nats", "target");

  /** How often each may be met, of their sum. */
  private record Chance(int weight, Kind kind, List<String> victims) {}

  private static final List<Chance> CHANCES =
      List.of(
          new Chance(40, Kind.Kill, List.of("read", "clean", "load", "archive")),
          new Chance(8, Kind.Kill, List.of("operator")),
          new Chance(14, Kind.Kill, SERVERS),
          new Chance(14, Kind.Cut, List.of("read", "clean", "load", "archive", "operator")),
          new Chance(4, Kind.Cut, SERVERS),
          new Chance(10, Kind.Reset, List.of("read", "clean", "load", "archive", "operator")),
          new Chance(4, Kind.Reset, SERVERS),
          new Chance(8, Kind.Slow, List.of("read", "clean", "load", "archive", "nats", "target")),
          new Chance(4, Kind.Lossy, List.of("read", "clean", "load", "nats", "target")));

  /** Besides, where there are several servers of which one may be missing. */
  private static final Chance ONE_OF_SEVERAL = new Chance(24, Kind.Kill, List.of("nats"));

  /**
   * The faults of a seed: always the same. Pure.
   *
   * @param natsServers how many servers NATS has
   */
  static List<Fault> of(long seed, int count, int natsServers) {
    Random random = new Random(seed);
    List<Chance> chances = new ArrayList<>(CHANCES);
    if (natsServers > 1) {
      chances.add(ONE_OF_SEVERAL);
    }
    int weights = chances.stream().mapToInt(Chance::weight).sum();
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = random.nextInt(weights);
      int chosen = 0;
      while (at >= chances.get(chosen).weight()) {
        at -= chances.get(chosen++).weight();
      }
      Chance chance = chances.get(chosen);
      String victim = chance.victims().get(random.nextInt(chance.victims().size()));
      faults.add(
          new Fault(
              chance.kind(),
              victim,
              peer(victim, random),
              lasting(chance.kind(), random),
              Duration.ofMillis(1_000 + random.nextInt(3_500))));
    }
    return faults;
  }

  private static String peer(String victim, Random random) {
    boolean database = random.nextBoolean();
    return switch (victim) {
      case "read" -> database ? "legacy" : "nats";
      case "load", "archive" -> database ? "target" : "nats";
      case "clean", "operator" -> "nats";
      default -> EVERYBODY;
    };
  }

  /** One cut in eight outlasts the time after which NATS delivers a message once more, 20 s. */
  private static Duration lasting(Kind kind, Random random) {
    int some = 1_000 + random.nextInt(7_000);
    boolean few = random.nextInt(8) == 0;
    return switch (kind) {
      case Kill -> Duration.ZERO;
      case Cut -> Duration.ofMillis(few ? 25_000 : some);
      case Reset -> Duration.ofMillis(some / 3);
      case Slow, Lossy -> Duration.ofMillis(some + 2_000);
    };
  }

  @Override
  public String toString() {
    return kind == Kind.Kill
        ? "kill " + victim
        : "%s %s to %s for %.1f s"
            .formatted(
                kind.name().toLowerCase(java.util.Locale.ROOT),
                victim,
                peer,
                lasting.toMillis() / 1000.0);
  }
}
