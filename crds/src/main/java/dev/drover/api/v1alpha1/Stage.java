package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One station of the chain, of exactly one kind. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "[has(self.extract), has(self.transform), has(self.enrich), has(self.load)]"
            + ".filter(k, k).size() == 1",
    message =
        "a stage has exactly one of extract, transform, enrich and load; make two stages of it")
@ValidationRule(
    value = "has(self.extract) != has(self.from)",
    message = "from: an extract has none, every other stage names the stage whose queue it reads")
@ValidationRule(
    value = "!has(self.extract) || !has(self.backfill) || !self.backfill",
    message = "backfill: an extract reads all there is by itself; remove it")
@ValidationRule(
    value = "!has(self.from) || self.from != self.name",
    message = "from: a stage cannot read its own queue")
public record Stage(
    @Required
        @Size(min = 1, max = 30)
        @Pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of the stage, unique in its Migration.")
        String name,
    @Size(min = 1, max = 30)
        @JsonPropertyDescription(
            "The stage whose queue this one reads. An extract has none. Several stages may read one"
                + " queue, each gets every record.")
        @Nullable String from,
    @JsonPropertyDescription("Reads tables of a database.") @Nullable Extract extract,
    @JsonPropertyDescription("Judges and changes records by rules.") @Nullable Transform transform,
    @JsonPropertyDescription("Adds to each record what a database or a server has for it.")
        @Nullable Enrich enrich,
    @JsonPropertyDescription("Writes records to a database.") @Nullable Load load,
    @JsonPropertyDescription("How many workers the stage has.") @Default("{}") Scale scale,
    @JsonPropertyDescription(
            "How many records may fail at this stage before it is paused, in place of"
                + " spec.errorBudget.")
        @Nullable ErrorBudget errorBudget,
    @JsonPropertyDescription(
            "true stops this stage's workers once they have finished what they hold. Its queue is"
                + " kept and fills up; the stages after it go on with what they have. false goes on"
                + " where it stopped.")
        @Default("false")
        boolean suspend,
    @JsonPropertyDescription(
            "Of a stage that joins a Migration under way: true gives it all records, also those that"
                + " had passed. It reads, instead of the queue of from, a copy of all stages up to"
                + " there, which extracts every row once more for this stage alone, with queues,"
                + " failed records and connections of its own; the other stages go on as they were."
                + " false gives it what is queued. It cannot be changed later.")
        @Default("false")
        boolean backfill) {

  @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
  public Stage {
    scale = scale == null ? Scale.DEFAULT : scale;
  }

  /** Reads tables. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Extract(
      @Required @Size(min = 1, max = 40) @JsonPropertyDescription("The connection to read from.")
          String connectionName,
      @Required
          @Size(min = 1, max = 500)
          @JsonPropertyDescription(
              "Tables to read, as schema.table; * stands for any run of characters:"
                  + " [\"public.orders\", \"public.order_*\"]. Tables that others refer to by foreign"
                  + " key are read first.")
          List<@Size(min = 3, max = 130) @Pattern("^[^.]+\\.[^.]+$") String> tables,
      @Default("100000")
          @Min(100)
          @Max(10000000)
          @JsonPropertyDescription(
              "About how many records one split holds. A split is the unit that a worker reads and,"
                  + " after a crash, resumes; splits are read in parallel. One that turns out twice as"
                  + " long or longer, as where a table has grown since it was planned, is cut"
                  + " again while it is read.")
          @Nullable Integer splitRecords,
      @Default("Batch")
          @JsonPropertyDescription(
              "Batch reads each row as of when its batch is read, and holds nothing at the source for"
                  + " long. Snapshot reads all rows of all tables as of one moment: a pod of its own"
                  + " keeps one transaction open until all is read, which takes one of the"
                  + " connection's maxConnections, keeps the source from cleaning up old row versions"
                  + " and makes changes to the tables themselves (TRUNCATE, ALTER, DROP) wait. If that"
                  + " session ends before, the rest cannot be read: the Migration says SnapshotLost"
                  + " and has to be made anew.")
          Consistency consistency) {
    @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
    public Extract {
      splitRecords = splitRecords == null ? 100_000 : splitRecords;
      consistency = consistency == null ? Consistency.Batch : consistency;
    }
  }

  /** Judges and changes records. */
  public record Transform(
      @Required
          @Size(min = 1, max = 100)
          @JsonPropertyDescription(
              "Applied in order to each record; the first step that fails decides. Expressions are"
                  + " CEL over record (the record's fields, typed) and table (its source table, a"
                  + " string), checked against the real tables before anything starts.")
          List<Step> steps) {}

  /** Adds to each record what a query finds for it, or what a server answers. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.query) != has(self.http)",
      message = "enrich: exactly one of query (with its connectionName) and http")
  @ValidationRule(
      value = "has(self.query) == has(self.connectionName)",
      message = "enrich: query and connectionName go together, and neither with http")
  public record Enrich(
      @Size(min = 1, max = 40)
          @JsonPropertyDescription("The connection to look in, if a query is asked.")
          @Nullable String connectionName,
      @Size(max = 100)
          @JsonPropertyDescription(
              "Source tables whose records are looked up, as schema.table, * for any run of"
                  + " characters. Records of others pass unchanged. Without it all are looked up.")
          List<@Size(min = 3, max = 130) @Pattern("^[^.]+\\.[^.]+$") String> tables,
      @Size(min = 1, max = 10000)
          @JsonPropertyDescription(
              "One SELECT for one record, with :field (or :\"Field\") for each field of the record"
                  + " that it is looked up by: select tier from customers where id = :customer_id."
                  + " The columns of its row are added to the record. It is asked for all"
                  + " different keys of a batch at once, in a session that cannot write. More than"
                  + " one row for a record makes it a failed one (LookupAmbiguous).")
          @Nullable String query,
      @JsonPropertyDescription(
              "A server to ask over HTTP, once for each different key of a batch. While it is away,"
                  + " slow, refuses the credentials or answers no JSON the stage waits and no record"
                  + " fails; a key that it refuses (400, 422) makes its records failed ones"
                  + " (LookupRefused).")
          @Nullable HttpLookup http,
      @Default("Fail")
          @JsonPropertyDescription(
              "What becomes of a record for which nothing is found. Fail makes it a failed one"
                  + " (LookupMissing), Keep lets it go on with nulls, Drop leaves it out.")
          OnMissing onMissing,
      @JsonPropertyDescription(
              "Keeps answers in each worker, also that there is nothing. Without it each batch asks"
                  + " anew. A failed record that is sent again is always looked up anew.")
          @Nullable Cache cache,
      @Default("30")
          @Min(1)
          @Max(600)
          @JsonPropertyDescription(
              "Seconds after which a query or a request is given up. No record fails by that: the"
                  + " stage says LookupTimedOut and asks again, a database for fewer keys.")
          @Nullable Integer timeoutSeconds) {
    @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
    public Enrich {
      tables = tables == null ? List.of() : List.copyOf(tables);
      onMissing = onMissing == null ? OnMissing.Fail : onMissing;
      timeoutSeconds = timeoutSeconds == null ? 30 : timeoutSeconds;
    }
  }

  /** Answers that are kept. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Cache(
      @Default("100000")
          @Min(1)
          @Max(10000000)
          @JsonPropertyDescription(
              "The most answers that a worker keeps, in its memory; fewer if they would take more than"
                  + " a quarter of its heap.")
          @Nullable Integer maxEntries,
      @Default("600")
          @Min(1)
          @Max(86400)
          @JsonPropertyDescription("Seconds for which an answer is taken to be true.")
          @Nullable Integer ttlSeconds) {
    public Cache {
      maxEntries = maxEntries == null ? 100_000 : maxEntries;
      ttlSeconds = ttlSeconds == null ? 600 : ttlSeconds;
    }
  }

  /** What becomes of a record for which there is nothing. */
  public enum OnMissing {
    /** It fails. */
    Fail,
    /** It goes on, with nulls. */
    Keep,
    /** It is left out. */
    Drop
  }

  /** Writes records. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Load(
      @Required @Size(min = 1, max = 40) @JsonPropertyDescription("The connection to write to.")
          String connectionName,
      @Size(min = 1, max = 63)
          @JsonPropertyDescription(
              "Schema of the target tables. Without it a record goes to the schema it came from.")
          @Nullable String schema,
      @Default("Upsert")
          @JsonPropertyDescription(
              "Upsert replaces a row whose key exists already. Insert makes such a record a failed"
                  + " one.")
          LoadMode mode,
      @Size(max = 500)
          @JsonPropertyDescription("Target tables whose name differs from their source's.")
          List<TableMapping> tables,
      @Default("Never")
          @JsonPropertyDescription(
              "IfMissing makes a table that the target lacks, from its source's columns as the"
                  + " stages before leave them: types, not null, key, identity, simple defaults, enum"
                  + " types; no foreign keys, checks, secondary indexes or triggers. Never refuses"
                  + " to start without it.")
          CreateTables createTables,
      @Default("Keep")
          @JsonPropertyDescription(
              "Defer drops the secondary indexes and foreign keys of the target tables before their"
                  + " first row and builds them when all records are decided; the login must own the"
                  + " tables. A record whose parent is missing is then loaded, and its foreign key"
                  + " refused at the end. Keep leaves them as they are.")
          Indexes indexes) {
    @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
    public Load {
      createTables = createTables == null ? CreateTables.Never : createTables;
      indexes = indexes == null ? Indexes.Keep : indexes;
      mode = mode == null ? LoadMode.Upsert : mode;
      tables = tables == null ? List.of() : List.copyOf(tables);
    }
  }

  /** As of when rows are read. */
  public enum Consistency {
    /** Each as of when its batch is read. */
    Batch,
    /** All of all tables as of one moment. */
    Snapshot
  }

  /** How a row is written. */
  public enum LoadMode {
    /** A row whose key exists is replaced. */
    Upsert,
    /** A row whose key exists is a failed record. */
    Insert
  }

  /** Whether tables that the target lacks are made. */
  public enum CreateTables {
    /** A table that is missing is an error of the plan. */
    Never,
    /** A table that is missing is made. */
    IfMissing
  }

  /** What becomes of secondary indexes and foreign keys while records are loaded. */
  public enum Indexes {
    /** They stay. */
    Keep,
    /** They are dropped before and built after. */
    Defer
  }

  /** A table with another name at the target. */
  public record TableMapping(
      @Required
          @Size(min = 3, max = 130)
          @Pattern("^[^.]+\\.[^.]+$")
          @JsonPropertyDescription("Source table, schema.table.")
          String from,
      @Required
          @Size(min = 3, max = 130)
          @Pattern("^[^.]+\\.[^.]+$")
          @JsonPropertyDescription("Target table, schema.table.")
          String to) {}

  /** How many workers a stage has. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
  @ValidationRule(
      value = "self.minReplicas <= self.maxReplicas",
      message = "scale: minReplicas is more than maxReplicas")
  public record Scale(
      @Default("0")
          @Min(0)
          @Max(1000)
          @JsonPropertyDescription(
              "The fewest workers while the stage may get work; 0 lets it go away when nothing waits"
                  + " and nothing is on its way. Once all is done none stays.")
          @Nullable Integer minReplicas,
      @Default("1")
          @Min(1)
          @Max(1000)
          @JsonPropertyDescription(
              "The most workers, however long the queue. A connection's maxConnections may hold it"
                  + " lower.")
          @Nullable Integer maxReplicas,
      @Default("30")
          @Min(1)
          @Max(86400)
          @JsonPropertyDescription(
              "Seconds in which the stage's backlog should be gone. Fewer call for more workers at"
                  + " once, more for fewer that work longer; what arrives meanwhile is kept up with"
                  + " either way.")
          @Nullable Integer targetDrainSeconds,
      @Min(1)
          @Max(1000000000)
          @JsonPropertyDescription(
              "The most records a second that the stage takes, all its workers together; each gets"
                  + " an equal share. A batch is taken whole, so it holds over some batches, not in"
                  + " every second. Without it there is no limit. An edit takes effect in seconds"
                  + " and restarts no worker.")
          @Nullable Long maxRecordsPerSecond,
      @Size(max = 20)
          @JsonPropertyDescription(
              "When the stage may run, or must be slower. With windows that have no"
                  + " maxRecordsPerSecond it runs only while one of these is open, and finishes what"
                  + " it holds when they close. While a window with maxRecordsPerSecond is open, the"
                  + " stage keeps to it.")
          List<Window> windows) {
    static final Scale DEFAULT = new Scale(0, 1, 30, null, List.of());

    public Scale {
      minReplicas = minReplicas == null ? 0 : minReplicas;
      maxReplicas = maxReplicas == null ? Math.max(1, minReplicas) : maxReplicas;
      targetDrainSeconds = targetDrainSeconds == null ? 30 : targetDrainSeconds;
      windows = windows == null ? List.of() : List.copyOf(windows);
    }
  }

  /** A time that comes again and again. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Window(
      @Required
          @Size(min = 9, max = 100)
          @JsonPropertyDescription(
              "When it opens, as a cron expression of five fields (minute, hour, day of month,"
                  + " month, day of week): 0 22 * * 1-5.")
          String start,
      @Required @Min(1) @Max(44640) @JsonPropertyDescription("Minutes for which it stays open.")
          int durationMinutes,
      @Default("UTC")
          @Size(min = 1, max = 60)
          @JsonPropertyDescription(
              "Time zone of start, such as Europe/Berlin, with its summer time.")
          @Nullable String timeZone,
      @Min(1)
          @Max(1000000000)
          @JsonPropertyDescription(
              "The most records a second of the stage while the window is open; without it the"
                  + " stage runs only in such windows.")
          @Nullable Long maxRecordsPerSecond) {
    public Window {
      timeZone = timeZone == null ? "UTC" : timeZone;
    }
  }
}
