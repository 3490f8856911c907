package dev.drover.worker.database;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import java.util.List;

/** What load stages would meet at one database. Used by one thread, once. */
public interface TargetPlanner {
  /** Who knows more of a source table: asked where a copy of it is to be made. */
  @FunctionalInterface
  interface Sources {
    /** What it has beside what its records show. */
    TableDetails of(String table) throws SystemFailure;
  }

  /**
   * What a stage promises.
   *
   * @param promise whether a repeated batch counts once
   * @param findings what keeps it from promising more, or from starting
   */
  record Promised(LoadPromise promise, List<Finding> findings) {
    public Promised {
      findings = List.copyOf(findings);
    }
  }

  /**
   * Whether records fit the table that they are for, which may be one that the stage will make.
   *
   * @param place the stage's index in {@code spec.stages}, which findings cite
   * @return what does not fit, and what is worth knowing
   */
  List<Finding> check(int place, StageSpec.Load stage, Arriving arriving, Sources sources)
      throws SystemFailure;

  /** To be asked when all that a stage loads was checked, and nothing speaks against it. */
  Promised promise(int place, StageSpec.Load stage, String migrationUid) throws SystemFailure;

  /** The tables that stages will make, as far as was checked. */
  List<NewTable> newTables();

  /** What stages will make and drop before their first row, as far as was checked. */
  List<Finding> undertakings();
}
