/**
 * Turns what `log` was given into frames. The hot path of the whole package: a call with the same keys as the last
 * one and nothing but numbers is written value by value into the buffer, without a string or an object.
 *
 * Lists of keys are numbered on first use (a *shape*). They are found again by a tree of maps, so that a loop
 * that logs two kinds of calls in turn stays quick.
 */
import { FrameEncoder } from '../pipe/encode.ts';
import { FRAME, TAG } from '../pipe/frame.ts';
import { INT64_RULE, isInt64, toJsonText, UnkeepableValue } from './value.ts';

/** Shapes beyond this are a program that makes up names; they are defined again with every call. */
const SHAPES_MAX = 4096;

/** The store's limits for one call (CALL_ROWS_MAX, CALL_BYTES_MAX); ours counts the names, too. */
const ROWS_MAX = 65_536;
const BYTES_MAX = 16 * 1024 * 1024;

/** The store's limit for a name (KEY_BYTES_MAX); it shortens longer ones. */
const KEY_BYTES_MAX = 512;

interface Shape {
  readonly id: number;
  readonly keys: readonly string[];
}

interface ShapeNode {
  readonly next: Map<string, ShapeNode>;
  shape: Shape | null;
}

export type Metrics = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** Told about every key whose value is not kept, and about calls that are too large. */
export type Refuse = (topic: string, text: string) => void;

export class CallEncoder {
  /** What is to be sent after `encode` returned more than 0. */
  readonly frames: FrameEncoder = new FrameEncoder();
  readonly #refuse: Refuse;
  #root: ShapeNode = { next: new Map(), shape: null };
  #shapes: Shape[] = [];
  #last: Shape = { id: -1, keys: [] };

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** All definitions so far, for a new pipe. */
  defineShapes(into: FrameEncoder): void {
    for (const { id, keys } of this.#shapes) into.shape(id, keys);
  }

  /**
   * Encodes one call into `frames`. Answers its number of rows; 0: there is nothing to send; negative: that many
   * rows were refused as a call that is too large. `origin`: of STEP_ORIGIN. Never throws because of what is in `metrics`.
   */
  encode(
    metrics: Metrics,
    kind: number,
    timeMs: number,
    step: number | bigint | null,
    origin: number,
  ): number {
    const { frames } = this;
    const { id, keys } = this.#last;
    const count = keys.length;
    frames.reset();
    if (id < 0) return this.#encodeSlowly(metrics, kind, timeMs, step, origin);
    frames.beginCall(FRAME.numbers, kind, id, timeMs, step, origin, count * 8);
    let i = 0;
    for (const key in metrics) {
      const value = (metrics as Readonly<Record<string, unknown>>)[key];
      if (i === count || key !== keys[i] || typeof value !== 'number') {
        i = -1;
        break;
      }
      frames.number(value);
      i++;
    }
    if (i !== count) {
      frames.abandonCall();
      return this.#encodeSlowly(metrics, kind, timeMs, step, origin);
    }
    frames.endCall();
    return count;
  }

  #encodeSlowly(
    metrics: Metrics,
    kind: number,
    timeMs: number,
    step: number | bigint | null,
    origin: number,
  ): number {
    const { frames } = this;
    const keys: string[] = [];
    const values: unknown[] = [];
    let isPlain = true;
    let bytes = 0;
    // A map's keys become strings here, so that 1 and "1" are one key.
    for (const [name, raw] of Object.entries(
      metrics instanceof Map ? Object.fromEntries(metrics) : metrics,
    )) {
      const value = this.#keepable(name, raw);
      if (value === undefined) continue;
      isPlain &&= typeof value === 'number';
      bytes += Buffer.byteLength(name) + bytesOf(value);
      keys.push(name);
      values.push(value);
    }
    if (keys.length === 0) return 0;
    if (keys.length > ROWS_MAX) {
      this.#refuse(
        'rows',
        `a call of ${keys.length} values was not kept: ${ROWS_MAX} are allowed; log fewer at a time`,
      );
      return -keys.length;
    }
    // Before its names become a shape: no publisher reads one that is longer than a frame may be.
    if (bytes > BYTES_MAX) {
      this.#refuse(
        'bytes',
        `a call of ${bytes} bytes was not kept: ${BYTES_MAX} are allowed; log less at a time`,
      );
      return -keys.length;
    }
    const shape = this.#shapeOf(keys);
    frames.beginCall(
      isPlain ? FRAME.numbers : FRAME.values,
      kind,
      shape.id,
      timeMs,
      step,
      origin,
      keys.length * 8,
    );
    for (const value of values) {
      if (isPlain) frames.number(value as number);
      else this.#writeValue(value);
    }
    frames.endCall();
    return keys.length;
  }

  /**
   * What is to be written for a value: itself, or `Json` of anything nested. Undefined: it cannot be kept, and
   * that has been told.
   */
  #keepable(name: string, value: unknown): number | string | boolean | null | bigint | Json | undefined {
    switch (typeof value) {
      case 'number':
      case 'string':
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'bigint':
        if (isInt64(value)) return value;
        return this.#refuseValue(name, `it ${INT64_RULE}`);
      default:
        if (value === null) return null;
        try {
          return new Json(toJsonText(value));
        } catch (error) {
          const reason =
            error instanceof UnkeepableValue ? error.message : `it cannot be read (${String(error)})`;
          return this.#refuseValue(name, reason);
        }
    }
  }

  #refuseValue(name: string, reason: string): undefined {
    const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
    this.#refuse(`value:${name.slice(0, 200)}`, `the value of ${shown} was not kept: ${reason}`);
    return undefined;
  }

  #warnOfLength(key: string): void {
    if (key.length * 3 <= KEY_BYTES_MAX || Buffer.byteLength(key) <= KEY_BYTES_MAX) return;
    this.#refuse(
      'key',
      `the name "${key.slice(0, 57)}..." has ${Buffer.byteLength(key)} bytes, ${KEY_BYTES_MAX} are allowed; it is stored ` +
        'as its beginning and a hash, choose a shorter one',
    );
  }

  #writeValue(value: unknown): void {
    const { frames } = this;
    if (typeof value === 'number') frames.taggedNumber(value);
    else if (typeof value === 'string') frames.taggedText(TAG.string, value);
    else if (typeof value === 'bigint') frames.taggedInteger(value);
    else if (value instanceof Json) frames.taggedText(TAG.json, value.text);
    else frames.taggedConstant(value as null | boolean);
  }

  /** The shape of these keys; defines it, before the call, when it is new. */
  #shapeOf(keys: readonly string[]): Shape {
    let node = this.#root;
    for (const key of keys) {
      let next = node.next.get(key);
      if (!next) {
        next = { next: new Map(), shape: null };
        if (this.#shapes.length < SHAPES_MAX) node.next.set(key, next);
      }
      node = next;
    }
    if (node.shape) return (this.#last = node.shape);
    for (const key of keys) this.#warnOfLength(key);
    const isKept = this.#shapes.length < SHAPES_MAX;
    // The number above all kept ones is defined again with every call that needs it.
    const shape: Shape = { id: this.#shapes.length, keys };
    this.frames.shape(shape.id, keys);
    if (isKept) {
      this.#shapes.push(shape);
      node.shape = shape;
      this.#last = shape;
    }
    return shape;
  }
}

/** About what a value takes in a frame. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Json ? Buffer.byteLength(value.text) : 8;
}

/** The JSON text of a value, as against a string that was logged. */
class Json {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
