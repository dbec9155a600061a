/**
 * What the shard format needs from its platform. Injected, so that the pure parts run in Node, in a browser
 * and in a simulation (where compression may be a no-op).
 */
export interface ByteCodec {
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** zstd, level 1. */
  compress(bytes: Uint8Array): Uint8Array;
  /** zstd; `size` is the exact size of the result. */
  decompress(bytes: Uint8Array, size: number): Uint8Array;
}
