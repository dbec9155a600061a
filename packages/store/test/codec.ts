/** The codec of these tests: Node's own zstd and SHA-256. */
import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ByteCodec } from '../src/shard/codec.ts';

export const testCodec: ByteCodec = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  compress: (bytes, windowLog = 0) =>
    zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: windowLog },
    }),
  decompress: (bytes, size) => {
    const result = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size) });
    if (result.length !== size) throw new Error(`zstd: ${result.length} bytes instead of ${size}`);
    return result;
  },
};
