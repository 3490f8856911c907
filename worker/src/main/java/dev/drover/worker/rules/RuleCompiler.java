package dev.drover.worker.rules;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;

/** Compiles the steps of a transform against the schema of its input. Thread-safe. */
public final class RuleCompiler {
  private RuleCompiler() {}

  /** What became of the steps. */
  public sealed interface Result {
    /** They can run. */
    record Compiled(Rules rules) implements Result {}

    /**
     * They can't.
     *
     * @param findings all that is wrong, each with its exact path, in the order of the steps
     */
    record Refused(List<Finding> findings) implements Result {
      public Refused {
        findings = List.copyOf(findings);
      }
    }
  }

  /**
   * Compiles and type-checks all steps that are meant for the input's table; the others are
   * skipped. A step sees the fields as the steps before it leave them.
   *
   * @param steps in order
   * @param input the schema of the records to come
   * @param path of the transform in the resource, such as {@code spec.stages[1].transform}
   */
  public static Result compile(List<Step> steps, RecordSchema input, String path) {
    StepCompiler compiler = new StepCompiler(input, path);
    for (int i = 0; i < steps.size(); i++) {
      compiler.add(steps.get(i), i);
    }
    return compiler.result();
  }
}
