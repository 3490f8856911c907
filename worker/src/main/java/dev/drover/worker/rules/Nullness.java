package dev.drover.worker.rules;

import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells whether an expression can give null. Leans to yes: a no is certain, because a function that
 * is not made for null fails on it rather than give a value. Sees through conditionals, so that
 * {@code record.qty == null ? 0 : record.qty} can't.
 */
final class Nullness {
  private final RecordLayout layout;
  private final Map<Long, CelType> types;

  Nullness(RecordLayout layout, Map<Long, CelType> types) {
    this.layout = layout;
    this.types = types;
  }

  boolean mayBeNull(CelExpr expr) {
    return mayBeNull(expr, Set.of());
  }

  /** Fields that are certainly not null in a record for which a condition has the given truth. */
  static Set<String> notNullIf(CelExpr condition, boolean truth) {
    if (condition.getKind() == Kind.SELECT && condition.select().testOnly()) {
      return truth ? Set.copyOf(FieldReferences.field(condition).stream().toList()) : Set.of();
    }
    if (condition.getKind() != Kind.CALL) {
      return Set.of();
    }
    List<CelExpr> args = condition.call().args();
    return switch (condition.call().function()) {
      case "!_" -> notNullIf(args.getFirst(), !truth);
      case "_&&_" -> truth ? both(args, true) : Set.of();
      case "_||_" -> truth ? Set.of() : both(args, false);
      case "_!=_" -> truth ? comparedWithNull(args) : Set.of();
      case "_==_" -> truth ? Set.of() : comparedWithNull(args);
      case "_<_", "_<=_", "_>_", "_>=_" -> fields(args);
      default -> Set.of();
    };
  }

  private boolean mayBeNull(CelExpr expr, Set<String> notNull) {
    return switch (expr.getKind()) {
      case CONSTANT -> expr.constant().getKind() == CelConstant.Kind.NULL_VALUE;
      case SELECT ->
          FieldReferences.field(expr)
              .map(field -> !expr.select().testOnly() && nullable(field, notNull))
              .orElse(!expr.select().testOnly());
      case CALL -> callMayBeNull(expr, notNull);
      case LIST, MAP, STRUCT -> false;
      case COMPREHENSION -> !certain(types.getOrDefault(expr.id(), SimpleType.DYN));
      // Else a variable of a macro: an element of a list may be null whatever its type.
      case IDENT -> !expr.ident().name().equals(Dialect.TABLE);
      case NOT_SET -> true;
    };
  }

  private boolean callMayBeNull(CelExpr expr, Set<String> notNull) {
    List<CelExpr> args = expr.call().args();
    return switch (expr.call().function()) {
      case "_?_:_" ->
          mayBeNull(args.get(1), and(notNull, notNullIf(args.get(0), true)))
              || mayBeNull(args.get(2), and(notNull, notNullIf(args.get(0), false)));
      case "_[_]", "dyn" -> true;
      default -> false;
    };
  }

  private static boolean certain(CelType type) {
    return type.equals(SimpleType.BOOL) || type instanceof ListType;
  }

  private boolean nullable(String field, Set<String> notNull) {
    RecordLayout.Field found = layout.find(field);
    return !notNull.contains(field) && (found == null || found.nullable());
  }

  private static Set<String> both(List<CelExpr> args, boolean truth) {
    return and(notNullIf(args.get(0), truth), notNullIf(args.get(1), truth));
  }

  private static Set<String> comparedWithNull(List<CelExpr> args) {
    boolean withNull =
        args.stream()
            .anyMatch(
                arg ->
                    arg.getKind() == Kind.CONSTANT
                        && arg.constant().getKind() == CelConstant.Kind.NULL_VALUE);
    return withNull ? fields(args) : Set.of();
  }

  private static Set<String> fields(List<CelExpr> args) {
    Set<String> fields = new HashSet<>();
    args.forEach(
        arg -> {
          if (arg.getKind() == Kind.SELECT && !arg.select().testOnly()) {
            FieldReferences.field(arg).ifPresent(fields::add);
          }
        });
    return fields;
  }

  private static Set<String> and(Set<String> some, Set<String> more) {
    Set<String> all = new HashSet<>(some);
    all.addAll(more);
    return all;
  }
}
