/**
 * Opens the store in the directory given, publishes, lists, reads and removes, and prints one line of JSON:
 * `{"kind", "message"}` of what fails, or `{"kind": "none"}`. For tests that need another user, another mount or
 * a trace of system calls.
 */
import { openStore } from '../../src/backend/open-store.ts';
import { bytesSource } from '../../src/backend/source.ts';
import { LamellaError } from '../../src/record/error.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';

const [root = '', bytes = '1000'] = process.argv.slice(2);
const key = 'project=p/run=r/a';
let answer = { kind: 'none', message: '' };
try {
  const store = await openStore(root, { create: true });
  await store.publish(key, bytesSource(new Uint8Array(Number(bytes)), nodeCodec));
  await store.list('');
  await store.read(key);
  await store.remove(key);
} catch (error) {
  if (!(error instanceof LamellaError)) throw error;
  answer = { kind: error.kind, message: error.message };
}
process.stdout.write(`${JSON.stringify(answer)}\n`);
