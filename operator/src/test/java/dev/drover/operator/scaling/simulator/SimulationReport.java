package dev.drover.operator.scaling.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * Run by {@code make simulate}: every scenario under every rule, printed, drawn on a page, and kept
 * as a table beside the bench's results. The same code gives the same figures on any machine.
 */
class SimulationReport {
  private static final Path PAGE = Path.of("target/simulation/index.html");
  private static final Path TABLE = Path.of("../bench/results/simulation.md");

  /** Two decisions of ours apart is the same time. */
  private static final double SAME_SECONDS = 4;

  private static final List<Function<Scenario, Autoscaler>> RULES =
      List.of(
          s -> new DroverAutoscaler(Map.of()),
          s -> new LagThresholdAutoscaler(s::perWorker, 30),
          s -> new LagThresholdAutoscaler(s::perWorker, 10),
          s -> new RateStepAutoscaler());

  @Test
  void every_scenario_is_run_by_every_rule_printed_and_drawn() throws IOException {
    StringBuilder page = new StringBuilder(HEAD);
    StringBuilder table = new StringBuilder(TABLE_HEAD);
    List<String> worse = new ArrayList<>();
    for (Scenario scenario : Scenarios.all()) {
      double ideal = Simulation.run(scenario, new FixedAutoscaler()).secondsToDrain();
      List<Run> runs =
          RULES.stream().map(r -> Simulation.run(scenario, r.apply(scenario))).toList();
      String rows = rows(runs, ideal);
      table.append(rows);
      page.append("<h2>").append(scenario.name()).append("</h2><p>").append(scenario.about());
      page.append("</p><pre>").append(COLUMNS).append(rows).append("</pre>");
      page.append(Drawing.together("records that wait", runs, Run.Series::backlog));
      page.append(Drawing.together("workers wanted", runs, Run.Series::desired));
      page.append(Drawing.rates(runs.getFirst()));
      page.append(Drawing.stages(runs.getFirst()));
      runs.stream().skip(1).forEach(other -> worse(runs.getFirst(), other, worse));
    }
    String verdict =
        "\nOurs is not better on both time and cost in these of "
            + Scenarios.all().size() * (RULES.size() - 1)
            + " comparisons:\n\n- "
            + String.join("\n- ", worse)
            + "\n";
    System.out.println(table + verdict);
    Files.createDirectories(PAGE.getParent());
    Files.writeString(PAGE, page + "<pre>" + verdict + "</pre>");
    Files.writeString(TABLE, table + verdict);
    System.out.println("drawn in operator/" + PAGE);
  }

  private static final String HEAD =
      "<!doctype html><meta charset=utf-8><title>Scaling, simulated</title>"
          + "<style>body{font-family:sans-serif;margin:2em}svg{margin:4px}</style>"
          + "<h1>Scaling, simulated</h1><p>drover is the policy that the operator runs, told nothing."
          + " lag / n s is ceil(lag / threshold) as horizontal pod autoscalers do it: 15 s apart, 300 s"
          + " down-stabilisation, the threshold being what a worker truly does in n seconds. rate ± 2"
          + " compares rates and moves by two, then waits 90 s.</p>";

  private static final String COLUMNS =
      "| scenario | rule | drain | ideal | cost | ideal | turns | over | peak |\n";

  private static final String TABLE_HEAD =
      """
      # Scaling, simulated

      Written by `make simulate`, which also draws every run. *Drain*: seconds from the last arrival until nothing waits, and, as *ideal*, the same with all workers there may be
      from the start. *Cost*: workers wanted, times seconds, over the whole run; *ideal*: the work alone, of a worker that never starts, waits or dies. *Turns*: changes of direction over all
      stages. *Over*: the most workers wanted above the most that could be of use, of the worst stage.

      `drover` is the policy that the operator runs, told nothing. `lag / n s` is `ceil(lag / threshold)` with the defaults of horizontal pod autoscalers (15 s apart, 300 s down-stabilisation, up by
      double or four), its threshold what one worker truly does in n seconds: 30 is the drain time that ours aims at too, 10 a hastier one. It is told what we must find out. `rate ± 2` compares what arrives with what is done, moves by two workers and
      waits 90 s.

      """
          + COLUMNS
          + """
      | --- | --- | --- | --- | --- | --- | --- | --- | --- |
      """;

  private static String rows(List<Run> runs, double ideal) {
    StringBuilder rows = new StringBuilder();
    for (Run run : runs) {
      rows.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.0f s | %.0f | %.0f | %d | %.0f %% | %.0f |%n",
              run.scenario().name(),
              run.rule(),
              seconds(run.secondsToDrain()),
              ideal,
              run.replicaSeconds(),
              run.idealReplicaSeconds(),
              run.directionChanges(),
              100 * run.worstOvershoot(),
              run.stages().stream().mapToDouble(s -> Run.max(s.desired())).max().orElse(0)));
    }
    return rows.toString();
  }

  private static String seconds(double seconds) {
    return Double.isInfinite(seconds) ? "never" : String.format(Locale.ROOT, "%.0f s", seconds);
  }

  /** Why another rule is sooner, by scenario; that one is cheaper and later needs no word. */
  private static final Map<String, String> SOONER =
      Map.of(
          "slow rule, whole batches",
          "no batch is done for 800 s, and until one is nobody can tell a slow stage from one that is"
              + " stuck: ours asks for 16 workers till then, a threshold for all, which it was told"
              + " what a worker does",
          "slow lookup, whole batches",
          "the first batch is done after 200 s, and till then ours asks for 16 workers; a threshold"
              + " was told what a worker does");

  private static String later(Run ours, Run other) {
    return other.secondsToDrain() > ours.secondsToDrain() + SAME_SECONDS
        ? ": it has fewer workers than keep pace, and is later for it"
        : ": it has fewer while it adds two at a time, and what waits for them is gone by the end";
  }

  private static void worse(Run ours, Run other, List<String> worse) {
    String name = ours.scenario().name();
    boolean sooner = ours.secondsToDrain() > other.secondsToDrain() + SAME_SECONDS;
    if (sooner) {
      assertThat(SOONER).as("why %s is sooner", other.rule()).containsKey(name);
      worse.add(
          String.format(
              Locale.ROOT,
              "%s: %s is %s sooner, at %.1f times the cost: %s",
              name,
              other.rule(),
              seconds(ours.secondsToDrain() - other.secondsToDrain()),
              other.replicaSeconds() / ours.replicaSeconds(),
              SOONER.get(name)));
    }
    if (ours.replicaSeconds() > other.replicaSeconds()) {
      worse.add(
          String.format(
              Locale.ROOT,
              "%s: %s costs %.2f times as much, and drains in %s instead of %s%s",
              name,
              other.rule(),
              other.replicaSeconds() / ours.replicaSeconds(),
              seconds(other.secondsToDrain()),
              seconds(ours.secondsToDrain()),
              sooner ? "" : later(ours, other)));
    }
  }
}
