/**
 * Reads frames from the bytes of a pipe, in whatever pieces they come. The publisher's half of the framing.
 *
 * A stream that ends within a frame (its writer was killed in the middle of a write) loses that frame only. A
 * length or a shape that cannot be is damage: the rest of the stream cannot be trusted, and reading it throws.
 */
import { CALL_HEADER_BYTES, FRAME, FRAME_BYTES_MAX, STEP, STEP_ORIGIN, TAG } from './frame.ts';

/** One log call. Arrays are only valid until the handler returns: they are used again. */
export interface Call {
  /** A value of CALL_KIND. */
  kind: number;
  timeMs: number;
  step: number | bigint | null;
  /** Nobody gave the step: the trainer counted. */
  isAutomatic: boolean;
  keys: readonly string[];
  /** One number per key; NaN where `isNull` is 1. */
  values: Float64Array;
  /** 1 where there is no number; null when all are numbers. */
  isNull: Uint8Array | null;
  /** JSON of what is not a plain number; null when all are. */
  data: (string | null)[] | null;
}

export interface FrameHandler {
  call(call: Call): void;
  /** A frame with a JSON body; unknown types come here too, with an undefined body. */
  message(type: number, body: unknown): void;
}

/** Cuts a byte stream into frames and hands them on in order. */
export class FrameDecoder {
  readonly #handler: FrameHandler;
  readonly #shapes: Map<number, readonly string[]>;
  readonly #call: Call = {
    kind: 0,
    timeMs: 0,
    step: null,
    isAutomatic: false,
    keys: [],
    values: new Float64Array(0),
    isNull: null,
    data: null,
  };
  #values = new Float64Array(64);
  #isNull = new Uint8Array(64);
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);

  /** `shapes`: given where several streams of the same trainer define them. */
  constructor(
    handler: FrameHandler,
    shapes: Map<number, readonly string[]> = new Map<number, readonly string[]>(),
  ) {
    this.#handler = handler;
    this.#shapes = shapes;
  }

  /** Bytes of a frame that is not complete; at the end of the stream these are lost. */
  get incompleteBytes(): number {
    return this.#rest.length;
  }

  /** Errors: Error, when the stream is damaged. */
  push(chunk: Uint8Array): void {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const bytes = this.#rest.length === 0 ? view : Buffer.concat([this.#rest, view]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (length < 1 || length > FRAME_BYTES_MAX)
        throw new Error(`the pipe holds a frame of ${length} bytes`);
      if (bytes.length - at < 4 + length) break;
      this.#frame(bytes.subarray(at, at + 4 + length));
      at += 4 + length;
    }
    // A copy: the caller may use the chunk's memory again.
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #frame(frame: Buffer): void {
    const type = frame[4] ?? 0;
    if (type === FRAME.numbers || type === FRAME.values) this.#handler.call(this.#readCall(type, frame));
    else if (type === FRAME.shape) this.#readShape(frame);
    else this.#handler.message(type, type <= FRAME.spill ? JSON.parse(frame.toString('utf8', 5)) : undefined);
  }

  #readShape(frame: Buffer): void {
    const count = frame.readUInt32LE(9);
    const keys: string[] = [];
    let at = 13;
    for (let i = 0; i < count; i++) {
      const length = frame.readUInt32LE(at);
      keys.push(frame.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#shapes.set(frame.readUInt32LE(5), keys);
  }

  #readCall(type: number, frame: Buffer): Call {
    const call = this.#call;
    const shape = frame.readUInt32LE(8);
    const keys = this.#shapes.get(shape);
    if (!keys) throw new Error(`the pipe holds a call of shape ${shape}, which it has not defined`);
    const stepKind = frame[5];
    call.kind = frame[6] ?? 0;
    call.timeMs = frame.readDoubleLE(12);
    call.step =
      stepKind === STEP.number
        ? frame.readDoubleLE(20)
        : stepKind === STEP.int64
          ? frame.readBigInt64LE(20)
          : null;
    call.isAutomatic = frame[7] === STEP_ORIGIN.automatic;
    call.keys = keys;
    if (keys.length > this.#values.length) {
      this.#values = new Float64Array(keys.length * 2);
      this.#isNull = new Uint8Array(keys.length * 2);
    }
    call.values = this.#values.subarray(0, keys.length);
    call.isNull = null;
    call.data = null;
    if (type === FRAME.values) this.#readValues(frame, call);
    else for (let i = 0; i < keys.length; i++) call.values[i] = frame.readDoubleLE(CALL_HEADER_BYTES + i * 8);
    return call;
  }

  #readValues(frame: Buffer, call: Call): void {
    const isNull = this.#isNull.subarray(0, call.keys.length).fill(0);
    const data: (string | null)[] = [];
    let at = CALL_HEADER_BYTES;
    for (let i = 0; i < call.keys.length; i++) {
      const tag = frame[at++];
      let value = Number.NaN;
      let text: string | null = null;
      if (tag === TAG.number) {
        value = frame.readDoubleLE(at);
        at += 8;
      } else if (tag === TAG.int64) {
        const integer = frame.readBigInt64LE(at);
        value = Number(integer);
        // A column of doubles cannot say it: the digits are kept beside it.
        text = Number.isSafeInteger(value) ? null : integer.toString();
        at += 8;
      } else if (tag === TAG.true || tag === TAG.false) {
        value = tag === TAG.true ? 1 : 0;
        text = tag === TAG.true ? 'true' : 'false';
      } else {
        isNull[i] = 1;
        text = 'null';
        if (tag === TAG.string || tag === TAG.json) {
          const length = frame.readUInt32LE(at);
          const content = frame.toString('utf8', at + 4, at + 4 + length);
          text = tag === TAG.string ? JSON.stringify(content) : content;
          at += 4 + length;
        } else if (tag !== TAG.null) {
          throw new Error(`the pipe holds a value with the unknown tag ${tag}`);
        }
      }
      call.values[i] = value;
      data.push(text);
    }
    call.isNull = isNull;
    call.data = data;
  }
}
