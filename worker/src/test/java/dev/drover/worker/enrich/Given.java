package dev.drover.worker.enrich;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.LookupPlan;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Orders of customers, whose tier is looked up. */
final class Given {
  static final RecordSchema ORDERS =
      new RecordSchema(
          "public.orders",
          List.of(
              new Column("id", ColumnType.INTEGER, false, "integer"),
              new Column("customer", ColumnType.INTEGER, true, "integer")));

  private Given() {}

  static Enrichment enrichment(OnMissing onMissing) {
    return enrichment("rev1", onMissing);
  }

  static Enrichment enrichment(String revision, OnMissing onMissing) {
    try {
      QueryText text = QueryText.parse("select tier from customers where id = :customer");
      StageSpec.Enrich stage =
          new StageSpec.Enrich("tiers", "read", "crm", List.of(), "as above", onMissing, null, 30);
      LookupPlan plan =
          new LookupPlan(
              "tiers", "public.orders", List.of(new Column("tier", ColumnType.TEXT, true, "text")));
      return new Enrichment(
          revision,
          stage,
          ORDERS,
          plan.output(ORDERS),
          new LookupQuery(text, LookupQuery.keys(text, ORDERS), plan.columns()));
    } catch (LookupRefusedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Orders 1, 2, … of these customers. */
  static byte[] orders(@Nullable Integer... customers) {
    RowWriter writer = new RowWriter(ORDERS, 100);
    for (int i = 0; i < customers.length; i++) {
      writer.append(new Row(i, "o" + (i + 1), new Object[] {i + 1, customers[i]}));
    }
    return writer.toByteArray();
  }
}
