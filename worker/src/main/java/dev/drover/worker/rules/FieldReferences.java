package dev.drover.worker.rules;

import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the fields of {@code record} in an expression. */
final class FieldReferences {
  private FieldReferences() {}

  /** The field that an expression is, written {@code record.field} or {@code has(record.field)}. */
  static Optional<String> field(CelExpr expr) {
    return expr.getKind() == Kind.SELECT
            && expr.select().operand().getKind() == Kind.IDENT
            && expr.select().operand().ident().name().equals(Dialect.RECORD)
        ? Optional.of(expr.select().field())
        : Optional.empty();
  }

  /** All fields that an expression names, in the order of the text. */
  static Set<String> in(CelExpr expr) {
    Set<String> fields = new LinkedHashSet<>();
    collect(expr, fields);
    return fields;
  }

  /** Whether {@code record} stands anywhere but before a field's name. */
  static boolean useWholeRecord(CelExpr expr) {
    if (field(expr).isPresent()) {
      return false;
    }
    boolean bare = expr.getKind() == Kind.IDENT && expr.ident().name().equals(Dialect.RECORD);
    return bare || operands(expr).stream().anyMatch(FieldReferences::useWholeRecord);
  }

  private static void collect(CelExpr expr, Set<String> fields) {
    field(expr).ifPresent(fields::add);
    operands(expr).forEach(operand -> collect(operand, fields));
  }

  /** The direct parts of an expression, in the order in which they are evaluated. */
  static List<CelExpr> operands(CelExpr expr) {
    List<CelExpr> operands = new ArrayList<>();
    switch (expr.getKind()) {
      case SELECT -> operands.add(expr.select().operand());
      case CALL -> {
        expr.call().target().ifPresent(operands::add);
        operands.addAll(expr.call().args());
      }
      case LIST -> operands.addAll(expr.list().elements());
      case MAP ->
          expr.map()
              .entries()
              .forEach(
                  entry -> {
                    operands.add(entry.key());
                    operands.add(entry.value());
                  });
      case STRUCT -> expr.struct().entries().forEach(entry -> operands.add(entry.value()));
      case COMPREHENSION -> {
        CelExpr.CelComprehension loop = expr.comprehension();
        operands.addAll(
            List.of(
                loop.iterRange(),
                loop.accuInit(),
                loop.loopCondition(),
                loop.loopStep(),
                loop.result()));
      }
      case CONSTANT, IDENT, NOT_SET -> {}
    }
    return operands;
  }
}
