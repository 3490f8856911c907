package dev.drover.worker.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttributesIT {
  private static Connection connection;

  @BeforeAll
  static void open() throws Exception {
    connection = PostgresServer.newDatabase().open("test");
    execute(
        """
        CREATE TYPE mood AS ENUM ('happy', 'so so');
        CREATE TYPE pair AS (a int, b int);
        CREATE DOMAIN small AS int CHECK (VALUE < 100);
        CREATE DOMAIN smaller AS small CHECK (VALUE < 10);
        CREATE DOMAIN moods AS mood[];
        CREATE DOMAIN feeling AS mood
        """);
  }

  @AfterAll
  static void close() throws Exception {
    connection.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "boolean | BOOLEAN",
        "smallint | SMALLINT",
        "integer | INTEGER",
        "bigint | BIGINT",
        "numeric(10,2) | DECIMAL",
        "real | REAL",
        "double precision | DOUBLE",
        "text | TEXT",
        "character(5) | TEXT",
        "character varying(7) | TEXT",
        "name | TEXT",
        "bytea | BYTES",
        "date | DATE",
        "time without time zone | TIME",
        "time with time zone | OTHER",
        "timestamp without time zone | TIMESTAMP",
        "timestamp(3) with time zone | TIMESTAMPTZ",
        "interval | OTHER",
        "uuid | UUID",
        "json | JSON",
        "jsonb | JSON",
        "public.mood | ENUM",
        "integer[] | ARRAY",
        "public.mood[] | ARRAY",
        "int2vector | OTHER",
        "public.small | INTEGER",
        "public.smaller | INTEGER",
        "public.moods | ARRAY",
        "public.feeling | ENUM",
        "inet | OTHER",
        "int4range | OTHER",
        "tsvector | OTHER",
        "point | OTHER",
        "xml | OTHER",
        "\"char\" | OTHER",
        "public.pair | OTHER",
      })
  void a_native_type_travels_as(String nativeType, ColumnType type) throws Exception {
    execute("DROP TABLE IF EXISTS t; CREATE TABLE t (c " + nativeType + ")");
    assertThat(read("t"))
        .extracting(Attribute::column)
        .containsExactly(new Column("c", type, true, nativeType));
  }

  @Test
  void nullability_generation_and_defaults_are_told() throws Exception {
    execute(
        """
        CREATE TABLE kinds (id int GENERATED ALWAYS AS IDENTITY, gone int, a int NOT NULL,
          b int DEFAULT 1, c int GENERATED ALWAYS AS (a + 1) STORED, d int);
        ALTER TABLE kinds DROP COLUMN gone;
        ALTER TABLE kinds ADD CONSTRAINT later NOT NULL d NOT VALID
        """);
    assertThat(read("kinds"))
        .extracting(
            Attribute::number,
            a -> a.column().name(),
            a -> a.column().nullable(),
            Attribute::generated,
            Attribute::defaulted)
        .containsExactly(
            tuple(1, "id", false, false, true),
            tuple(3, "a", false, false, false),
            tuple(4, "b", true, false, true),
            tuple(5, "c", true, true, true),
            tuple(6, "d", true, false, false));
  }

  private static List<Attribute> read(String table) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL search_path = pg_catalog");
      try (ResultSet row =
          statement.executeQuery("SELECT 'public." + table + "'::regclass::oid::int8")) {
        row.next();
        long oid = row.getLong(1);
        return Attributes.of(connection, List.of(oid)).getOrDefault(oid, List.of());
      }
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
