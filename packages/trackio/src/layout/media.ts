/**
 * Files that a value refers to. No layout has to be known: `file_path` is used as it was stored, below
 * `media/`, for every version (the folder of the step is missing in 0.12 and always `0` in 0.2).
 */

/** Types of the values that keep their content in a file. */
const FILE_TYPES: ReadonlySet<string> = new Set([
  'trackio.image',
  'trackio.video',
  'trackio.audio',
  'trackio.html',
  'trackio.object3d',
]);

/**
 * The path below `media/` of a stored `file_path`, with `/`; null when it would lead out of it. A leading `media/`
 * (0.2) is dropped, `\` of Windows writers becomes `/`.
 */
export function mediaPath(filePath: string): string | null {
  const parts = filePath.replaceAll('\\', '/').split('/');
  if (parts[0] === 'media') parts.shift();
  const wrong = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  return wrong ? null : parts.join('/');
}

/**
 * Every `file_path` inside a JSON value, in the order they stand there; tables and lists are walked. A stack, not
 * recursion: a value of a foreign file may be nested deeper than the call stack is.
 */
export function mediaFilesOf(value: unknown): string[] {
  const found: string[] = [];
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const item = stack.pop();
    if (item === null || typeof item !== 'object') continue;
    const { _type: type, file_path: path } = item as {
      readonly _type?: unknown;
      readonly file_path?: unknown;
    };
    if (typeof type === 'string' && FILE_TYPES.has(type) && typeof path === 'string') found.push(path);
    else for (const inner of Object.values(item).toReversed()) stack.push(inner);
  }
  return found;
}
