package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import dev.drover.worker.postgres.target.TargetColumn.Grants;
import dev.drover.worker.postgres.target.TargetTable.Kind;
import dev.drover.worker.postgres.target.TargetTable.SelfReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TargetCatalogIT {
  @BeforeEach
  void clean() throws Exception {
    execute("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop");
  }

  @Test
  void columns_are_described_with_types_defaults_and_who_fills_them() throws Exception {
    execute(
        """
        CREATE DOMAIN shop.code AS varchar(8) NOT NULL DEFAULT 'x';
        CREATE TABLE shop.t (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          gone integer,
          n numeric(10,2) NOT NULL,
          code shop.code,
          serial serial,
          twice numeric GENERATED ALWAYS AS (n * 2) STORED,
          virtual numeric GENERATED ALWAYS AS (n * 3) VIRTUAL);
        ALTER TABLE shop.t DROP COLUMN gone
        """);

    TargetTable table = table("shop.t");

    assertThat(table.columns())
        .extracting(
            TargetColumn::name,
            TargetColumn::type,
            TargetColumn::nullable,
            TargetColumn::hasDefault,
            TargetColumn::filling)
        .containsExactly(
            of("id", ColumnType.BIGINT, false, true, Filling.IdentityAlways),
            of("n", ColumnType.DECIMAL, false, false, Filling.Open),
            of("code", ColumnType.TEXT, false, true, Filling.Open),
            of("serial", ColumnType.INTEGER, false, true, Filling.Open),
            of("twice", ColumnType.DECIMAL, true, true, Filling.Computed),
            of("virtual", ColumnType.DECIMAL, true, true, Filling.Computed));
    assertThat(table.column("n").orElseThrow().nativeType()).isEqualTo("numeric(10,2)");
  }

  private static org.assertj.core.groups.Tuple of(Object... values) {
    return org.assertj.core.groups.Tuple.tuple(values);
  }

  @Test
  void only_keys_that_an_upsert_can_use_count_and_the_primary_key_comes_first() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (
          a integer NOT NULL UNIQUE, b integer, c integer NOT NULL, d integer UNIQUE,
          e integer NOT NULL UNIQUE DEFERRABLE, PRIMARY KEY (c, a) INCLUDE (b));
        CREATE UNIQUE INDEX ON shop.t (abs(a));
        CREATE UNIQUE INDEX ON shop.t (c) WHERE b > 0
        """);

    assertThat(table("shop.t").keys()).containsExactly(List.of("c", "a"), List.of("a"));
  }

  @Test
  void what_a_table_does_to_rows_is_known_also_of_its_partitions() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer) PARTITION BY RANGE (id);
        CREATE TABLE shop.p PARTITION OF shop.t DEFAULT;
        CREATE TABLE shop.ruled (id integer);
        CREATE RULE r AS ON UPDATE TO shop.ruled DO ALSO SELECT 1;
        CREATE VIEW shop.v AS SELECT 1;
        CREATE FUNCTION shop.pick() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN IF NEW.id < 0 THEN RETURN  NULL; END IF; RETURN NEW; END';
        CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN RETURN NEW; END';
        CREATE TRIGGER after_all AFTER INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.pick();
        CREATE TRIGGER before_update BEFORE UPDATE ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.pick();
        CREATE TRIGGER stamp BEFORE INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.stamp();
        CREATE TRIGGER off BEFORE INSERT ON shop.p FOR EACH ROW EXECUTE FUNCTION shop.pick();
        ALTER TABLE shop.p DISABLE TRIGGER off;
        CREATE TRIGGER pick BEFORE INSERT OR UPDATE ON shop.p FOR EACH ROW EXECUTE FUNCTION shop.pick()
        """);

    assertThat(table("shop.t").hooks())
        .isEqualTo(new TargetTable.Hooks(false, List.of("pick"), false, false));
    assertThat(table("shop.ruled").hooks())
        .isEqualTo(new TargetTable.Hooks(true, List.of(), false, true));
    assertThat(table("shop.v").hooks())
        .isEqualTo(new TargetTable.Hooks(false, List.of(), false, false));
  }

  @Test
  void it_is_known_where_rows_may_be_compared_instead_of_written() throws Exception {
    execute(
        """
        CREATE TABLE shop.plain (id integer PRIMARY KEY, code text UNIQUE, extra text);
        CREATE TABLE shop.child (parent integer REFERENCES shop.plain);
        CREATE TABLE shop.heir () INHERITS (shop.plain);
        CREATE TABLE shop.parts (id integer) PARTITION BY RANGE (id);
        CREATE TABLE shop.part PARTITION OF shop.parts DEFAULT;
        CREATE TABLE shop.collated (id integer, code text, extra text);
        CREATE UNIQUE INDEX ON shop.collated (id, code COLLATE "C") INCLUDE (extra);
        CREATE TABLE shop.covering (id integer, code text, UNIQUE (id) INCLUDE (code));
        CREATE TABLE shop.unsure (id integer PRIMARY KEY);
        ALTER TABLE shop.unsure ADD CHECK (id > 0) NOT VALID;
        CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
        """);
    assertThat(
            comparable("plain", "child", "heir", "parts", "part", "collated", "covering", "unsure"))
        .containsExactly("plain", "child", "heir", "part", "covering");

    execute(
        """
        CREATE TRIGGER t BEFORE INSERT ON shop.parts FOR EACH ROW EXECUTE FUNCTION shop.stamp();
        CREATE TRIGGER t AFTER UPDATE ON shop.heir EXECUTE FUNCTION shop.stamp()
        """);
    assertThat(comparable("heir", "part")).isEmpty();
  }

  @Test
  void check_constraints_are_known() throws Exception {
    execute(
        """
        CREATE TABLE shop.free (id integer NOT NULL);
        CREATE TABLE shop.checked (id integer CHECK (id > 0))
        """);

    assertThat(table("shop.free").hooks().checks()).isFalse();
    assertThat(table("shop.checked").hooks().checks()).isTrue();
  }

  private static List<String> comparable(String... names) throws Exception {
    List<String> those = new ArrayList<>();
    for (String name : names) {
      if (table("shop." + name).hooks().comparable()) {
        those.add(name);
      }
    }
    return those;
  }

  @Test
  void elements_of_arrays_are_followed_beneath_their_domains() throws Exception {
    execute(
        """
        CREATE DOMAIN shop.price AS numeric(10,2);
        CREATE DOMAIN shop.low AS shop.price CHECK (VALUE < 10);
        CREATE DOMAIN shop.prices AS shop.low[];
        CREATE TABLE shop.t (a shop.low[], b shop.prices, c numeric(10,2)[], d integer[])
        """);

    assertThat(table("shop.t").columns())
        .extracting(TargetColumn::storedType)
        .containsExactly("numeric(10,2)[]", "numeric(10,2)[]", "numeric(10,2)[]", "integer[]");
  }

  @Test
  void a_composite_type_is_told_by_its_fields() throws Exception {
    execute(
        """
        CREATE TYPE shop.price AS (gone text, amount numeric(10,2), "by" timestamp(0));
        ALTER TYPE shop.price DROP ATTRIBUTE gone;
        CREATE DOMAIN shop.low AS shop.price CHECK ((VALUE).amount < 10);
        CREATE TABLE shop.t (a shop.price, b shop.price[], c shop.low, d text)
        """);

    String price = "ROW(numeric(10,2),timestamp(0) without time zone)";
    assertThat(table("shop.t").columns())
        .extracting(TargetColumn::storedType)
        .containsExactly(price, price + "[]", price, "text");
    assertThat(table("shop.t").columns())
        .extracting(TargetColumn::nativeType)
        .containsExactly("shop.price", "shop.price[]", "shop.low", "text");
  }

  @Test
  void references_to_the_table_itself_are_known() throws Exception {
    execute(
        """
        CREATE TABLE shop.p (id integer PRIMARY KEY);
        CREATE TABLE shop.t (gone integer, id integer PRIMARY KEY, shop integer,
          boss integer CONSTRAINT boss_exists REFERENCES shop.t, p integer REFERENCES shop.p,
          UNIQUE (id, shop),
          CONSTRAINT mate_exists FOREIGN KEY (boss, shop) REFERENCES shop.t (id, shop));
        ALTER TABLE shop.t DROP COLUMN gone
        """);

    assertThat(table("shop.t").selfReferences())
        .containsExactly(
            new SelfReference("boss_exists", List.of("boss"), List.of("id")),
            new SelfReference("mate_exists", List.of("boss", "shop"), List.of("id", "shop")));
  }

  @Test
  void grants_are_those_of_the_login_by_table_or_column() throws Exception {
    execute(
        """
        DROP ROLE IF EXISTS loader; CREATE ROLE loader LOGIN;
        CREATE TABLE shop.t (a integer, b integer);
        GRANT SELECT ON shop.t TO loader; GRANT INSERT (a) ON shop.t TO loader;
        ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY
        """);

    try (Connection connection = TargetServer.connectAs("loader")) {
      TargetTable table = TargetCatalog.find(connection, "shop.t").orElseThrow();

      assertThat(table.column("a").orElseThrow().grants()).isEqualTo(new Grants(true, false, true));
      assertThat(table.column("b").orElseThrow().grants())
          .isEqualTo(new Grants(false, false, true));
      assertThat(table.access().schemaUsage()).isFalse();
      assertThat(table.access().rowSecurity()).isTrue();
      assertThat(table.access().temporaryTables()).isTrue();
    }
  }

  @Test
  void relations_are_what_they_and_their_partitions_are() throws Exception {
    execute(
        """
        CREATE TABLE shop.p (id integer) PARTITION BY HASH (id);
        CREATE VIEW shop.v AS SELECT * FROM shop.p;
        CREATE UNLOGGED TABLE shop.u (id integer);
        CREATE TABLE shop.q (id integer) PARTITION BY HASH (id);
        CREATE UNLOGGED TABLE shop.q_0 PARTITION OF shop.q FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE shop.f (id integer) SERVER nowhere;
        CREATE TABLE shop.r (id integer) PARTITION BY HASH (id);
        CREATE FOREIGN TABLE shop.r_0 PARTITION OF shop.r FOR VALUES WITH (MODULUS 1, REMAINDER 0)
          SERVER nowhere
        """);

    assertThat(table("shop.p").kind()).isEqualTo(Kind.Table);
    assertThat(table("shop.v").kind()).isEqualTo(Kind.View);
    assertThat(table("shop.u").kind()).isEqualTo(Kind.Unlogged);
    assertThat(table("shop.q").kind()).isEqualTo(Kind.Unlogged);
    assertThat(table("shop.f").kind()).isEqualTo(Kind.Foreign);
    assertThat(table("shop.r").kind()).isEqualTo(Kind.Foreign);
    try (Connection connection = TargetServer.connect()) {
      assertThat(TargetCatalog.find(connection, "shop.missing")).isEmpty();
    }
    execute("DROP FOREIGN DATA WRAPPER nothing CASCADE");
  }

  @Test
  void a_table_that_is_no_longer_logged_is_not_as_it_was_found() throws Exception {
    execute("CREATE TABLE shop.w (id integer)");
    TargetTable found = table("shop.w");
    try (Connection connection = TargetServer.connect()) {
      TargetCatalog.requireAsFound(connection, found);
      execute("ALTER TABLE shop.w SET UNLOGGED");
      assertThatThrownBy(() -> TargetCatalog.requireAsFound(connection, found))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("SET LOGGED");
    }
  }
}
