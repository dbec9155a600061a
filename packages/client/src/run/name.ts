/**
 * Ids and display names of runs.
 *
 * An id is what the store's folder is called: chosen by the user, or shared by the ranks of a launch, or made
 * here. Made ids begin with a letter, because query engines turn a folder `run=0042` into a number.
 */
import { randomBytes } from 'node:crypto';
import { LamellaError } from './error.ts';

/** Bytes of an id once every byte outside `[a-z0-9._-]` is written as `%xx` (the store's rule for names). */
const ID_BYTES_MAX = 200;

/** Of a name, as the beginning of an id. */
const SLUG_CHARACTERS = 40;

const ADJECTIVES =
  'amber ancient autumn bold brave bright calm clear clever coral crimson crisp dapper dawn deep eager early ' +
  'fair fleet gentle golden grand green hidden humble icy jolly keen kind late light little lively lucky mellow ' +
  'merry mild misty noble odd patient plain polished proud quick quiet rapid restless rustic sandy sharp shy ' +
  'silent silver sleepy solid steady still summer sunny swift tidy tiny vivid warm wild wise young';
const NOUNS =
  'alder anchor badger basin beach birch bison brook canyon cedar cliff cloud comet coral crane creek delta dune ' +
  'eagle elm ember falcon fern field finch fjord forest fox garden glacier grove harbor hare hawk heron hill ' +
  'island lagoon lake lark leaf lynx maple marsh meadow mesa moss oak ocean otter owl pebble pine pond prairie ' +
  'quail raven reef ridge river robin sage shell shore sparrow spruce stone summit thistle tide trout valley ' +
  'walnut wave willow wolf wren';

/** A name such as `quiet-otter-3f2a`; `unique` is one such as `quiet-otter-3f2a91bc`, enough for an id. */
export function makeName(): { readonly name: string; readonly unique: string } {
  const random = randomBytes(8);
  const pick = (words: string, at: number): string => {
    const list = words.split(' ');
    return list[random.readUInt16LE(at) % list.length] ?? 'plain';
  };
  const base = `${pick(ADJECTIVES, 0)}-${pick(NOUNS, 2)}`;
  const digits = random.toString('hex', 4);
  return { name: `${base}-${digits.slice(0, 4)}`, unique: `${base}-${digits}` };
}

/** An id that no other call gives, recognisable by the name. */
export function idFromName(name: string): string {
  return `${slug(name)}-${randomBytes(4).toString('hex')}`;
}

/** The id that every init with this name gives. */
export function idOfName(name: string): string {
  return slug(name);
}

/** `text` with nothing but `[a-z0-9._-]`, beginning with a letter, of so many characters at most. */
export function slug(text: string, characters: number = SLUG_CHARACTERS): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-._]+|[-._]+$/g, '')
    .slice(0, characters);
  return /^[a-z]/.test(plain) ? plain : plain === '' ? 'run' : `run-${plain}`;
}

/** Passes what may name a project or run. Errors: invalid. */
export function checkName(option: 'project' | 'id', text: unknown): string {
  if (typeof text !== 'string') {
    throw new LamellaError('invalid', `init: \`${option}\` must be a string, not ${kindOf(text)}`);
  }
  if (text.trim() === '') throw new LamellaError('invalid', `init: \`${option}\` is empty; give it a name`);
  if (!text.isWellFormed()) {
    throw new LamellaError('invalid', `init: \`${option}\` holds half a character; give valid Unicode`);
  }
  const bytes = encodeURIComponent(text).length + 2 * (text.match(/[A-Z!~*'()]/g)?.length ?? 0);
  if (bytes > ID_BYTES_MAX) {
    throw new LamellaError(
      'invalid',
      `init: \`${option}\` is too long: ${ID_BYTES_MAX} bytes are allowed, where every character but a-z, 0-9, ` +
        `".", "_" and "-" counts three per byte, and it has ${bytes}`,
      { details: { bytes } },
    );
  }
  return text;
}

/** What a person would call this value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return value === undefined ? 'nothing' : `a value of type ${typeof value}`;
}
