import { createMemoryBackend } from '../../src/backend/memory.ts';
import { describeBackend } from './conformance.ts';

describeBackend({
  name: 'memory',
  async open() {
    const backend = createMemoryBackend();
    return { backend, other: backend };
  },
  deviations: {},
});
