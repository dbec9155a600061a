/**
 * What kind of disk a directory lies on, as far as SQLite's safety depends on it. Detection is the store's; every
 * function here takes the class as a parameter.
 */

/** `unknown` is treated as `network` everywhere. */
export type FilesystemClass = 'local' | 'network' | 'parallel' | 'object-mount' | 'unknown';

/** True where locks, shared memory and the page cache of all processes are those of one kernel. */
export function isLocalClass(filesystem: FilesystemClass): boolean {
  return filesystem === 'local';
}
