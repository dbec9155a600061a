import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AcknowledgementReader, encodeAcknowledgement, LINE_BYTES_MAX } from '../src/pipe/acknowledgement.ts';
import type { Acknowledgement } from '../src/pipe/acknowledgement.ts';

const message: fc.Arbitrary<Acknowledgement> = fc.oneof(
  fc.record({ type: fc.constant('published' as const), calls: fc.nat(), dropped: fc.nat() }),
  fc.record({ type: fc.constant('flushed' as const), id: fc.nat(), published: fc.boolean() }),
  fc.record({ type: fc.constant('trouble' as const), text: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
);

describe('acknowledgements', () => {
  it('come out as they went in, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
        const bytes = Buffer.concat(messages.map(encodeAcknowledgement));
        const reader = new AcknowledgementReader();
        const got: Acknowledgement[] = [];
        let at = 0;
        for (const size of sizes) {
          got.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        got.push(...reader.push(bytes.subarray(at)));
        expect(got).toEqual(messages); // not strictly: generated ones have no prototype
      }),
    );
  });

  it('that make no sense are skipped', () => {
    const reader = new AcknowledgementReader();
    const good: Acknowledgement = { type: 'published', calls: 7, dropped: 0 };
    const line = encodeAcknowledgement(good);
    const bytes = Buffer.concat([Buffer.from('{"type":\nnull\n7\n\n'), line, Buffer.from('\u0000\n'), line]);
    expect(reader.push(bytes)).toStrictEqual([good, good]);
  });

  it('are never longer than what a pipe takes in one piece', () => {
    for (const text of ['x'.repeat(10_000), '\u0000'.repeat(10_000), '🌊'.repeat(5000)]) {
      expect(encodeAcknowledgement({ type: 'trouble', text }).length).toBeLessThanOrEqual(LINE_BYTES_MAX);
      expect(
        encodeAcknowledgement({ type: 'finished', published: false, dropped: 1, reason: text }).length,
      ).toBeLessThanOrEqual(LINE_BYTES_MAX);
    }
  });
});
