/**
 * A FUSE daemon (on descriptor 3) that greets the kernel and then takes every request without answering one. A
 * process that has asked such a mount sleeps where no signal reaches it, until the daemon is gone.
 */
import { readSync, writeSync } from 'node:fs';

const INIT = 26;
const request = Buffer.alloc(1 << 20);
for (;;) {
  readSync(3, request, 0, request.length, null);
  if (request.readUInt32LE(4) !== INIT) continue;
  // fuse_out_header (length, error, unique), then fuse_init_out of protocol 7.31.
  const reply = Buffer.alloc(16 + 64);
  reply.writeUInt32LE(reply.length, 0);
  request.copy(reply, 8, 8, 16);
  reply.writeUInt32LE(7, 16);
  reply.writeUInt32LE(31, 20);
  reply.writeUInt32LE(131_072, 36);
  writeSync(3, reply);
}
