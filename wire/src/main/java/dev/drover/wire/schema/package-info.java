/** Record schemas and the types of their columns, as they travel on the wire. */
@org.jspecify.annotations.NullMarked
package dev.drover.wire.schema;
