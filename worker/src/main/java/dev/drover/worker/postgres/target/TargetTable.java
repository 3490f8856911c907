package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A table that records are loaded into, as the login that loads sees it. Immutable.
 *
 * @param schema its schema
 * @param name its name
 * @param kind what it is
 * @param columns its columns, in the table's order
 * @param keys column lists that identify a row and that {@code ON CONFLICT} can use: unique,
 *     checked at once, over columns that are never null; the primary key first
 * @param selfReferences the foreign keys that point back to this table
 * @param hooks what the table does to rows that are written
 * @param access what the login may do around the table
 */
public record TargetTable(
    String schema,
    String name,
    Kind kind,
    List<TargetColumn> columns,
    List<List<String>> keys,
    List<SelfReference> selfReferences,
    Hooks hooks,
    Access access) {

  public TargetTable {
    columns = List.copyOf(columns);
    keys = keys.stream().map(List::copyOf).toList();
    selfReferences = List.copyOf(selfReferences);
  }

  /** What a relation is. */
  public enum Kind {
    /** A table, partitioned or not. */
    Table,
    /** One of which, or of a partition of which, a crash of the server leaves nothing. */
    Unlogged,
    /**
     * A foreign table, or one with such a partition: takes rows, but knows no {@code ON CONFLICT DO
     * UPDATE}, and the other server commits first.
     */
    Foreign,
    /** A view of any kind, which is not loaded into. */
    View
  }

  /**
   * A foreign key that points back to its own table.
   *
   * @param name the constraint's name
   * @param columns the columns that point
   * @param parents those that they point to, in the same order
   */
  public record SelfReference(String name, List<String> columns, List<String> parents) {

    public SelfReference {
      columns = List.copyOf(columns);
      parents = List.copyOf(parents);
    }
  }

  /**
   * What a table does to rows that are written, besides keeping them.
   *
   * @param rules whether a rule rewrites statements that insert or update
   * @param droppers names of row triggers that may keep a row out, without an error
   * @param checks whether it has check constraints, or takes only some rows since it is a partition
   * @param comparable whether rows may be compared with those there instead of being written: no
   *     trigger is to see them, it has no partitions, of which each would be locked, each
   *     constraint holds for what is there, and unique indexes are of use for looking rows up
   */
  public record Hooks(boolean rules, List<String> droppers, boolean checks, boolean comparable) {
    /** Nothing. */
    public static final Hooks NONE = new Hooks(false, List.of(), false, true);

    public Hooks {
      droppers = List.copyOf(droppers);
    }
  }

  /**
   * What the login may do around a table.
   *
   * @param schemaUsage whether it may use the table's schema at all
   * @param temporaryTables whether it may create temporary tables, which an upsert needs
   * @param rowSecurity whether row security applies to it, under which {@code COPY} is refused
   */
  public record Access(boolean schemaUsage, boolean temporaryTables, boolean rowSecurity) {}

  /** {@code schema.name}, for people. */
  public String displayName() {
    return schema + "." + name;
  }

  /** The quoted name, for SQL. */
  public String sqlName() {
    return Quote.identifier(schema) + "." + Quote.identifier(name);
  }

  /** The column of a name. */
  public Optional<TargetColumn> column(String columnName) {
    return columns.stream().filter(c -> c.name().equals(columnName)).findFirst();
  }

  /** The first key all of whose columns are among those that a record brings. */
  public Optional<List<String>> keyWithin(Collection<String> brought) {
    Set<String> names = new HashSet<>(brought);
    return keys.stream().filter(names::containsAll).findFirst();
  }
}
