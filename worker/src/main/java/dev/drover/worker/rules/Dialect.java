package dev.drover.worker.rules;

import static dev.cel.common.CelOverloadDecl.newGlobalOverload;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import dev.cel.checker.CelStandardDeclarations;
import dev.cel.checker.CelStandardDeclarations.StandardFunction;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOptions;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.Operator;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.common.types.TypeParamType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The CEL that rules are written in: the standard functions and macros, the strings and math
 * extensions, {@link DecimalLibrary}, and the variables {@code record} and {@code table}. There is
 * no clock and no chance in it: the same record gives the same result, always.
 *
 * <p>It differs from the standard in the conditional only: either branch of {@code c ? a : b} may
 * be null, where the standard asks for two of one type.
 */
final class Dialect {
  /** Variable that holds the record. */
  static final String RECORD = "record";

  /** Variable that holds the table's name. */
  static final String TABLE = "table";

  /** How often the macros of one evaluation may go round, in all. */
  static final int MAX_ITERATIONS = 10_000;

  private static final CelOptions OPTIONS =
      CelOptions.current()
          .enableHeterogeneousNumericComparisons(true)
          .enableQuotedIdentifierSyntax(true)
          .enableTimestampOverflowCheck(true)
          .comprehensionMaxIterations(MAX_ITERATIONS)
          .maxExpressionCodePointSize(20_000)
          .build();

  private static final DecimalLibrary DECIMALS = new DecimalLibrary();
  private static final CelCompiler COMPILER = compiler();
  private static final CelRuntime RUNTIME = runtime();

  private Dialect() {}

  /** A compiler of expressions over the fields of a layout. Costs a millisecond or so to make. */
  static CelCompiler compiler(RecordLayout layout) {
    return COMPILER
        .toCompilerBuilder()
        .setTypeProvider(new OneType(layout.type()))
        .addVar(RECORD, StructTypeReference.create(layout.type().name()))
        .build();
  }

  /** Runs what the compilers check, whatever their layout. */
  static CelRuntime program() {
    return RUNTIME;
  }

  private static CelCompiler compiler() {
    return CelCompilerFactory.standardCelCompilerBuilder()
        .setOptions(OPTIONS)
        .setStandardEnvironmentEnabled(false)
        .setStandardDeclarations(
            CelStandardDeclarations.newBuilder()
                .excludeFunctions(StandardFunction.CONDITIONAL)
                .build())
        .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
        .addLibraries(CelExtensions.strings(), CelExtensions.math())
        .addFunctionDeclarations(DECIMALS.declarations())
        .addFunctionDeclarations(conditional())
        .addVar(TABLE, SimpleType.STRING)
        .build();
  }

  private static CelRuntime runtime() {
    return CelRuntimeFactory.plannerRuntimeBuilder()
        .setOptions(OPTIONS)
        .addLibraries(CelExtensions.strings(), CelExtensions.math())
        .addFunctionBindings(DECIMALS.bindings())
        .build();
  }

  /** Needs no binding: the planner itself evaluates conditionals. */
  private static CelFunctionDecl conditional() {
    List<CelType> scalars =
        List.of(
            SimpleType.BOOL,
            SimpleType.INT,
            SimpleType.UINT,
            SimpleType.DOUBLE,
            SimpleType.STRING,
            SimpleType.BYTES,
            SimpleType.TIMESTAMP,
            SimpleType.DURATION,
            Decimal.TYPE);
    List<CelOverloadDecl> overloads = new ArrayList<>();
    for (CelType scalar : scalars) {
      CelType branch = CelForm.nullable(scalar);
      overloads.add(
          newGlobalOverload(
              "conditional_" + scalar.kind(), branch, SimpleType.BOOL, branch, branch));
    }
    CelType list = ListType.create(TypeParamType.create("A"));
    overloads.add(newGlobalOverload("conditional_list", list, SimpleType.BOOL, list, list));
    CelType map = MapType.create(TypeParamType.create("K"), TypeParamType.create("V"));
    overloads.add(newGlobalOverload("conditional_map", map, SimpleType.BOOL, map, map));
    return CelFunctionDecl.newFunctionDeclaration(Operator.CONDITIONAL.getFunction(), overloads);
  }

  private record OneType(CelType type) implements CelTypeProvider {
    @Override
    public ImmutableCollection<CelType> types() {
      return ImmutableList.of(type);
    }

    @Override
    public Optional<CelType> findType(String name) {
      return name.equals(type.name()) ? Optional.of(type) : Optional.empty();
    }
  }
}
