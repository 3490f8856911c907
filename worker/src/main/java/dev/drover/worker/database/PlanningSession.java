package dev.drover.worker.database;

import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import java.util.List;

/**
 * What a plan asks of a database, over one session: as a source, as a place to look up in, and as a
 * target. Nothing is changed there. Used by one thread, once.
 */
public interface PlanningSession extends AutoCloseable {
  /**
   * The plan of an extract stage. With errors among the findings nothing is cut.
   *
   * @param place the stage's index in {@code spec.stages}, which findings cite
   */
  SourcePlan source(int place, StageSpec.Extract stage) throws SystemFailure;

  /**
   * What a source table has beside what its records show.
   *
   * @param table {@code schema.table}
   */
  TableDetails details(String table) throws SystemFailure;

  /**
   * The columns that a query answers, any of which may be null.
   *
   * @throws LookupRefusedException if the database refuses the query, or its columns cannot be
   *     added to the records
   */
  List<Column> answers(QueryText query, RecordSchema input)
      throws LookupRefusedException, SystemFailure;

  /** The same one at each call: it knows what all load stages make here. */
  TargetPlanner target();

  @Override
  void close();
}
