package dev.drover.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenderingTest {
  private static final Style COLOURED = new Style(true);

  @Test
  void columns_are_as_wide_as_their_widest_cell_and_numbers_stand_at_the_right() {
    Table table = new Table("NAME", ">RECORDS", "NOTE");
    table.add("a", "1,234,567", "x");
    table.add("longer", "2", "");

    assertThat(table.text(Style.PLAIN, 0))
        .isEqualTo(
            """
            NAME       RECORDS   NOTE
            a        1,234,567   x
            longer           2
            """);
  }

  @Test
  void colours_take_no_room() {
    Table plain = new Table("A", "B");
    plain.add("bad", "x");
    Table coloured = new Table("A", "B");
    coloured.add(COLOURED.bad("bad"), "x");

    assertThat(coloured.text(COLOURED, 2)).contains("\u001b[31mbad\u001b[0m");
    assertThat(coloured.text(COLOURED, 2).replaceAll("\u001b\\[\\d+m", ""))
        .isEqualTo(plain.text(Style.PLAIN, 2));
  }

  @Test
  void what_changed_has_a_star_where_there_is_no_colour() {
    List<SideBySide.Row> rows =
        List.of(
            new SideBySide.Row("id", "7", "7", false),
            new SideBySide.Row("quantity", "0", "3", true));

    assertThat(SideBySide.text("ORIGINAL", "CORRECTED", rows, 80, Style.PLAIN))
        .isEqualTo(
            """
              FIELD    | ORIGINAL | CORRECTED
              id       | 7        | 7
            * quantity | 0        | 3
            """);
  }

  @Test
  void long_values_go_on_in_the_next_line_and_very_long_ones_are_cut() {
    List<SideBySide.Row> rows =
        List.of(
            new SideBySide.Row("a", "x".repeat(30), "y", true),
            new SideBySide.Row("b", "z".repeat(5000), "", false));

    String text = SideBySide.text("ORIGINAL", "CORRECTED", rows, 50, Style.PLAIN);

    assertThat(text.lines()).allMatch(l -> l.length() <= 50);
    assertThat(text)
        .contains("* a     | " + "x".repeat(18) + " | y\n")
        .contains("(5,000 characters)");
  }

  @Test
  void a_value_does_not_command_the_terminal() {
    assertThat(Printable.line("a\u001b[2J\r\nb\u202e\u0007"))
        .isEqualTo("a\\u001b[2J\\r\\nb\\u202e\\u0007");
    assertThat(Printable.lines("a\nb\u009b")).isEqualTo("a\nb\\u009b");
    assertThat(
            SideBySide.text(
                "L",
                "R",
                List.of(new SideBySide.Row("f\u001b", "\u001b", "", false)),
                80,
                Style.PLAIN))
        .doesNotContain("\u001b");
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-24T09:59:00Z, 60s",
    "2026-11-24T09:55:30Z, 4m30s",
    "2026-11-24T09:00:00Z, 60m",
    "2026-11-24T01:00:00Z, 9h",
    "2026-11-01T10:00:00Z, 23d",
    "2026-11-24T10:00:05Z, 0s",
    "yesterday, yesterday",
    ", -",
  })
  void ages_are_as_kubectl_shows_them(String instant, String age) {
    assertThat(Amounts.age(instant, Instant.parse("2026-11-24T10:00:00Z"))).isEqualTo(age);
  }
}
