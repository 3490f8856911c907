package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.Step;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From the resource as users write it to the chain as workers read it. Pure. */
final class ChainMapping {
  private ChainMapping() {}

  /** The chain of a spec that was found valid. */
  static ChainSpec chain(MigrationSpec spec) {
    return new ChainSpec(
        spec.connections().stream().map(ChainMapping::connection).toList(),
        spec.stages().stream().map(ChainMapping::stage).toList());
  }

  private static ConnectionSpec connection(Connection connection) {
    return new ConnectionSpec(
        connection.name(), connection.jdbc().url(), orElse(connection.maxConnections(), 8));
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
    Stage.Cache cache = enrich.cache();
    return new StageSpec.Enrich(
        name,
        from,
        enrich.connectionName(),
        enrich.tables(),
        enrich.query(),
        StageSpec.OnMissing.valueOf(enrich.onMissing().name()),
        cache == null
            ? null
            : new StageSpec.Cache(
                orElse(cache.maxEntries(), 100_000), orElse(cache.ttlSeconds(), 600)),
        orElse(enrich.timeoutSeconds(), 30));
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
