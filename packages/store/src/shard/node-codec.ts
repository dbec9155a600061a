/**
 * The byte codec of Node: zstd from `node:zlib` (level 1: higher levels cost several times the CPU for a few
 * per cent on columns that are already delta- and dictionary-encoded) and SHA-256 from `node:crypto`.
 */
import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ByteCodec } from './codec.ts';

/** zstd level 1 and SHA-256 of this Node; synchronous, without state, safe to share. */
export const nodeCodec: ByteCodec = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  compress: (bytes, windowLog = 0 /* zstd's default */) =>
    zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: windowLog },
    }),
  // The bound keeps a hostile page from unpacking to more than its header promises.
  decompress: (bytes, size) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size) }),
};
