/**
 * The values of a page: 64-bit numbers (integers and doubles alike, as halves, so that every bit is kept) and
 * strings. Encodings are those of SPEC.md, S3.
 */
import { LamellaError } from '../record/error.ts';
import { readDeltas, readHybrid } from './bits.ts';
import type { Page } from './page.ts';

type DataPage = Extract<Page, { type: 'data' }>;
type DictionaryPage = Extract<Page, { type: 'dictionary' }>;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A page's `count` numbers, two 32-bit halves each, low first. Errors: corrupt. */
export function readNumbers(page: DataPage, dictionary: Int32Array | null): Int32Array {
  const { encoding, bytes, count } = page;
  const halves = new Int32Array(count * 2);
  switch (encoding) {
    case 'PLAIN': {
      return plainNumbers(bytes, count);
    }
    case 'DELTA_BINARY_PACKED': {
      readDeltas(bytes, halves);
      return halves;
    }
    case 'BYTE_STREAM_SPLIT': {
      return joinPlanes(bytes, count);
    }
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      const indexes = readIndexes(page, (dictionary?.length ?? 0) / 2);
      for (let i = 0; i < count; i++) {
        const at = (indexes[i] ?? 0) * 2;
        halves[i * 2] = dictionary?.[at] ?? 0;
        halves[i * 2 + 1] = dictionary?.[at + 1] ?? 0;
      }
      return halves;
    }
    default: {
      throw unknownEncoding(encoding);
    }
  }
}

/** A page's `count` strings. Errors: corrupt, also where they are not UTF-8. */
export function readStrings(page: DataPage, dictionary: readonly string[] | null): string[] {
  const { encoding, bytes, count } = page;
  if (encoding === 'PLAIN') return plainStrings(bytes, count);
  if (encoding !== 'PLAIN_DICTIONARY' && encoding !== 'RLE_DICTIONARY') throw unknownEncoding(encoding);
  const indexes = readIndexes(page, dictionary?.length ?? 0);
  const strings = Array<string>(count).fill('');
  for (let i = 0; i < count; i++) strings[i] = dictionary?.[indexes[i] ?? 0] ?? '';
  return strings;
}

/** The numbers of a dictionary, as halves. Errors: corrupt. */
export function numberDictionary({ bytes, count }: DictionaryPage): Int32Array {
  return plainNumbers(bytes, count);
}

/** The strings of a dictionary. Errors: corrupt. */
export function stringDictionary({ bytes, count }: DictionaryPage): string[] {
  return plainStrings(bytes, count);
}

/** Dictionary indexes, each below `size`. */
function readIndexes({ bytes, count }: DataPage, size: number): Uint32Array {
  const indexes = new Uint32Array(count);
  if (count === 0) return indexes;
  const width = bytes[0] ?? 33;
  if (width > 32) throw corrupt(`dictionary indexes of ${width} bits`);
  readHybrid(bytes, 1, width, indexes);
  for (let i = 0; i < count; i++) {
    if ((indexes[i] ?? 0) >= size) throw corrupt(`index ${indexes[i]} in a dictionary of ${size}`);
  }
  return indexes;
}

function plainNumbers(bytes: Uint8Array, count: number): Int32Array {
  if (bytes.length < count * 8) throw corrupt('an early end');
  return new Int32Array(new Uint8Array(bytes.subarray(0, count * 8)).buffer); // copied, hence aligned
}

function joinPlanes(bytes: Uint8Array, count: number): Int32Array {
  if (bytes.length < count * 8) throw corrupt('an early end');
  const joined = new Uint8Array(count * 8);
  for (let b = 0; b < 8; b++) {
    const plane = b * count;
    for (let i = 0; i < count; i++) joined[i * 8 + b] = bytes[plane + i] ?? 0;
  }
  return new Int32Array(joined.buffer);
}

function plainStrings(bytes: Uint8Array, count: number): string[] {
  if (bytes.length < count * 4) throw corrupt('an early end');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const strings: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw corrupt('an early end');
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw corrupt('a string longer than its page');
    strings.push(decodeText(bytes.subarray(at + 4, end)));
    at = end;
  }
  return strings;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new LamellaError('corrupt', 'a page is damaged: text that is not UTF-8', { cause });
  }
}

function unknownEncoding(encoding: string): LamellaError {
  return corrupt(`encoding ${encoding}, which format 1 does not use for its column`);
}

function corrupt(what: string): LamellaError {
  return new LamellaError('corrupt', `a page is damaged: ${what}`);
}
