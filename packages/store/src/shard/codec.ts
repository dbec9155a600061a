/**
 * What the shard format needs from its platform. Injected, so that the pure parts run in Node, in a browser
 * and in a simulation (where compression may be a no-op).
 */
export interface ByteCodec {
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /**
   * zstd, level 1. `windowLog` (10 to 27) is a hint: the window, and with it the longest block, is 2^windowLog
   * bytes, so that each stretch of that length has entropy tables of its own.
   */
  compress(bytes: Uint8Array, windowLog?: number): Uint8Array;
  /** zstd; `size` is the exact size of the result. */
  decompress(bytes: Uint8Array, size: number): Uint8Array;
}
