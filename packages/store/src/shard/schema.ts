/**
 * The one schema of all shards (SPEC.md, S2). Column order is the schema's; names, types and meaning
 * never change within format 1. A reader ignores columns it does not know and treats absent optional ones as
 * null.
 */
import type { SchemaElement } from 'hyparquet';

const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

/** Microseconds since 1970 UTC. */
const TIMESTAMP = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
} as const;

/** Name of a column that this version knows. */
export type ColumnName = 'writer' | 'seq' | 'kind' | 'key' | 'step' | 'time' | 'value' | 'data';

export const COLUMNS: Readonly<Record<ColumnName, SchemaElement>> = {
  writer: { name: 'writer', ...STRING, repetition_type: 'REQUIRED' },
  seq: { name: 'seq', type: 'INT64', repetition_type: 'REQUIRED' },
  kind: { name: 'kind', ...STRING, repetition_type: 'REQUIRED' },
  key: { name: 'key', ...STRING, repetition_type: 'REQUIRED' },
  step: { name: 'step', type: 'INT64', repetition_type: 'OPTIONAL' },
  time: { name: 'time', ...TIMESTAMP, repetition_type: 'REQUIRED' },
  value: { name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  data: { name: 'data', ...STRING, repetition_type: 'OPTIONAL' },
};

/** The schema as Parquet lists it: the root, then the columns. */
export const SCHEMA: SchemaElement[] = [
  { name: 'lamella', num_children: Object.keys(COLUMNS).length },
  ...Object.values(COLUMNS),
];
