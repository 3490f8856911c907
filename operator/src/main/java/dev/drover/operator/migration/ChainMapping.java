package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.ColumnType;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** From the resource as users write it to the chain as workers read it. Pure. */
final class ChainMapping {
  private ChainMapping() {}

  /** The chain of a spec that was found valid, with the copies that it asks for. */
  static ChainSpec chain(MigrationSpec spec) {
    return new ChainSpec(
        spec.connections().stream().map(ChainMapping::connection).toList(),
        PrivatePaths.expanded(spec).stages().stream().map(ChainMapping::stage).toList());
  }

  private static ConnectionSpec connection(Connection connection) {
    return new ConnectionSpec(
        connection.name(),
        connection.jdbc().url(),
        orElse(connection.maxConnections(), Connection.DEFAULT_MAX_CONNECTIONS));
  }

  private static StageSpec stage(Stage stage) {
    if (stage.extract() != null) {
      Stage.Extract extract = stage.extract();
      return new StageSpec.Extract(
          stage.name(),
          extract.connectionName(),
          extract.tables(),
          orElse(extract.splitRecords(), 100_000),
          StageSpec.Consistency.valueOf(extract.consistency().name()));
    }
    String from = required(stage.from());
    if (stage.transform() != null) {
      return new StageSpec.Transform(
          stage.name(), from, stage.transform().steps().stream().map(ChainMapping::step).toList());
    }
    if (stage.enrich() != null) {
      return enrich(stage.name(), from, stage.enrich());
    }
    Stage.Load load = required(stage.load());
    return new StageSpec.Load(
        stage.name(),
        from,
        load.connectionName(),
        load.schema(),
        StageSpec.LoadMode.valueOf(load.mode().name()),
        load.tables().stream().map(t -> new StageSpec.TableMapping(t.from(), t.to())).toList(),
        StageSpec.CreateTables.valueOf(load.createTables().name()),
        StageSpec.Indexes.valueOf(load.indexes().name()));
  }

  private static StageSpec.Enrich enrich(String name, String from, Stage.Enrich enrich) {
    StageSpec.OnMissing onMissing = StageSpec.OnMissing.valueOf(enrich.onMissing().name());
    StageSpec.Cache cache =
        enrich.cache() == null
            ? null
            : new StageSpec.Cache(
                orElse(enrich.cache().maxEntries(), 100_000),
                orElse(enrich.cache().ttlSeconds(), 600));
    int timeout = orElse(enrich.timeoutSeconds(), 30);
    return enrich.http() != null
        ? new StageSpec.Enrich(
            name, from, enrich.tables(), http(enrich.http()), onMissing, cache, timeout)
        : new StageSpec.Enrich(
            name,
            from,
            required(enrich.connectionName()),
            enrich.tables(),
            required(enrich.query()),
            onMissing,
            cache,
            timeout);
  }

  private static LookupSpec.Http http(HttpLookup http) {
    return new LookupSpec.Http(
        http.url(),
        http.headers().stream().map(h -> new LookupSpec.Header(h.name(), h.value())).toList(),
        http.caSecretRef() != null,
        http.fields().stream()
            .map(
                f -> {
                  ColumnType type = ColumnType.valueOf(f.type().name().toUpperCase(Locale.ROOT));
                  return new LookupSpec.Field(
                      f.name(), f.pointer(), type, nativeType(f.type()), f.optional());
                })
            .toList(),
        http.missingStatuses(),
        orElse(http.concurrency(), 8),
        orElse(http.maxResponseBytes(), 262_144));
  }

  /** The type of a column that is made for such a field. */
  private static String nativeType(HttpLookup.FieldType type) {
    return switch (type) {
      case Text -> "text";
      case Boolean -> "boolean";
      case SmallInt -> "smallint";
      case Integer -> "integer";
      case BigInt -> "bigint";
      case Real -> "real";
      case Double -> "double precision";
      case Decimal -> "numeric";
      case Date -> "date";
      case Time -> "time without time zone";
      case Timestamp -> "timestamp without time zone";
      case TimestampTz -> "timestamp with time zone";
      case Uuid -> "uuid";
      case Json -> "jsonb";
    };
  }

  private static Step step(dev.drover.api.v1alpha1.Step step) {
    dev.drover.api.v1alpha1.Step.Require require = step.require();
    return new Step(
        orEmpty(step.tables()),
        require == null
            ? null
            : new Step.Require(require.that(), require.code(), require.message()),
        step.filter(),
        orEmpty(step.set()).stream().map(a -> new Step.Assignment(a.field(), a.to())).toList(),
        orEmpty(step.rename()).stream().map(r -> new Step.Rename(r.from(), r.to())).toList(),
        orEmpty(step.remove()));
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static int orElse(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private static <T> T required(@Nullable T value) {
    if (value == null) {
      throw new IllegalArgumentException("the spec was not validated before it was mapped");
    }
    return value;
  }
}
