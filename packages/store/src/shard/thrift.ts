/**
 * Walks Thrift's compact protocol without building anything, and refuses what an honest writer cannot have
 * written: lists longer than the bytes left, varints of more than ten bytes, deep nesting, millions of structs.
 * hyparquet's parser allocates what a list header announces, so a hostile footer of a few bytes could exhaust
 * memory; this pass costs a few nanoseconds a byte and makes parsing safe.
 */
import { LamellaError } from '../record/error.ts';

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
const DEPTH_MAX = 16;
const VARINT_MAX = 10;
/** Strings, lists and structs together: each becomes an object. The 512 row groups of 2^24 rows have 40,000. */
const OBJECTS_MAX = 2 ** 20;

/** Returns the offset after the struct that begins at `offset`. Errors: corrupt. */
export function checkThriftStruct(bytes: Uint8Array, offset: number): number {
  const walk = new ThriftWalk(bytes, offset);
  walk.struct(0);
  return walk.at;
}

class ThriftWalk {
  at: number;
  #objects = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.at = offset;
  }

  struct(depth: number): void {
    if (depth > DEPTH_MAX) this.#refuse('nested too deeply');
    for (;;) {
      const header = this.#byte();
      const type = header & 15;
      if (type === 0) return;
      if (header >> 4 === 0) this.#varint();
      if (type !== TRUE && type !== FALSE) this.#element(type, depth);
    }
  }

  #element(type: number, depth: number): void {
    if (type >= BINARY && ++this.#objects > OBJECTS_MAX) this.#refuse('too many values');
    if (type === BYTE || type === TRUE || type === FALSE) this.#skip(1);
    else if (type === I16 || type === I32 || type === I64) this.#varint();
    else if (type === DOUBLE) this.#skip(8);
    else if (type === BINARY) this.#skip(this.#varint());
    else if (type === LIST) this.#list(depth + 1);
    else if (type === STRUCT) this.struct(depth + 1);
    else this.#refuse(`type ${type}`);
  }

  #list(depth: number): void {
    const header = this.#byte();
    const size = header >> 4 === 15 ? this.#varint() : header >> 4;
    // Every element takes at least one byte.
    if (size > this.#bytes.length - this.at || depth > DEPTH_MAX) this.#refuse('a list longer than the rest');
    for (let i = 0; i < size; i++) this.#element(header & 15, depth);
  }

  /** The value matters only as a length, so more than 2^53 may be inexact. */
  #varint(): number {
    let value = 0;
    for (let i = 0; i < VARINT_MAX; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return this.#refuse('a number of more than ten bytes');
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.at) this.#refuse('a value longer than the rest');
    this.at += length;
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? this.#refuse('an early end');
  }

  #refuse(what: string): never {
    throw new LamellaError(
      'corrupt',
      `the Parquet footer or page header is damaged: ${what} at byte ${this.at}`,
    );
  }
}
