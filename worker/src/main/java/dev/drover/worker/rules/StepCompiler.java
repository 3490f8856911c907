package dev.drover.worker.rules;

import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Step;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compiles steps one after the other, each against the fields that those before it leave. Goes on
 * after a finding, so that all are found at once; a field that a refused expression should have
 * given is there but of no known type, and nothing is said of expressions that read it. For one
 * use.
 */
final class StepCompiler {
  private final RecordSchema input;
  private final String path;
  private final List<Finding> findings = new ArrayList<>();
  private final List<RuleStep> compiled = new ArrayList<>();
  private final Map<String, String> computed = new HashMap<>();
  private RecordLayout layout;
  private Expressions expressions;
  private int width;

  StepCompiler(RecordSchema input, String path) {
    this.input = input;
    this.path = path;
    this.layout = RecordLayout.of(input);
    this.expressions = new Expressions(layout);
    this.width = input.columns().size();
  }

  void add(Step step, int index) {
    String stepPath = path + ".steps[" + index + "]";
    List<String> kinds = kinds(step);
    if (kinds.size() != 1) {
      refuse(
          "StepInvalid",
          stepPath,
          "a step has exactly one of require, filter, set, rename and remove; this one has "
              + (kinds.isEmpty()
                  ? "none"
                  : String.join(" and ", kinds) + ": make them steps of their own"));
      return;
    }
    if (!TablePattern.anyMatches(step.tables(), input.table())) {
      return;
    }
    boolean everyTable = step.tables().isEmpty();
    RuleStep.Place place = new RuleStep.Place("steps[" + index + "]", input.table());
    Step.Require require = step.require();
    String filter = step.filter();
    if (require != null) {
      addRequire(require, stepPath + ".require", everyTable, place);
    } else if (filter != null) {
      addFilter(filter, stepPath + ".filter", everyTable, place);
    }
    for (int i = 0; i < step.set().size(); i++) {
      addAssignment(step.set().get(i), i, stepPath + ".set[" + i + "].to", everyTable, place);
    }
    for (int i = 0; i < step.rename().size(); i++) {
      addRename(step.rename().get(i), stepPath + ".rename[" + i + "]", everyTable);
    }
    for (int i = 0; i < step.remove().size(); i++) {
      addRemove(step.remove().get(i), stepPath + ".remove[" + i + "]", everyTable);
    }
  }

  RuleCompiler.Result result() {
    return findings.isEmpty()
        ? new RuleCompiler.Result.Compiled(
            new Rules(input, layout.schema(), computed, compiled, width, layout.slots()))
        : new RuleCompiler.Result.Refused(findings);
  }

  private static List<String> kinds(Step step) {
    List<String> kinds = new ArrayList<>();
    if (step.require() != null) {
      kinds.add("require");
    }
    if (step.filter() != null) {
      kinds.add("filter");
    }
    if (!step.set().isEmpty()) {
      kinds.add("set");
    }
    if (!step.rename().isEmpty()) {
      kinds.add("rename");
    }
    if (!step.remove().isEmpty()) {
      kinds.add("remove");
    }
    return kinds;
  }

  private void addRequire(
      Step.Require require, String at, boolean everyTable, RuleStep.Place place) {
    Expression that = expression(require.that(), at + ".that", everyTable, SimpleType.BOOL);
    String messageText = require.message();
    Expression message =
        messageText == null
            ? null
            : expression(messageText, at + ".message", everyTable, SimpleType.STRING);
    if (that != null) {
      compiled.add(new RuleStep.Require(place, that, require.that(), require.code(), message));
      become(layout.notNull(that.notNullIfTrue()));
    }
  }

  private void addFilter(String filter, String at, boolean everyTable, RuleStep.Place place) {
    Expression condition = expression(filter, at, everyTable, SimpleType.BOOL);
    if (condition != null) {
      compiled.add(new RuleStep.Filter(place, condition));
      become(layout.notNull(condition.notNullIfTrue()));
    }
  }

  private void addAssignment(
      Step.Assignment assignment, int index, String at, boolean everyTable, RuleStep.Place place) {
    String name = assignment.field();
    RecordLayout.Field present = layout.find(name);
    int slot = present == null ? width++ : present.slot();
    Expression to = expression(assignment.to(), at, everyTable, null);
    Optional<Column> column =
        to == null
            ? Optional.empty()
            : ResultColumn.of(
                name, to.type(), to.nullable(), present == null ? null : present.column());
    if (to != null && column.isPresent()) {
      compiled.add(new RuleStep.Assign(place, index, name, to, column.get().type(), slot));
    } else if (to != null) {
      refuse(
          "ResultTypeInvalid",
          at,
          "gives %s, which no field can hold; %s"
              .formatted(Expressions.name(to.type()), ResultColumn.advice(to.type())));
    }
    computed.put(name, at);
    become(layout.with(name, new RecordLayout.Field(slot, column.orElse(null))));
  }

  private void addRename(Step.Rename rename, String at, boolean everyTable) {
    if (layout.find(rename.from()) == null) {
      refuse("FieldNotFound", at + ".from", words(everyTable).missing(rename.from()));
      if (layout.find(rename.to()) == null) {
        become(layout.with(rename.to(), new RecordLayout.Field(width++, null)));
      }
      return;
    }
    if (layout.find(rename.to()) != null) {
      refuse(
          "FieldExists",
          at + ".to",
          "table %s has a field %s already at this step; remove or rename that one before, or choose"
                  .formatted(input.table(), rename.to())
              + " another name");
      return;
    }
    become(layout.renamed(rename.from(), rename.to()));
    String computedAt = computed.remove(rename.from());
    if (computedAt != null) {
      computed.put(rename.to(), computedAt);
    }
  }

  private void addRemove(String name, String at, boolean everyTable) {
    if (layout.find(name) == null) {
      refuse("FieldNotFound", at, words(everyTable).missing(name));
      return;
    }
    become(layout.without(name));
    computed.remove(name);
  }

  /** The expression, or null if it is refused or can't be judged. */
  private @Nullable Expression expression(
      String text, String at, boolean everyTable, @Nullable CelType expected) {
    return switch (expressions.compile(text, at, everyTable, findings::add)) {
      case Expressions.Result.Compiled(Expression expression) -> {
        if (expected == null || expression.type().equals(expected)) {
          yield expression;
        }
        refuse(
            Expressions.REASON,
            at,
            "gives %s, but must give %s; %s"
                .formatted(
                    Expressions.name(expression.type()),
                    Expressions.name(expected),
                    expected.equals(SimpleType.BOOL)
                        ? "write a condition, such as record.field != null"
                        : "convert it by string(...)"));
        yield null;
      }
      case Expressions.Result.Refused refused -> null;
      case Expressions.Result.Unjudged unjudged -> null;
    };
  }

  private IssueText words(boolean everyTable) {
    return new IssueText(layout, everyTable);
  }

  private void refuse(String reason, String at, String message) {
    findings.add(Finding.error(reason, at, message));
  }

  // Making a compiler for a layout costs more than compiling with it: keep it while fields stay.
  private void become(RecordLayout next) {
    if (next != layout) {
      layout = next;
      expressions = new Expressions(next);
    }
  }
}
