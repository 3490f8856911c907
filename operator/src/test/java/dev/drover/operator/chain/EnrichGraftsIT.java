package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.OnMissing;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A lookup that is grafted onto a chain in full flow, without backfill, with real workers. The
 * loads insert: a row that came twice would be a failed record.
 */
class EnrichGraftsIT extends GraftScenario {
  /** What a record's quantity is looked up as, before and after {@code clean} has raised it. */
  @BeforeEach
  void marks() throws Exception {
    execute(
        "legacy",
        "INSERT INTO mark SELECT d + 100, 'mark ' || d + 100 FROM generate_series(0, 9) d"
            + " ON CONFLICT DO NOTHING");
  }

  private static StageSpec marks(String from) {
    return new StageSpec.Enrich(
        "marks",
        from,
        "legacy",
        List.of(),
        "select mark from mark where digit = :qty",
        OnMissing.Fail,
        null,
        30);
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "clean"})
  void
      one_between_two_others_adds_to_what_is_handed_on_from_then_on_and_no_row_is_missed_or_doubled(
          String behind) throws Exception {
    boolean first = behind.equals("read");
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      // The target gets the column that the lookup adds while rows are loaded.
      execute("target", "ALTER TABLE public.item ADD COLUMN mark text");
      edit(
          chain,
          chain(
              read(),
              marks(behind),
              clean(first ? "marks" : "read"),
              load("load", first ? "clean" : "marks", "public")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .singleElement()
                      .satisfies(
                          c -> {
                            assertThat(c.stage()).isEqualTo("marks");
                            assertThat(c.kind()).isEqualTo(Joining.Kind.Inserted);
                            assertThat(c.message()).contains("hands on from then on");
                          }));
      AtomicInteger visits = new AtomicInteger();
      visitUntil(
          chain,
          seen -> {
            if (visits.incrementAndGet() % 3 == 0) {
              chain.restartOperator();
            }
            return chain.joined();
          });
      long before = count("SELECT count(*) FROM public.item WHERE mark IS NULL");
      chain.restart("marks");
      chain.restart("read");
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long marked = count("SELECT count(*) FROM public.item WHERE mark IS NOT NULL");
      assertThat(marked).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(ROWS - marked).as("rows that had passed before").isBetween(before, ROWS - 1L);
      String looked = first ? "qty - 100" : "qty";
      assertThat(count("SELECT count(*) FROM public.item WHERE mark = 'mark ' || " + looked))
          .as("each row has its own answer")
          .isEqualTo(marked);
      assertThat(stage(end, "marks").counts().passed()).isEqualTo(marked);
      assertThat(stage(end, "marks").counts().in()).isEqualTo(marked);
      assertThat(stage(end, "load").counts().in()).isEqualTo(ROWS);
    }
  }

  @Test
  void one_that_branches_off_sees_what_is_queued_and_the_old_way_goes_on_as_it_was()
      throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true); // so that something is queued
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(
          chain,
          chain(
              read(),
              clean("read"),
              load("load", "clean", "public"),
              marks("clean"),
              load("archive", "marks", "copy")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u -> {
                assertThat(u.changes())
                    .extracting(Joining.Change::stage)
                    .containsExactly("marks", "archive");
                assertThat(u.changes().getFirst().message()).contains("queued records only");
              });
      visitUntil(chain, seen -> chain.joined());
      chain.idle("load", false);
      visitUntil(chain, seen -> stage(seen, "marks").counts().passed() > 1000);
      chain.crash("marks");
      chain.restartOperator();
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long archived = stage(end, "archive").counts().passed();
      assertThat(archived).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(stage(end, "marks").counts().passed()).isEqualTo(archived);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(archived);
      assertThat(
              count(
                  "SELECT count(*) FROM copy.item c JOIN public.item i USING (id)"
                      + " WHERE c.qty = i.qty AND c.note = i.note AND c.mark = 'mark ' || c.qty"))
          .as("what was queued when it joined, as the old way has it, and its own answer")
          .isEqualTo(archived);
      assertThat(stage(end, "load").counts().in()).isEqualTo(ROWS);
      assertThat(end.balance().message())
          .contains("%d had passed before it joined".formatted(ROWS - archived));
    }
  }
}
