/** What of the store needs Node: files, zstd and SHA-256, this machine's clock. */
export { createFilesystemBackend } from './backend/filesystem.ts';
export type { FilesystemBackend, FilesystemOptions } from './backend/filesystem.ts';
export { openStore } from './backend/open-store.ts';
export type { OpenStoreOptions } from './backend/open-store.ts';
export { nodeCodec } from './shard/node-codec.ts';
export { systemClock, systemRandom } from './writer/node-clock.ts';
