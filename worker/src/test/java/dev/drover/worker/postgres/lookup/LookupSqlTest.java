package dev.drover.worker.postgres.lookup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.QueryText;
import java.util.List;
import org.junit.jupiter.api.Test;

class LookupSqlTest {
  private static final Column ID = new Column("customer_id", ColumnType.BIGINT, false, "bigint");
  private static final Column LAND = new Column("land", ColumnType.ENUM, true, "country");

  @Test
  void a_query_for_one_record_is_joined_to_all_keys() throws Exception {
    LookupQuery query =
        new LookupQuery(
            QueryText.parse("select tier from c where id = :customer_id and l = :land -- both"),
            List.of(ID, LAND),
            List.of(
                new Column("tier", ColumnType.TEXT, true, "text"),
                new Column("ad\"dr", ColumnType.OTHER, true, "inet")));
    assertThat(LookupSql.of(query))
        .isEqualTo(
            """
            SELECT drover__keys.ord, drover__answers."tier"::text, \
            pg_catalog.inet_out(drover__answers."ad""dr")::text \
            FROM unnest(?, ?) WITH ORDINALITY AS drover__keys (k1, k2, ord)
            JOIN LATERAL (
            select tier from c where id = drover__keys.k1 and l = drover__keys.k2 -- both
            ) AS drover__answers ON true""");
  }

  @Test
  void a_type_that_only_the_source_has_is_asked_for_as_text() {
    assertThat(LookupSql.arrayType(ID)).isEqualTo("int8");
    assertThat(LookupSql.arrayType(LAND)).isEqualTo("text");
    assertThat(LookupSql.arrayType(new Column("j", ColumnType.JSON, true, "json")))
        .isEqualTo("json");
    assertThat(LookupSql.arrayType(new Column("j", ColumnType.JSON, true, "jsonb")))
        .isEqualTo("jsonb");
  }
}
