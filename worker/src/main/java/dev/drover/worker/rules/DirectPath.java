package dev.drover.worker.rules;

import com.google.common.base.Ascii;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.values.NullValue;
import dev.drover.wire.schema.Column;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The commonest parts of CEL, evaluated without its runtime: fields and constants that are int,
 * string, bool or null; equality, order and membership in a list of constants; whole-number
 * arithmetic; and, or, not and the conditional; a few functions of strings. A third of what a
 * transform costs is saved by it, see {@code docs/performance.md}.
 *
 * <p>It never decides what is not plain. An operand that is null or of another type, an overflow, a
 * division by zero: then the runtime evaluates the expression, and its word counts. So there is one
 * meaning of a rule and one kind of failure. Immutable and thread-safe. Hot.
 */
sealed interface DirectPath {
  /** What {@link #eval} gives when the runtime has to decide. */
  Object UNDECIDED = new Object();

  /**
   * The expression's value for a record, as CEL sees it, or {@link #UNDECIDED}.
   *
   * @param slots the working array
   */
  Object eval(@Nullable Object[] slots);

  /** The way to a checked expression's values; empty if it has parts that are not of these. */
  static Optional<DirectPath> of(CelExpr expr, RecordLayout layout) {
    return switch (expr.getKind()) {
      case CONSTANT -> constant(expr.constant());
      case SELECT -> field(expr, layout);
      case CALL -> call(expr.call(), layout);
      case IDENT, LIST, MAP, STRUCT, COMPREHENSION, NOT_SET -> Optional.empty();
    };
  }

  private static Optional<DirectPath> constant(CelConstant constant) {
    return switch (constant.getKind()) {
      case NULL_VALUE -> Optional.of(new Constant(NullValue.NULL_VALUE));
      case BOOLEAN_VALUE -> Optional.of(new Constant(constant.booleanValue()));
      case INT64_VALUE -> Optional.of(new Constant(constant.int64Value()));
      case STRING_VALUE -> Optional.of(new Constant(constant.stringValue()));
      default -> Optional.empty();
    };
  }

  private static Optional<DirectPath> field(CelExpr expr, RecordLayout layout) {
    Optional<String> name = FieldReferences.field(expr);
    if (name.isEmpty() || expr.select().testOnly()) {
      return Optional.empty();
    }
    RecordLayout.Field field = layout.find(name.get());
    Column column = field == null ? null : field.column();
    if (field == null || column == null) {
      return Optional.empty();
    }
    return switch (column.type()) {
      case SMALLINT, INTEGER -> Optional.of(new Narrow(field.slot()));
      case BIGINT, BOOLEAN, TEXT, JSON, ENUM, ARRAY, OTHER -> Optional.of(new AsItIs(field.slot()));
      case REAL, DOUBLE, BYTES, DECIMAL, UUID, TIME, DATE, TIMESTAMP, TIMESTAMPTZ ->
          Optional.empty();
    };
  }

  private static Optional<DirectPath> call(CelExpr.CelCall call, RecordLayout layout) {
    List<CelExpr> operands = new ArrayList<>();
    call.target().ifPresent(operands::add);
    operands.addAll(call.args());
    if (call.function().equals("@in")) {
      return of(operands.getFirst(), layout)
          .flatMap(value -> members(operands.get(1)).map(in -> Member.of(value, in)));
    }
    List<DirectPath> paths = new ArrayList<>();
    for (CelExpr operand : operands) {
      Optional<DirectPath> path = of(operand, layout);
      if (path.isEmpty()) {
        return Optional.empty();
      }
      paths.add(path.get());
    }
    return switch (paths.size()) {
      case 1 -> unary(call.function()).map(work -> new Unary(work, paths.getFirst()));
      case 2 -> binary(call.function(), paths.getFirst(), paths.getLast());
      case 3 ->
          call.function().equals("_?_:_")
              ? Optional.of(new Conditional(paths.get(0), paths.get(1), paths.get(2)))
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** The elements of a list of constants of one type. */
  private static Optional<Set<Object>> members(CelExpr list) {
    if (list.getKind() != Kind.LIST) {
      return Optional.empty();
    }
    Set<Object> members = new HashSet<>();
    for (CelExpr element : list.list().elements()) {
      if (element.getKind() != Kind.CONSTANT) {
        return Optional.empty();
      }
      switch (element.constant().getKind()) {
        case INT64_VALUE -> members.add(element.constant().int64Value());
        case STRING_VALUE -> members.add(element.constant().stringValue());
        default -> {
          return Optional.empty();
        }
      }
    }
    Set<Class<?>> types = new HashSet<>();
    members.forEach(member -> types.add(member.getClass()));
    return types.size() == 1 ? Optional.of(Set.copyOf(members)) : Optional.empty();
  }

  private static Optional<UnaryWork> unary(String function) {
    return Optional.ofNullable(
        switch (function) {
          case "!_" -> a -> a instanceof Boolean truth ? !truth : UNDECIDED;
          case "lowerAscii" -> a -> a instanceof String text ? Ascii.toLowerCase(text) : UNDECIDED;
          case "upperAscii" -> a -> a instanceof String text ? Ascii.toUpperCase(text) : UNDECIDED;
          case "size" ->
              a ->
                  a instanceof String text
                      ? (Object) (long) text.codePointCount(0, text.length())
                      : UNDECIDED;
          case "string" -> a -> a instanceof String || a instanceof Long ? a.toString() : UNDECIDED;
          default -> null;
        });
  }

  private static Optional<DirectPath> binary(String function, DirectPath left, DirectPath right) {
    return Optional.ofNullable(
        switch (function) {
          case "_&&_" -> new Junction(left, right, false);
          case "_||_" -> new Junction(left, right, true);
          case "_==_" -> new Equality(left, right, true);
          case "_!=_" -> new Equality(left, right, false);
          case "_<_" -> new Order(left, right, sign -> sign < 0);
          case "_<=_" -> new Order(left, right, sign -> sign <= 0);
          case "_>_" -> new Order(left, right, sign -> sign > 0);
          case "_>=_" -> new Order(left, right, sign -> sign >= 0);
          case "_+_" -> new Sum(left, right);
          case "_-_" -> new Arithmetic(left, right, DirectPath::minus);
          case "_*_" -> new Arithmetic(left, right, DirectPath::times);
          case "_/_" -> new Arithmetic(left, right, DirectPath::over);
          case "_%_" -> new Arithmetic(left, right, DirectPath::remainder);
          case "startsWith" -> new OfTexts(left, right, String::startsWith);
          case "endsWith" -> new OfTexts(left, right, String::endsWith);
          case "contains" -> new OfTexts(left, right, String::contains);
          default -> null;
        });
  }

  private static Object plus(long a, long b) {
    long sum = a + b;
    return ((a ^ sum) & (b ^ sum)) < 0 ? UNDECIDED : (Object) sum;
  }

  private static Object minus(long a, long b) {
    long difference = a - b;
    return ((a ^ b) & (a ^ difference)) < 0 ? UNDECIDED : (Object) difference;
  }

  private static Object times(long a, long b) {
    long product = a * b;
    return Math.multiplyHigh(a, b) == product >> 63 ? (Object) product : UNDECIDED;
  }

  private static Object over(long a, long b) {
    return b == 0 || (a == Long.MIN_VALUE && b == -1) ? UNDECIDED : (Object) (a / b);
  }

  private static Object remainder(long a, long b) {
    return b == 0 || (a == Long.MIN_VALUE && b == -1) ? UNDECIDED : (Object) (a % b);
  }

  /** Work on one operand. */
  @FunctionalInterface
  interface UnaryWork {
    Object on(Object a);
  }

  /** Work on two whole numbers. */
  @FunctionalInterface
  interface LongWork {
    Object on(long a, long b);
  }

  /** A condition on two texts. */
  @FunctionalInterface
  interface TextTest {
    boolean holds(String a, String b);
  }

  /** A condition on the sign of a comparison. */
  @FunctionalInterface
  interface SignTest {
    boolean holds(int sign);
  }

  /** A value that is there from the beginning. */
  record Constant(Object value) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return value;
    }
  }

  /** A field that CEL sees as the working array has it. */
  record AsItIs(int slot) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      Object value = slots[slot];
      return value == null ? NullValue.NULL_VALUE : value;
    }
  }

  /** A field of fewer than eight bytes. */
  record Narrow(int slot) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      Object value = slots[slot];
      return value == null ? NullValue.NULL_VALUE : (Object) ((Integer) value).longValue();
    }
  }

  /** A function of one operand. */
  record Unary(UnaryWork work, DirectPath operand) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return work.on(operand.eval(slots));
    }
  }

  /**
   * And, or.
   *
   * @param decisive the truth of the left that makes the right one needless
   */
  record Junction(DirectPath left, DirectPath right, boolean decisive) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      if (left.eval(slots) instanceof Boolean first) {
        if (first == decisive) {
          return first;
        }
        return right.eval(slots) instanceof Boolean second ? second : UNDECIDED;
      }
      return UNDECIDED;
    }
  }

  /** Whether one of two. */
  record Conditional(DirectPath condition, DirectPath then, DirectPath otherwise)
      implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return condition.eval(slots) instanceof Boolean truth
          ? (truth ? then : otherwise).eval(slots)
          : UNDECIDED;
    }
  }

  /** Equal to, or different from: values of one type, or one of them null. */
  record Equality(DirectPath left, DirectPath right, boolean equal) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      Object a = left.eval(slots);
      Object b = right.eval(slots);
      if (a == UNDECIDED || b == UNDECIDED) {
        return UNDECIDED;
      }
      if (a instanceof NullValue || b instanceof NullValue) {
        return (a instanceof NullValue && b instanceof NullValue) == equal;
      }
      return a.getClass() == b.getClass() ? a.equals(b) == equal : UNDECIDED;
    }
  }

  /** An order of whole numbers. */
  record Order(DirectPath left, DirectPath right, SignTest test) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return left.eval(slots) instanceof Long a && right.eval(slots) instanceof Long b
          ? test.holds(Long.compare(a, b))
          : UNDECIDED;
    }
  }

  /** A sum of whole numbers, or one text after the other. */
  record Sum(DirectPath left, DirectPath right) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      Object a = left.eval(slots);
      Object b = right.eval(slots);
      if (a instanceof Long first && b instanceof Long second) {
        return plus(first, second);
      }
      return a instanceof String first && b instanceof String second
          ? first.concat(second)
          : UNDECIDED;
    }
  }

  /** Whole-number arithmetic. */
  record Arithmetic(DirectPath left, DirectPath right, LongWork work) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return left.eval(slots) instanceof Long a && right.eval(slots) instanceof Long b
          ? work.on(a, b)
          : UNDECIDED;
    }
  }

  /** A condition on two texts. */
  record OfTexts(DirectPath left, DirectPath right, TextTest test) implements DirectPath {
    @Override
    public Object eval(@Nullable Object[] slots) {
      return left.eval(slots) instanceof String a && right.eval(slots) instanceof String b
          ? test.holds(a, b)
          : UNDECIDED;
    }
  }

  /**
   * Whether a value is one of some constants.
   *
   * @param type the class of all of them
   */
  record Member(DirectPath value, Set<Object> members, Class<?> type) implements DirectPath {
    static Member of(DirectPath value, Set<Object> members) {
      return new Member(value, members, members.iterator().next().getClass());
    }

    @Override
    public Object eval(@Nullable Object[] slots) {
      Object a = value.eval(slots);
      return a.getClass() == type ? members.contains(a) : UNDECIDED;
    }
  }
}
