/**
 * Reads shards whole and lets nothing through that was not verified against its name. What was just verified is
 * kept for a moment, since whoever asked for the view asks for its bytes next.
 */
import type { Backend } from '../backend/backend.ts';
import type { RecordBatch } from '../record/batch.ts';
import { isKind, LamellaError } from '../record/error.ts';
import type { ByteCodec } from '../shard/codec.ts';
import { decodeShard } from '../shard/decode.ts';
import type { ShardFooter } from '../shard/footer.ts';
import { verifyShard } from '../shard/verify.ts';

/** Verified bytes that are kept at most. A shard that is larger than all of it is not kept. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

export interface VerifiedBytes {
  readonly bytes: Uint8Array;
  readonly footer: ShardFooter;
}

/** The bytes are what their writer published, and no rows: reading them again will not help (SPEC.md S11). */
export class FaultyShard extends LamellaError {
  readonly key: string;

  constructor(key: string, cause: LamellaError) {
    super('corrupt', `${key}: ${cause.message}`, { cause });
    this.key = key;
  }
}

export class ShardBytes {
  readonly #backend: Backend;
  readonly #codec: ByteCodec;
  /** Least recently used first. */
  readonly #kept = new Map<string, VerifiedBytes>();
  #keptBytes = 0;

  constructor(backend: Backend, codec: ByteCodec) {
    this.#backend = backend;
    this.#codec = codec;
  }

  /** Errors: not-found, corrupt, unsupported, unavailable. */
  async read(key: string): Promise<VerifiedBytes> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const bytes = await this.#backend.read(key);
    const verified = { bytes, footer: verifyShard(baseOf(key), bytes, this.#codec) };
    this.#keep(key, verified);
    return verified;
  }

  /** As `read`, with one more try after bad bytes: they may have been bad in passing. */
  async readAgain(key: string): Promise<VerifiedBytes> {
    try {
      return await this.read(key);
    } catch (error) {
      if (!isKind(error, 'corrupt')) throw error;
      return await this.read(key);
    }
  }

  /** The rows of a shard. Errors: as `read`; FaultyShard. */
  async decode(key: string): Promise<RecordBatch> {
    const { bytes } = await this.readAgain(key);
    try {
      return await decodeShard(bytes, this.#codec);
    } catch (cause) {
      if (!isKind(cause, 'corrupt')) throw cause;
      throw new FaultyShard(key, cause);
    }
  }

  #keep(key: string, verified: VerifiedBytes): void {
    const size = verified.bytes.length;
    if (size > KEPT_BYTES_MAX || this.#kept.has(key)) return;
    this.#kept.set(key, verified);
    this.#keptBytes += size;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES_MAX) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes.length;
    }
  }
}

/** A key's name without its directories. */
export function baseOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
