import { closeSync, readSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FRAME } from '../src/pipe/frame.ts';
import type { Spill } from '../src/pipe/frame.ts';
import { openPipes } from '../src/pipe/open-pipes.ts';
import type { Pipes } from '../src/pipe/open-pipes.ts';
import { PipeWriter } from '../src/pipe/pipe-writer.ts';
import { openSpillFile, SpillReader, SpillWriter } from '../src/pipe/spill-file.ts';

/** A frame whose bytes tell which one it is. */
function frame(index: number, length: number): Buffer {
  const bytes = Buffer.alloc(4 + length, index % 251);
  bytes.writeUInt32LE(length, 0);
  return bytes;
}

let pipes: Pipes | null = null;

function open(): Pipes {
  pipes = openPipes();
  if (!pipes) throw new Error('this machine has no mkfifo');
  return pipes;
}

/** Reads as the publisher does, and notes the numbers of the frames. */
class FrameReader {
  readonly #spill: SpillReader;
  readonly #got: number[];
  #rest = Buffer.alloc(0);

  constructor(spillFd: number, got: number[]) {
    this.#got = got;
    let rest = Buffer.alloc(0);
    this.#spill = new SpillReader(spillFd, (bytes) => (rest = this.#frames(Buffer.concat([rest, bytes]))));
  }

  push(bytes: Buffer): void {
    this.#rest = this.#frames(Buffer.concat([this.#rest, bytes]));
  }

  end(): void {
    this.#spill.readRest();
  }

  #frames(bytes: Buffer): Buffer<ArrayBuffer> {
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      if (bytes[at + 4] === FRAME.spill)
        this.#spill.read(JSON.parse(bytes.toString('utf8', at + 5, end)) as Spill);
      else this.#got.push(bytes.readUInt32LE(at + 5));
      at = end;
    }
    return Buffer.from(bytes.subarray(at));
  }
}

/** What is in the pipe now, at most `length` bytes. */
function read(fd: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  try {
    return buffer.subarray(0, readSync(fd, buffer, 0, length, null));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return Buffer.alloc(0);
  }
}

afterEach(() => {
  for (const fd of Object.values(pipes ?? {})) {
    try {
      closeSync(fd);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error; // a test closed it
    }
  }
  pipes = null;
});

describe('PipeWriter', () => {
  it('gives the pipe whole frames in order, whatever the reader takes and when', () => {
    const reads = fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 8 });
    const sends = fc.array(fc.tuple(fc.integer({ min: 1, max: 50_000 }), reads), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(sends, (steps) => {
        const { callsIn, callsOut, answersIn, answersOut } = open();
        const writer = new PipeWriter(callsOut, 2 ** 30);
        const sent: Buffer[] = [];
        const got: Buffer[] = [];
        let nowMs = 0;
        for (const [i, [length, sizes]] of steps.entries()) {
          const bytes = frame(i, length);
          sent.push(bytes);
          expect(writer.send(bytes, bytes.length, (nowMs += 1))).toMatch(/sent|waiting/);
          for (const size of sizes) got.push(read(callsIn, size));
        }
        while (!writer.drain((nowMs += 1))) got.push(read(callsIn, 65_536));
        for (let bytes = read(callsIn, 65_536); bytes.length > 0; bytes = read(callsIn, 65_536))
          got.push(bytes);
        expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
        for (const fd of [callsIn, callsOut, answersIn, answersOut]) closeSync(fd);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the order of frames over the pipe, the spill file and memory', () => {
    const reads = fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 6 });
    const sends = fc.array(fc.tuple(fc.integer({ min: 2, max: 50_000 }), reads), {
      minLength: 1,
      maxLength: 40,
    });
    // A file of 200 KB is full after some frames: then memory takes over.
    fc.assert(
      fc.property(sends, fc.boolean(), (steps, dies) => {
        const all = open();
        const spillFd = openSpillFile();
        if (spillFd === null) throw new Error('this machine has no /dev/shm');
        const spill = new SpillWriter(spillFd, 200_000);
        const writer = new PipeWriter(all.callsOut, 2 ** 30, spill);
        const got: number[] = [];
        const reader = new FrameReader(spillFd, got);
        let nowMs = 0;
        for (const [i, [length, sizes]] of steps.entries()) {
          const bytes = frame(200, length + 4);
          bytes.writeUInt32LE(i, 5);
          writer.send(bytes, bytes.length, (nowMs += 1));
          for (const size of sizes) reader.push(read(all.callsIn, size));
        }
        if (!dies) {
          while (!writer.drain((nowMs += 1))) reader.push(read(all.callsIn, 65_536));
        }
        for (let bytes = read(all.callsIn, 65_536); bytes.length > 0; bytes = read(all.callsIn, 65_536))
          reader.push(bytes);
        reader.end();
        const sent = steps.map((_, i) => i);
        // A trainer that dies takes only its own memory with it.
        if (!dies) expect(got).toStrictEqual(sent);
        else if (steps.length * 50_000 < 200_000) expect(got.length).toBeGreaterThanOrEqual(sent.length - 1);
        expect(got).toStrictEqual(got.toSorted((a, b) => a - b));
        for (const fd of [...Object.values(all), spillFd]) closeSync(fd);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps nothing of a call for which there is no room, and takes calls again when there is', () => {
    const { callsIn, callsOut } = open();
    const writer = new PipeWriter(callsOut, 100_000);
    const results: string[] = [];
    for (let i = 0; i < 300; i++) results.push(writer.send(frame(i, 996), 1000, i));
    const sent = results.filter((result) => result === 'sent').length;
    const waiting = results.filter((result) => result === 'waiting').length;
    expect(results.indexOf('full')).toBe(sent + waiting);
    expect(writer.waitingBytes).toBeLessThanOrEqual(100_000);
    expect(waiting).toBeGreaterThanOrEqual(99);
    read(callsIn, 65_536);
    expect(writer.send(frame(1, 996), 1000, 1000)).toBe('waiting');
  });

  it('is not stopped by a clock that is set back', () => {
    const { callsIn, callsOut } = open();
    const writer = new PipeWriter(callsOut, 100_000);
    const hourMs = 3_600_000;
    for (let i = 0; writer.send(frame(i, 996), 1000, 2 * hourMs) === 'sent';) i++;
    read(callsIn, 65_536);
    expect(writer.send(frame(1, 996), 1000, hourMs)).toBe('sent');
  });

  it('hands back exactly the frames that a broken pipe has not taken whole', () => {
    const { callsIn, callsOut } = open();
    const writer = new PipeWriter(callsOut, 2 ** 30);
    for (let i = 0; i < 200; i++) writer.send(frame(i, 6996), 7000, i);
    let taken = read(callsIn, 65_536).length;
    writer.drain(1000);
    for (let bytes = read(callsIn, 65_536); bytes.length > 0; bytes = read(callsIn, 65_536))
      taken += bytes.length;
    closeSync(callsIn);
    expect(writer.send(frame(200, 6996), 7000, 2000)).toBe('closed');
    // A frame that the pipe took in part comes back whole.
    const unsent = writer.takeUnsent(true);
    expect(unsent.every((bytes) => bytes.length === 7000)).toBe(true);
    expect(unsent.at(-1)?.[4]).toBe(200);
    expect(unsent).toHaveLength(201 - Math.floor(taken / 7000));
    expect(unsent[0]?.[4]).toBe(Math.floor(taken / 7000));
  });
});
