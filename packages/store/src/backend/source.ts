/** Bytes in memory as something that can be published, and read again for every retry. */
import type { ByteCodec } from '../shard/codec.ts';
import type { ByteSource } from './backend.ts';

/** A source over `bytes`, which must not change afterwards. The hash is computed when it is asked for. */
export function bytesSource(bytes: Uint8Array, codec: Pick<ByteCodec, 'sha256'>): ByteSource {
  let sha256: string | undefined;
  return {
    size: bytes.length,
    get sha256(): string {
      sha256 ??= hex(codec.sha256(bytes));
      return sha256;
    },
    chunks: () => [bytes],
  };
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
