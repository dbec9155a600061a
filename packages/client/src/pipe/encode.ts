/**
 * Writes frames into one buffer that is used again for every call, so that a call leaves no garbage.
 *
 * The frames of one call (a shape that is new, then the call) stand one after another in the buffer and go into
 * the pipe together. The hot path is `beginCall`, `number` per value, `endCall`: three bounds checks and eleven
 * 8-byte stores for ten metrics.
 */
import { CALL_HEADER_BYTES, FRAME, FRAME_HEADER_BYTES, STEP, TAG } from './frame.ts';

const INITIAL_BYTES = 64 * 1024;

/** A buffer that one huge call made larger than this is given back afterwards. */
const KEPT_BYTES = 1024 * 1024;

/** Encodes frames; `bytes.subarray(0, length)` is what stands to be sent. */
export class FrameEncoder {
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  length = 0;
  #view = viewOf(this.bytes);
  /** Where the frame that is being written begins. */
  #start = 0;

  /** Forgets what was encoded. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
      this.#view = viewOf(this.bytes);
    }
  }

  /** A frame whose body is JSON. */
  json(type: number, body: unknown): void {
    const text = JSON.stringify(body);
    this.#begin(type, Buffer.byteLength(text));
    this.length += this.bytes.write(text, this.length, 'utf8');
    this.#end();
  }

  /** Says which keys `shape` stands for. */
  shape(shape: number, keys: readonly string[]): void {
    this.#begin(FRAME.shape, 8);
    this.#uint32(shape);
    this.#uint32(keys.length);
    for (const key of keys) this.#text(key);
    this.#end();
  }

  /**
   * Opens a call frame; as many values as the shape has keys must follow, then `endCall`. `room`: an upper bound
   * of the bytes that `number` will write, which checks no bounds. `step` null: no step. `origin`: of STEP_ORIGIN.
   */
  beginCall(
    type: typeof FRAME.numbers | typeof FRAME.values,
    kind: number,
    shape: number,
    timeMs: number,
    step: number | bigint | null,
    origin: number,
    room: number,
  ): void {
    const start = this.length;
    if (this.bytes.length - start < CALL_HEADER_BYTES + room) this.#grow(CALL_HEADER_BYTES + room);
    const view = this.#view;
    const isNumber = typeof step === 'number';
    view.setUint8(start + 4, type);
    view.setUint8(start + 5, isNumber ? STEP.number : step === null ? STEP.none : STEP.int64);
    view.setUint8(start + 6, kind);
    view.setUint8(start + 7, origin);
    view.setUint32(start + 8, shape, true);
    view.setFloat64(start + 12, timeMs, true);
    if (isNumber) view.setFloat64(start + 20, step, true);
    else view.setBigInt64(start + 20, step ?? 0n, true);
    this.#start = start;
    this.length = start + CALL_HEADER_BYTES;
  }

  /** One value of a `numbers` frame, inside the room that `beginCall` was given. */
  number(value: number): void {
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** One value of a `values` frame. */
  taggedNumber(value: number): void {
    this.#room(9);
    this.#view.setUint8(this.length++, TAG.number);
    this.number(value);
  }

  /** null, false or true. */
  taggedConstant(value: null | boolean): void {
    this.#room(1);
    this.#view.setUint8(this.length++, value === null ? TAG.null : value ? TAG.true : TAG.false);
  }

  /** An integer within int64. */
  taggedInteger(value: bigint): void {
    this.#room(9);
    this.#view.setUint8(this.length++, TAG.int64);
    this.#view.setBigInt64(this.length, value, true);
    this.length += 8;
  }

  /** A string as it is, or the JSON text of anything else. */
  taggedText(tag: typeof TAG.string | typeof TAG.json, text: string): void {
    this.#room(1);
    this.#view.setUint8(this.length++, tag);
    this.#text(text);
  }

  /** Closes a call frame. */
  endCall(): void {
    this.#end();
  }

  /** Takes back the call frame that was begun. */
  abandonCall(): void {
    this.length = this.#start;
  }

  #begin(type: number, room: number): void {
    this.#room(FRAME_HEADER_BYTES + room);
    this.#start = this.length;
    this.#view.setUint8(this.length + 4, type);
    this.length += FRAME_HEADER_BYTES;
  }

  #end(): void {
    this.#view.setUint32(this.#start, this.length - this.#start - 4, true);
  }

  #uint32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Length and UTF-8. Half characters become U+FFFD, as everywhere in Node. */
  #text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#room(4 + bytes);
    this.#view.setUint32(this.length, bytes, true);
    this.length += 4;
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  #room(bytes: number): void {
    if (this.bytes.length - this.length < bytes) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + bytes));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** One frame with a JSON body, in bytes of its own. */
export function encodeJsonFrame(type: number, body: unknown): Buffer {
  const text = JSON.stringify(body);
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), Buffer.from(text)]);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt8(type, 4);
  return frame;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
