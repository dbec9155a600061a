/**
 * The four verbs that everything above is written against (SPEC.md, Store verbs). Memory and the filesystem
 * implement them and pass one conformance suite; object storage will be the third.
 *
 * Keys are relative to the store's root, `/`-separated, never empty, without `.` or `..` segments.
 */
export interface Backend {
  /** For messages: `memory`, or the root directory. */
  readonly name: string;

  /**
   * Names and sizes below `prefix` (a key prefix ending in `/`, or '' for the root). **Not a snapshot**:
   * concurrent changes may be missed or repeated. With `delimiter`, only the direct children: objects, and
   * `prefixes` (each ending in `/`). A prefix that does not exist is empty, not an error.
   * Errors: unavailable.
   */
  list(prefix: string, options?: ListOptions): Promise<Listing>;

  /**
   * The whole object, or `length` bytes from `offset` (fewer at its end).
   * Errors: not-found (a name that is gone), unavailable, corrupt (not a regular file, too large).
   */
  read(key: string, range?: ByteRange): Promise<Uint8Array>;

  /**
   * When it resolves, the whole object is readable under `key` and durable; until then nobody sees a part of
   * it. A name is a promise of content: publishing again replaces bytes by the same bytes.
   * Errors: unavailable (disk full, no permission, network), invalid (key).
   */
  publish(key: string, source: ByteSource): Promise<void>;

  /** Idempotent. Errors: unavailable. */
  remove(key: string): Promise<void>;
}

export interface ListOptions {
  readonly delimiter?: '/';
  readonly signal?: AbortSignal;
}

export interface Listing {
  readonly objects: readonly { readonly key: string; readonly size: number }[];
  readonly prefixes: readonly string[];
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Bytes whose size and hash are known before they are sent, and which can be read again for a retry. */
export interface ByteSource {
  readonly size: number;
  /** Lower-case hex SHA-256 of all bytes. */
  readonly sha256: string;
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}
