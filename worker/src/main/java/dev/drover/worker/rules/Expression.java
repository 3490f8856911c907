package dev.drover.worker.rules;

import dev.cel.common.ast.CelExpr;
import dev.cel.common.types.CelType;
import dev.cel.common.types.NullableType;
import dev.cel.common.values.NullValue;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelVariableResolver;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A checked and planned expression. Immutable and thread-safe. */
final class Expression {
  private final CelRuntime.Program program;
  private final CelExpr root;
  private final CelType type;
  private final boolean nullable;
  private final RecordLayout layout;
  private final Optional<Object> table;
  private final @Nullable DirectPath direct;
  private final String firstField;

  /**
   * @param root the checked expression that {@code program} runs
   * @param type the type of its values, {@code null} aside
   * @param nullable whether it may give null
   * @param layout the fields that it sees
   */
  Expression(
      CelRuntime.Program program,
      CelExpr root,
      CelType type,
      boolean nullable,
      RecordLayout layout) {
    this.program = program;
    this.root = root;
    this.type = type instanceof NullableType either ? either.targetType() : type;
    this.nullable = nullable;
    this.layout = layout;
    this.table = Optional.of(layout.table());
    this.direct = DirectPath.of(root, layout).orElse(null);
    this.firstField = FieldReferences.in(root).stream().findFirst().orElse("");
  }

  /** The checked expression. */
  CelExpr root() {
    return root;
  }

  /** Whether it can do without the runtime for records that are plain. */
  boolean isDirect() {
    return direct != null;
  }

  CelType type() {
    return type;
  }

  boolean nullable() {
    return nullable;
  }

  /** Fields that are certainly not null in a record for which this condition is true. */
  Set<String> notNullIfTrue() {
    return Nullness.notNullIf(root, true);
  }

  /** The first field in its text; empty if it names none. */
  String firstField() {
    return firstField;
  }

  /** The slots of the fields that its value may depend on. */
  IntStream reads() {
    Stream<String> names =
        FieldReferences.useWholeRecord(root)
            ? layout.names().stream()
            : FieldReferences.in(root).stream();
    return names.map(layout::find).filter(Objects::nonNull).mapToInt(RecordLayout.Field::slot);
  }

  /**
   * Its value for a record, as CEL sees it.
   *
   * @throws RuleFailure if it has none
   */
  Object eval(@Nullable Object[] slots) {
    Object value = direct == null ? DirectPath.UNDECIDED : direct.eval(slots);
    return value == DirectPath.UNDECIDED ? evalByRuntime(slots) : value;
  }

  /** The same by CEL's runtime, whose word counts. */
  Object evalByRuntime(@Nullable Object[] slots) {
    Variables variables = new Variables(Optional.of(new RecordValue(layout, slots)), table);
    try {
      return program.eval(variables);
    } catch (CelEvaluationException e) {
      throw new Blame(layout, slots).of(root, e, trace -> program.trace(variables, trace));
    }
  }

  /**
   * Whether this condition, of type bool, holds.
   *
   * @throws RuleFailure if it is neither true nor false
   */
  boolean holds(@Nullable Object[] slots) {
    Object value = eval(slots);
    if (value instanceof NullValue) {
      throw new Blame(layout, slots).ofNull(root);
    }
    if (value instanceof Boolean truth) {
      return truth;
    }
    throw new RuleFailure("a condition that is neither true nor false");
  }

  private record Variables(Optional<Object> record, Optional<Object> table)
      implements CelVariableResolver {
    @Override
    public Optional<Object> find(String name) {
      return switch (name) {
        case Dialect.RECORD -> record;
        case Dialect.TABLE -> table;
        default -> Optional.empty();
      };
    }
  }
}
