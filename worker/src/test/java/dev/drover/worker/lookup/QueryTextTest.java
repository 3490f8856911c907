package dev.drover.worker.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTextTest {
  private static String replaced(String query) throws LookupRefusedException {
    return QueryText.parse(query).with(field -> "<" + field + ">");
  }

  @Test
  void a_field_is_replaced_wherever_it_stands_and_named_once() throws Exception {
    QueryText query = QueryText.parse("select a from t where b=:b and c = (:c)or d=:b");
    assertThat(query.fields()).containsExactly("b", "c");
    assertThat(query.with(f -> "k." + f))
        .isEqualTo("select a from t where b=k.b and c = (k.c)or d=k.b");
  }

  @Test
  void a_field_is_named_as_it_is_written_and_may_be_quoted() throws Exception {
    QueryText query =
        QueryText.parse("select a from t where b = :customerId or c = :\"odd \"\"x\"\"\"");
    assertThat(query.fields()).containsExactly("customerId", "odd \"x\"");
  }

  @Test
  void a_cast_follows_a_field_and_is_none() throws Exception {
    assertThat(replaced("select :a::text, b::int, x:: date from t"))
        .isEqualTo("select <a>::text, b::int, x:: date from t");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select ':a' from t",
        "select 'it''s :a' from t",
        "select 'a\\' , b from t",
        "select E'it\\'s :a' from t",
        "select e'\\\\', '(' from t",
        "select U&'\\0041 :a' from t",
        "select \"x:a\" from \"(\"",
        "select \"x\"\":a\" from t",
        "select a -- :a and ; and ( and '\nfrom t",
        "select a /* :a /* ; */ ' */ from t",
        "select $$ :a ; ( $$ from t",
        "select $x$ :a $$ $y$ ' $x$ from t",
        "select a$b$c from t",
        "select x[1 : 2] from t",
        "select f(a := 1) from t",
        "select 1e5, 0x1F, 1_000 from t",
        "-- a note: :a\n select a from t",
        "(select a from t)",
        "WITH x AS (SELECT 1 AS y) SELECT y FROM x",
        "select a from t -- the end",
      })
  void what_is_no_field_stays_as_it_is(String query) throws Exception {
    QueryText text = QueryText.parse(query);
    assertThat(text.fields()).isEmpty();
    assertThat(replaced(query)).isEqualTo(query);
  }

  @Test
  void a_field_in_a_comment_or_string_beside_a_real_one_is_none() throws Exception {
    assertThat(replaced("select ':a'||:b||$q$:c$q$ /*:d*/ from t where \":e\"=:f--:g"))
        .isEqualTo("select ':a'||<b>||$q$:c$q$ /*:d*/ from t where \":e\"=<f>--:g");
  }

  @Test
  void a_question_mark_is_an_operator_not_the_drivers_parameter() throws Exception {
    assertThat(replaced("select a from t where b ? 'x?' and c ?| :d"))
        .isEqualTo("select a from t where b ?? 'x?' and c ??| <d>");
  }

  @Test
  void one_semicolon_at_the_end_is_left_out() throws Exception {
    assertThat(replaced("select a from t where b = :b ; -- done\n/* really */ "))
        .isEqualTo("select a from t where b = <b> ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select 1; drop table t | more than one statement",
        "select 1;; | more than one statement",
        "delete from t | SELECT or WITH",
        "update t set a = 1 | SELECT or WITH",
        "explain select 1 | SELECT or WITH",
        "`  `| there is no query",
        "-- nothing | there is no query",
        "select 'a | string is not closed",
        "select E'a\\' | string is not closed",
        "select \"a | not closed",
        "select \"\" | is empty",
        "select :\"a | not closed",
        "select /* /* */ a | comment is not closed",
        "select $x$ a $y$ | does not end with it",
        "select (1 | not closed",
        "select 1) as x, (select 2 | closed that was not opened",
        "select a from t where b = $1 | $1 is no field",
      })
  void what_cannot_be_asked_is_refused(String query, String why) {
    assertThatThrownBy(() -> QueryText.parse(query))
        .isInstanceOf(LookupRefusedException.class)
        .hasMessageContaining(why);
  }
}
