package dev.drover.wire.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One stage of a chain, of one kind. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = StageSpec.Extract.class, name = "extract"),
  @JsonSubTypes.Type(value = StageSpec.Transform.class, name = "transform"),
  @JsonSubTypes.Type(value = StageSpec.Enrich.class, name = "enrich"),
  @JsonSubTypes.Type(value = StageSpec.Load.class, name = "load")
})
public sealed interface StageSpec {
  /** The stage's name, unique in its chain. */
  String name();

  /** The stage whose queue this one reads; null for an extract. */
  @Nullable String from();

  /**
   * Reads tables.
   *
   * @param connectionName where to read
   * @param tables names or patterns, {@code schema.table} with {@code *} for any run of characters
   * @param splitRecords about how many records one split holds
   * @param consistency as of when the rows are read
   */
  record Extract(
      String name,
      String connectionName,
      List<String> tables,
      int splitRecords,
      Consistency consistency)
      implements StageSpec {
    @SuppressWarnings("NullAway") // a spec written before this field was there lacks it
    public Extract {
      tables = List.copyOf(tables);
      consistency = consistency == null ? Consistency.Batch : consistency;
    }

    /** An extract that reads each row as of its batch. */
    public Extract(String name, String connectionName, List<String> tables, int splitRecords) {
      this(name, connectionName, tables, splitRecords, Consistency.Batch);
    }

    @Override
    @com.fasterxml.jackson.annotation.JsonIgnore
    public @Nullable String from() {
      return null;
    }
  }

  /**
   * Judges and changes records by rules.
   *
   * @param steps the rules, applied in order
   */
  record Transform(String name, String from, List<Step> steps) implements StageSpec {
    public Transform {
      steps = List.copyOf(steps);
    }
  }

  /**
   * Adds to each record what is looked up for it: by a query or over HTTP, see {@link #lookup}.
   *
   * @param connectionName where a query is asked; null if none is
   * @param tables the source tables whose records are looked up, by name or pattern, the others
   *     pass unchanged; empty means all
   * @param query one SELECT for one record, with {@code :field} for the record's fields; null if
   *     none is asked
   * @param onMissing what becomes of a record for which nothing is found
   * @param cache how long answers are kept in a worker; null to ask for each batch
   * @param timeoutSeconds after which a query or a request is given up, and asked again
   * @param http the server to ask; null if a query is asked
   */
  record Enrich(
      String name,
      String from,
      @Nullable String connectionName,
      List<String> tables,
      @Nullable String query,
      OnMissing onMissing,
      @Nullable Cache cache,
      int timeoutSeconds,
      @JsonInclude(JsonInclude.Include.NON_NULL) LookupSpec.@Nullable Http http)
      implements StageSpec {
    public Enrich {
      tables = List.copyOf(tables);
    }

    /** An enrich that asks a query. */
    public Enrich(
        String name,
        String from,
        String connectionName,
        List<String> tables,
        String query,
        OnMissing onMissing,
        @Nullable Cache cache,
        int timeoutSeconds) {
      this(name, from, connectionName, tables, query, onMissing, cache, timeoutSeconds, null);
    }

    /** An enrich that asks a server. */
    public Enrich(
        String name,
        String from,
        List<String> tables,
        LookupSpec.Http http,
        OnMissing onMissing,
        @Nullable Cache cache,
        int timeoutSeconds) {
      this(name, from, null, tables, null, onMissing, cache, timeoutSeconds, http);
    }

    /**
     * What is asked.
     *
     * @throws IllegalStateException if there is not exactly one, which validation refuses
     */
    public LookupSpec lookup() {
      if (http != null && query == null) {
        return http;
      }
      if (http != null || query == null || connectionName == null) {
        throw new IllegalStateException(name + " has not exactly one lookup");
      }
      return new LookupSpec.Query(connectionName, query);
    }
  }

  /**
   * How long answers are kept.
   *
   * @param maxEntries the most answers that a worker keeps; fewer if its heap bears no more
   * @param ttlSeconds how long each is true
   */
  record Cache(int maxEntries, int ttlSeconds) {}

  /** What becomes of a record for which an enrich finds nothing. */
  enum OnMissing {
    /** It fails. */
    Fail,
    /** It goes on, with nulls. */
    Keep,
    /** It is left out. */
    Drop
  }

  /**
   * Writes records.
   *
   * @param connectionName where to write
   * @param schema the target schema; null keeps the source table's
   * @param mode how a row is written
   * @param tables target tables that differ in name from their source
   * @param createTables whether tables that the target lacks are made
   * @param indexes what becomes of secondary indexes and foreign keys while rows are loaded
   */
  record Load(
      String name,
      String from,
      String connectionName,
      @Nullable String schema,
      LoadMode mode,
      List<TableMapping> tables,
      CreateTables createTables,
      Indexes indexes)
      implements StageSpec {
    @SuppressWarnings("NullAway") // a spec written before these fields were there lacks them
    public Load {
      tables = List.copyOf(tables);
      createTables = createTables == null ? CreateTables.Never : createTables;
      indexes = indexes == null ? Indexes.Keep : indexes;
    }

    /** A load into tables that are there, with their indexes as they are. */
    public Load(
        String name,
        String from,
        String connectionName,
        @Nullable String schema,
        LoadMode mode,
        List<TableMapping> tables) {
      this(name, from, connectionName, schema, mode, tables, CreateTables.Never, Indexes.Keep);
    }

    /** The target of a source table, as {@code schema.table}. */
    public String targetOf(String sourceTable) {
      for (TableMapping mapping : tables) {
        if (mapping.from().equals(sourceTable)) {
          return mapping.to();
        }
      }
      int dot = sourceTable.indexOf('.');
      return schema == null ? sourceTable : schema + sourceTable.substring(dot);
    }
  }

  /** As of when the rows of an extract are read. */
  enum Consistency {
    /** Each row as of when its batch was read: nothing is held at the source for long. */
    Batch,
    /** All rows of all tables as of one moment: one transaction at the source holds it. */
    Snapshot
  }

  /** How a row is written to its table. */
  enum LoadMode {
    /** A row whose key exists replaces it. */
    Upsert,
    /** A row whose key exists is a failed record. */
    Insert
  }

  /** Whether a load makes tables that its target lacks. */
  enum CreateTables {
    /** A table that is missing keeps the migration from starting. */
    Never,
    /** A table that is missing is made from its source's. */
    IfMissing
  }

  /** What becomes of the secondary indexes and foreign keys of the tables that are loaded. */
  enum Indexes {
    /** They stay, and are kept up with every row. */
    Keep,
    /** They are dropped before a table's first row and built when all are loaded. */
    Defer
  }

  /**
   * A table that has another name at the target.
   *
   * @param from source table, {@code schema.table}
   * @param to target table, {@code schema.table}
   */
  record TableMapping(String from, String to) {}
}
