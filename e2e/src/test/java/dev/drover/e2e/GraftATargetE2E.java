package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code examples/graft-a-target/README.md}, followed line by line. */
class GraftATargetE2E {
  private static final Story STORY = new Story("graft-a-target");
  private static final String LETTERS = "(SELECT id, reader, upper(city) FROM letters.letter)";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete("letters");
  }

  @AfterEach
  void stop() {
    cluster.delete("letters");
    cluster.close();
  }

  @Test
  void the_readme_can_be_followed_and_no_letter_is_missed_or_comes_twice() throws Exception {
    List<String> parts = STORY.parts();
    assertThat(parts).hasSize(6);
    STORY.tell(parts.subList(0, 1));
    Map<String, String> first = cluster.podTemplates("letters");

    String grafted = STORY.tell(parts.subList(1, 3));

    assertThat(grafted)
        .contains("archive Added: ", "queued records only")
        .contains("history Added: ", "backfill by re-extraction of 90000 rows");
    Map<String, String> second = cluster.podTemplates("letters");
    assertThat(second).as("nothing is rolled for a branch").containsAllEntriesOf(first);
    assertThat(second).containsKeys("archive", "history", "history_read", "history_clean");

    String end = STORY.tell(parts.subList(3, parts.size()));

    assertThat(end)
        .contains(
            "stamp Inserted: ", "90000|90000", "history|90000|90000", "had passed before it joined")
        .containsPattern("before\\|[1-9]")
        .containsPattern("after\\|[1-9]");
    Map<String, String> third = cluster.podTemplates("letters");
    for (String stage : List.of("read", "clean", "archive", "history", "history_read")) {
      assertThat(third.get(stage)).as(stage + " is not rolled").isEqualTo(second.get(stage));
    }
    assertThat(third.get("load")).as("reads another queue").isNotEqualTo(second.get("load"));
    assertThat(Cluster.checksum("target", "history.letter"))
        .isEqualTo(Cluster.checksum("legacy", LETTERS));
    assertThat(
            Cluster.checksum(
                "target",
                "(SELECT id, nullif(reader, 'anonymous'), upper(city) FROM letters.letter)"))
        .isEqualTo(Cluster.checksum("legacy", LETTERS));
    // Each target has a key: a letter that came twice would be a failed record.
    assertThat(cluster.status("letters").stages())
        .allSatisfy(s -> assertThat(s.failedRecords()).as(s.name()).isZero());
    String balance = cluster.awaitCondition("letters", "Balanced", "True").message();
    Matcher before =
        Pattern.compile("([0-9]+) had passed before it joined").matcher(balance.replace(",", ""));
    assertThat(before.find()).as(balance).isTrue();
    assertThat(Cluster.query("target", "SELECT count(*) FROM archive.letter"))
        .containsExactly(Long.toString(90000 - Long.parseLong(before.group(1))));
  }
}
