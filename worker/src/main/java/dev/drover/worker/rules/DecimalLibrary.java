package dev.drover.worker.rules;

import static dev.cel.common.CelFunctionDecl.newFunctionDeclaration;
import static dev.cel.common.CelOverloadDecl.newGlobalOverload;

import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.Operator;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelFunctionBinding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.BinaryOperator;
import java.util.function.IntPredicate;

/**
 * The functions of the type {@code decimal}: arithmetic, comparison and equality between decimals
 * and of a decimal with an int, and conversions. There is none from or with a double: a literal is
 * written {@code decimal("9.99")}.
 */
@SuppressWarnings("Immutable") // The lambdas given below capture nothing that can change.
final class DecimalLibrary {
  private final List<CelFunctionDecl> declarations = new ArrayList<>();
  private final List<CelFunctionBinding> bindings = new ArrayList<>();

  DecimalLibrary() {
    arithmetic(Operator.ADD, "add", Decimal::plus);
    arithmetic(Operator.SUBTRACT, "subtract", Decimal::minus);
    arithmetic(Operator.MULTIPLY, "multiply", Decimal::times);
    arithmetic(Operator.DIVIDE, "divide", Decimal::dividedBy);
    arithmetic(Operator.MODULO, "modulo", Decimal::remainder);
    order(Operator.LESS, "less", c -> c < 0);
    order(Operator.LESS_EQUALS, "less_equals", c -> c <= 0);
    order(Operator.GREATER, "greater", c -> c > 0);
    order(Operator.GREATER_EQUALS, "greater_equals", c -> c >= 0);
    equality(Operator.EQUALS, "equals", Object::equals);
    equality(Operator.NOT_EQUALS, "not_equals", (a, b) -> !a.equals(b));
    conversions();
  }

  List<CelFunctionDecl> declarations() {
    return declarations;
  }

  List<CelFunctionBinding> bindings() {
    return bindings;
  }

  private void arithmetic(Operator operator, String name, BinaryOperator<Decimal> operation) {
    declare(
        operator,
        newGlobalOverload(name + "_decimal", Decimal.TYPE, Decimal.TYPE, Decimal.TYPE),
        newGlobalOverload(name + "_decimal_int", Decimal.TYPE, Decimal.TYPE, SimpleType.INT),
        newGlobalOverload(name + "_int_decimal", Decimal.TYPE, SimpleType.INT, Decimal.TYPE));
    bindings.addAll(
        CelFunctionBinding.fromOverloads(
            operator.getFunction(),
            CelFunctionBinding.from(
                name + "_decimal", Decimal.class, Decimal.class, operation::apply),
            CelFunctionBinding.from(
                name + "_decimal_int",
                Decimal.class,
                Long.class,
                (a, b) -> operation.apply(a, Decimal.of(b))),
            CelFunctionBinding.from(
                name + "_int_decimal",
                Long.class,
                Decimal.class,
                (a, b) -> operation.apply(Decimal.of(a), b))));
  }

  private void order(Operator operator, String name, IntPredicate holds) {
    declare(
        operator,
        newGlobalOverload(name + "_decimal", SimpleType.BOOL, Decimal.TYPE, Decimal.TYPE),
        newGlobalOverload(name + "_decimal_int", SimpleType.BOOL, Decimal.TYPE, SimpleType.INT),
        newGlobalOverload(name + "_int_decimal", SimpleType.BOOL, SimpleType.INT, Decimal.TYPE));
    bindings.addAll(
        CelFunctionBinding.fromOverloads(
            operator.getFunction(),
            CelFunctionBinding.from(
                name + "_decimal",
                Decimal.class,
                Decimal.class,
                (a, b) -> holds.test(a.compareTo(b))),
            CelFunctionBinding.from(
                name + "_decimal_int",
                Decimal.class,
                Long.class,
                (a, b) -> holds.test(a.compareTo(Decimal.of(b)))),
            CelFunctionBinding.from(
                name + "_int_decimal",
                Long.class,
                Decimal.class,
                (a, b) -> holds.test(Decimal.of(a).compareTo(b)))));
  }

  /**
   * Equality with an int. Between decimals CEL's own holds, by {@link Decimal#equals}. Bound for
   * any objects because {@code null} is one too, and equals no number.
   */
  private void equality(Operator operator, String name, BiPredicate<Object, Object> holds) {
    declare(
        operator,
        newGlobalOverload(name + "_decimal_int", SimpleType.BOOL, Decimal.TYPE, SimpleType.INT),
        newGlobalOverload(name + "_int_decimal", SimpleType.BOOL, SimpleType.INT, Decimal.TYPE));
    for (String overload : List.of(name + "_decimal_int", name + "_int_decimal")) {
      bindings.add(
          CelFunctionBinding.from(
              overload, Object.class, Object.class, (a, b) -> holds.test(widened(a), widened(b))));
    }
  }

  private static Object widened(Object value) {
    return value instanceof Long number ? Decimal.of(number) : value;
  }

  private void conversions() {
    declarations.add(
        newFunctionDeclaration(
            "decimal",
            newGlobalOverload("string_to_decimal", Decimal.TYPE, SimpleType.STRING),
            newGlobalOverload("int_to_decimal", Decimal.TYPE, SimpleType.INT),
            newGlobalOverload("decimal_to_decimal", Decimal.TYPE, Decimal.TYPE)));
    bindings.addAll(
        CelFunctionBinding.fromOverloads(
            "decimal",
            CelFunctionBinding.from("string_to_decimal", String.class, Decimal::parse),
            CelFunctionBinding.from("int_to_decimal", Long.class, Decimal::of),
            CelFunctionBinding.from("decimal_to_decimal", Decimal.class, d -> d)));
    unary(Operator.NEGATE.getFunction(), "negate_decimal", Decimal.TYPE);
    bindings.add(CelFunctionBinding.from("negate_decimal", Decimal.class, Decimal::negated));
    unary("string", "decimal_to_string", SimpleType.STRING);
    bindings.add(CelFunctionBinding.from("decimal_to_string", Decimal.class, Decimal::text));
    unary("int", "decimal_to_int", SimpleType.INT);
    bindings.add(CelFunctionBinding.from("decimal_to_int", Decimal.class, Decimal::toLongExact));
    unary("double", "decimal_to_double", SimpleType.DOUBLE);
    bindings.add(CelFunctionBinding.from("decimal_to_double", Decimal.class, Decimal::toDouble));
  }

  private void unary(String function, String overload, CelType result) {
    declarations.add(
        newFunctionDeclaration(function, newGlobalOverload(overload, result, Decimal.TYPE)));
  }

  private void declare(Operator operator, CelOverloadDecl... overloads) {
    declarations.add(newFunctionDeclaration(operator.getFunction(), overloads));
  }
}
