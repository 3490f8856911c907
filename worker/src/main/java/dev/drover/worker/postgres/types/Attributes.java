package dev.drover.worker.postgres.types;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the columns of relations from the server's catalogue, with their types on the wire. */
public final class Attributes {
  /**
   * Domains are followed down to their base type, those of an array's elements too. Since version
   * 18 {@code attnotnull} is set for constraints that are not validated yet, under which nulls may
   * still be stored.
   */
  private static final String QUERY =
      """
      WITH RECURSIVE picked AS (
        SELECT a.*
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = ANY (?) AND a.attnum > 0 AND NOT a.attisdropped
      ), base(declared, modifier, oid, stored) AS (
        SELECT DISTINCT atttypid, atttypmod, atttypid, atttypmod FROM picked
        UNION
        SELECT b.declared, b.modifier, t.typbasetype, t.typtypmod
        FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid
        WHERE t.typtype = 'd'
      )
      SELECT p.attrelid, p.attnum, p.attname,
        pg_catalog.format_type(p.atttypid, p.atttypmod) AS native,
        p.attnotnull AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint c
          WHERE c.conrelid = p.attrelid AND c.contype = 'n' AND NOT c.convalidated
            AND c.conkey = ARRAY[p.attnum]) AS notnull,
        p.attgenerated <> '' AS generated,
        p.atthasdef OR p.attidentity <> '' AS defaulted,
        CASE
          WHEN t.typtype = 'e' THEN 'enum'
          WHEN t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc THEN 'array'
          WHEN t.typname = 'citext' AND t.typcategory = 'S' THEN 'text'
          WHEN n.nspname = 'pg_catalog' THEN t.typname::text
          ELSE '' END AS base,
        COALESCE(
          (WITH RECURSIVE element(oid, modifier) AS (
             SELECT e.typbasetype, e.typtypmod FROM pg_catalog.pg_type e
             WHERE e.oid = t.typelem AND e.typtype = 'd'
               AND t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
             UNION ALL
             SELECT d.typbasetype, d.typtypmod
             FROM element e JOIN pg_catalog.pg_type d ON d.oid = e.oid
             WHERE d.typtype = 'd'
           )
           SELECT pg_catalog.format_type(e.oid, e.modifier) || '[]'
           FROM element e JOIN pg_catalog.pg_type s ON s.oid = e.oid
           WHERE s.typtype <> 'd'),
          (SELECT 'ROW('
             || pg_catalog.string_agg(
               pg_catalog.format_type(f.atttypid, f.atttypmod), ',' ORDER BY f.attnum)
             || CASE WHEN e.oid = t.oid THEN ')' ELSE ')[]' END
           FROM pg_catalog.pg_type e
           JOIN pg_catalog.pg_attribute f ON f.attrelid = e.typrelid
           WHERE e.typtype = 'c' AND f.attnum > 0 AND NOT f.attisdropped
             AND e.oid = CASE
               WHEN t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc THEN t.typelem
               ELSE t.oid END
           GROUP BY e.oid),
          pg_catalog.format_type(b.oid, b.stored)) AS stored
      FROM picked p
      JOIN base b ON b.declared = p.atttypid AND b.modifier = p.atttypmod
      JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype <> 'd'
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      ORDER BY p.attrelid, p.attnum
      """;

  private Attributes() {}

  /**
   * The columns of relations, in their order, by the relation's oid; relations that don't exist are
   * left out. Native types are written as the session's {@code search_path} asks: read with {@code
   * SET LOCAL search_path = pg_catalog} they mean the same in every session.
   */
  public static Map<Long, List<Attribute>> of(Connection connection, Collection<Long> relations)
      throws SQLException {
    Map<Long, List<Attribute>> found = new LinkedHashMap<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      Array oids = connection.createArrayOf("oid", relations.toArray());
      query.setArray(1, oids);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found
              .computeIfAbsent(row.getLong("attrelid"), oid -> new ArrayList<>())
              .add(attribute(row));
        }
      }
    }
    return found;
  }

  private static Attribute attribute(ResultSet row) throws SQLException {
    Column column =
        new Column(
            row.getString("attname"),
            typeOf(row.getString("base")),
            !row.getBoolean("notnull"),
            row.getString("native"));
    return new Attribute(
        row.getInt("attnum"),
        column,
        row.getString("stored"),
        row.getBoolean("generated"),
        row.getBoolean("defaulted"));
  }

  /** What has no exact form of its own travels as the server's text. */
  private static ColumnType typeOf(String base) {
    return switch (base) {
      case "bool" -> ColumnType.BOOLEAN;
      case "int2" -> ColumnType.SMALLINT;
      case "int4" -> ColumnType.INTEGER;
      case "int8" -> ColumnType.BIGINT;
      case "float4" -> ColumnType.REAL;
      case "float8" -> ColumnType.DOUBLE;
      case "numeric" -> ColumnType.DECIMAL;
      case "text", "bpchar", "varchar", "name" -> ColumnType.TEXT;
      case "bytea" -> ColumnType.BYTES;
      case "date" -> ColumnType.DATE;
      case "time" -> ColumnType.TIME;
      case "timestamp" -> ColumnType.TIMESTAMP;
      case "timestamptz" -> ColumnType.TIMESTAMPTZ;
      case "uuid" -> ColumnType.UUID;
      case "json", "jsonb" -> ColumnType.JSON;
      case "enum" -> ColumnType.ENUM;
      case "array" -> ColumnType.ARRAY;
      default -> ColumnType.OTHER;
    };
  }
}
