package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.worker.postgres.target.TargetTable.SelfReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ParentsFirstTest {
  private static final List<SelfReference> BOSS =
      List.of(new SelfReference("boss", List.of("boss"), List.of("id")));

  private static ParentsFirst order(List<SelfReference> references, @Nullable String[]... rows) {
    return ParentsFirst.of(
        IntStream.range(0, rows.length).boxed().toList(),
        references,
        List.of("id"),
        (row, column) -> rows[row][List.of("id", "boss", "shop").indexOf(column)]);
  }

  private static @Nullable String[] row(@Nullable String... values) {
    return values;
  }

  @Test
  void a_chain_is_turned_round() {
    ParentsFirst order = order(BOSS, row("1", "2"), row("2", "3"), row("3", null));

    assertThat(order.straight()).containsExactly(2, 1, 0);
    assertThat(order.circles()).isEmpty();
  }

  @Test
  void who_points_to_itself_or_to_nobody_here_is_free() {
    assertThat(order(BOSS, row("1", "1"), row("2", "77")).straight()).containsExactly(0, 1);
  }

  @Test
  void circles_and_what_hangs_on_them_are_told_apart() {
    ParentsFirst order =
        order(
            BOSS,
            row("1", "2"),
            row("6", "7"),
            row("2", "1"),
            row("3", "2"),
            row("4", null),
            row("5", "4"),
            row("7", "6"));

    assertThat(order.straight()).containsExactly(4, 5);
    assertThat(order.circles()).containsExactlyInAnyOrder(List.of(0, 2, 3), List.of(1, 6));
  }

  @Test
  void rows_of_one_key_keep_their_order() {
    ParentsFirst order = order(BOSS, row("1", "2"), row("1", null), row("2", null), row("3", "1"));

    assertThat(order.straight()).containsSubsequence(0, 1).containsSubsequence(2, 0, 3);
  }

  @Test
  void rows_of_one_key_keep_their_order_where_another_column_is_pointed_to() {
    List<SelfReference> byShop =
        List.of(new SelfReference("shop", List.of("boss"), List.of("shop")));

    ParentsFirst order =
        order(byShop, row("1", "z", "a"), row("1", null, "b"), row("2", null, "z"));

    assertThat(order.straight()).containsExactly(2, 0, 1);
  }

  @Test
  void a_key_of_which_a_part_is_missing_points_nowhere() {
    List<SelfReference> both =
        List.of(new SelfReference("b", List.of("boss", "shop"), List.of("id", "shop")));

    assertThat(order(both, row("1", "2", null), row("2", null, "s")).straight())
        .containsExactly(0, 1);
    assertThat(order(both, row("1", "2", "s"), row("2", null, "s")).straight())
        .containsExactly(1, 0);
  }

  @Test
  void in_a_forest_in_any_order_each_comes_after_its_parent() {
    Random random = new Random(7);
    int size = 2000;
    List<@Nullable String[]> rows = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      rows.add(row("" + i, i == 0 ? null : "" + random.nextInt(i)));
    }
    Collections.shuffle(rows, random);

    ParentsFirst order = order(BOSS, rows.toArray(new String[0][]));

    List<@Nullable String> ids = new ArrayList<>();
    for (int row : order.straight()) {
      String boss = rows.get(row)[1];
      assertThat(boss == null || ids.contains(boss)).isTrue();
      ids.add(rows.get(row)[0]);
    }
    assertThat(ids).hasSize(size).doesNotHaveDuplicates();
  }
}
