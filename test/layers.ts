/**
 * Who may import what. The only place where layering is decided: ARCHITECTURE.md prints this table, and
 * tidy.test.ts holds every import against it. A folder is named by package and folder in `src/`; `.` is the files
 * directly in `src/` (entry points: they may import every folder of their package).
 */
export interface Layer {
  /** `package/folder` of packages/, or a folder at the root. */
  readonly folder: string;
  /** Folders of the same package. A folder may always import itself. */
  readonly folders: readonly string[];
  /** Packages of this workspace. A name after `types of` may only be imported as types. */
  readonly workspace: readonly string[];
  /** From the registry. */
  readonly external: readonly string[];
  /** Whether `node:` modules may be imported: everywhere, nowhere, or only in the files named. */
  readonly node: boolean | readonly string[];
}

export const LAYERS: readonly Layer[] = [
  { folder: 'store/record', folders: [], workspace: [], external: [], node: false },
  {
    folder: 'store/shard',
    folders: ['record'],
    workspace: [],
    external: ['hyparquet', 'hyparquet-writer'],
    node: ['node-*.ts'],
  },
  {
    folder: 'store/backend',
    folders: ['record', 'shard'],
    workspace: [],
    external: [],
    node: ['filesystem*.ts', 'open-store.ts'],
  },
  {
    folder: 'store/writer',
    folders: ['record', 'shard', 'backend'],
    workspace: [],
    external: [],
    node: ['node-*.ts'],
  },
  {
    folder: 'store/reader',
    folders: ['record', 'shard', 'backend', 'writer'],
    workspace: [],
    external: [],
    node: false,
  },
  {
    folder: 'store/filesystem',
    folders: [],
    workspace: [],
    external: [],
    node: ['ask.ts', 'detect.ts', 'probe*.ts', '*-child.ts'],
  },

  { folder: 'trackio/layout', folders: [], workspace: ['@lamella/store'], external: [], node: true },
  { folder: 'trackio/sqlite', folders: ['layout'], workspace: ['@lamella/store'], external: [], node: true },
  {
    folder: 'trackio/inbox',
    folders: ['layout', 'sqlite'],
    workspace: ['@lamella/store'],
    external: [],
    node: true,
  },

  { folder: 'client/pipe', folders: [], workspace: [], external: [], node: true },
  { folder: 'client/run', folders: ['pipe'], workspace: [], external: [], node: true },
  { folder: 'client/system', folders: [], workspace: ['@lamella/store'], external: [], node: true },
  {
    folder: 'client/publisher',
    folders: ['pipe', 'system'],
    workspace: ['@lamella/store', '@lamella/trackio'],
    external: [],
    node: true,
  },

  {
    folder: 'app/query',
    folders: ['procedures'],
    workspace: ['@lamella/store', '@lamella/trackio'],
    external: ['@duckdb/node-api'],
    node: true,
  },
  {
    folder: 'app/procedures',
    folders: ['query'],
    workspace: ['@lamella/store'],
    external: ['zod'],
    node: true,
  },
  {
    folder: 'app/server',
    folders: ['procedures', 'query'],
    workspace: ['@lamella/store'],
    external: ['hono', '@hono/node-server', 'zod'],
    node: true,
  },
  {
    folder: 'app/commands',
    folders: ['server', 'procedures', 'query'],
    workspace: ['@lamella/store', '@lamella/client', '@lamella/trackio'],
    external: [],
    node: true,
  },
];

/** Files that hold interfaces only: every folder of their package may import them as types. */
export const CONTRACTS: readonly string[] = [
  'packages/store/src/record/batch.ts',
  'packages/store/src/shard/codec.ts',
  'packages/store/src/backend/backend.ts',
  'packages/store/src/writer/clock.ts',
];

/** Words that say nothing about what is inside; no file or folder has one of them as its name. */
export const EMPTY_NAMES: readonly string[] = [
  'utils',
  'util',
  'common',
  'helpers',
  'helper',
  'manager',
  'core',
  'shared',
  'misc',
  'lib',
];

/** What store's pure part gets through a constructor instead: name of the global, and its replacement. */
export const AMBIENT: Readonly<Record<string, string>> = {
  Date: 'Clock',
  performance: 'Clock',
  setTimeout: 'Clock.sleep',
  setInterval: 'Clock.sleep',
  setImmediate: 'Clock.sleep',
  queueMicrotask: 'a promise',
  crypto: 'Random and ByteCodec',
  fetch: 'Backend',
  process: 'an option',
  console: 'an option such as onTrouble',
  Buffer: 'Uint8Array',
};

/** The table as ARCHITECTURE.md has it. */
export function layersAsMarkdown(): string {
  const list = (names: readonly string[]): string => (names.length === 0 ? '–' : names.join(', '));
  const node = (layer: Layer): string =>
    layer.node === true ? 'yes' : layer.node === false ? 'no' : `in ${layer.node.join(', ')}`;
  const rows = LAYERS.map(
    (layer) =>
      `| \`${layer.folder}\` | ${list(layer.folders)} | ${list(layer.workspace)} | ${list(layer.external)} | ${node(layer)} |`,
  );
  return [
    '| package/folder | other folders | workspace | external | `node:` |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
