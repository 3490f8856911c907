package dev.drover.worker.enrich;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.worker.lookup.Answer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AnswerCacheTest {
  private static final Enrichment TIERS = Given.enrichment(OnMissing.Fail);
  private static final ByteBuffer SEVEN = ByteBuffer.wrap(new byte[] {14});
  private static final Answer GOLD = new Answer.Found(new Object[] {"gold"});

  private final AtomicLong nanos = new AtomicLong();
  private final AnswerCache cache = new AnswerCache(new StageSpec.Cache(100, 600), nanos::get);

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void an_answer_is_true_for_as_long_as_was_asked() {
    cache.put(TIERS, SEVEN, GOLD);
    pass(Duration.ofSeconds(599));
    assertThat(cache.get(TIERS, ByteBuffer.wrap(new byte[] {14}))).isSameAs(GOLD);
    pass(Duration.ofSeconds(2));
    assertThat(cache.get(TIERS, SEVEN)).isNull();
  }

  @Test
  void that_there_is_no_row_is_kept_too_and_a_refusal_is_not() {
    cache.put(TIERS, SEVEN, new Answer.Missing());
    assertThat(cache.get(TIERS, SEVEN)).isEqualTo(new Answer.Missing());
    cache.put(TIERS, ByteBuffer.wrap(new byte[] {2}), new Answer.Refused("SQLSTATE 22P02"));
    assertThat(cache.get(TIERS, ByteBuffer.wrap(new byte[] {2}))).isNull();
  }

  @Test
  void another_revision_asks_anew() {
    cache.put(TIERS, SEVEN, GOLD);
    assertThat(cache.get(Given.enrichment("rev2", OnMissing.Fail), SEVEN)).isNull();
  }

  @Test
  void no_more_is_kept_than_was_asked() {
    AnswerCache small = new AnswerCache(new StageSpec.Cache(10, 600), nanos::get);
    int kept = 0;
    for (byte i = 0; i < 120; i++) {
      small.put(TIERS, ByteBuffer.wrap(new byte[] {i}), GOLD);
    }
    small.trim();
    for (byte i = 0; i < 120; i++) {
      kept += small.get(TIERS, ByteBuffer.wrap(new byte[] {i})) == null ? 0 : 1;
    }
    assertThat(kept).isBetween(1, 10);
  }

  @Test
  void no_more_bytes_are_kept_than_the_heap_bears_however_many_answers_were_asked_for() {
    int most = 1 << 20;
    AnswerCache small = new AnswerCache(new StageSpec.Cache(100_000, 600), most, nanos::get);
    Answer text = new Answer.Found(new Object[] {"x".repeat(20_000)});
    Answer raw = new Answer.Found(new Object[] {new byte[40_000]});
    int kept = 0;
    for (byte i = 0; i < 120; i++) {
      small.put(TIERS, ByteBuffer.wrap(new byte[] {i}), i % 2 == 0 ? text : raw);
    }
    small.trim();
    for (byte i = 0; i < 120; i++) {
      kept += small.get(TIERS, ByteBuffer.wrap(new byte[] {i})) == null ? 0 : 40_000;
    }
    assertThat(kept).isBetween(40_000, most);
  }

  @Test
  void an_answer_that_is_larger_than_all_that_may_be_kept_is_not() {
    AnswerCache small = new AnswerCache(new StageSpec.Cache(10, 600), 1000, nanos::get);
    small.put(TIERS, SEVEN, new Answer.Found(new Object[] {"x".repeat(1000)}));
    small.trim();
    assertThat(small.get(TIERS, SEVEN)).isNull();
  }

  @Test
  void without_terms_nothing_is_kept() {
    AnswerCache none = new AnswerCache(null, nanos::get);
    none.put(TIERS, SEVEN, GOLD);
    assertThat(none.get(TIERS, SEVEN)).isNull();
  }
}
