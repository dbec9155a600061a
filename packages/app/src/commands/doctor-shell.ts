/**
 * `lamella doctor --shell`: the environment in which an unmodified Trackio is safe on a filesystem, as lines for
 * `eval`. Pure.
 *
 * Where several hosts see the disk, Trackio appends JSONL fragments to its inbox, of which every process has its
 * own, and whoever imports them opens the database with a rollback journal and without a mapped file. On a local
 * disk every mode is safe, so what the user chose stays.
 */
import type { FilesystemClass } from '@lamella/store/node';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ShellSetting {
  readonly name: string;
  readonly value: string;
  /** What the user had set and what is not safe here, or null. */
  readonly replaces: string | null;
}

interface Rule {
  readonly name: string;
  /** What is safe, the first one being the default. */
  readonly shared: readonly string[];
  readonly local: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    name: 'TRACKIO_STORAGE_MODE',
    shared: ['jsonl'],
    local: ['auto', 'sqlite', 'jsonl'],
  },
  {
    name: 'TRACKIO_SQLITE_JOURNAL_MODE',
    shared: ['DELETE', 'TRUNCATE', 'PERSIST'],
    local: ['WAL', 'DELETE', 'TRUNCATE', 'PERSIST'],
  },
  { name: 'TRACKIO_SQLITE_SYNCHRONOUS', shared: ['FULL', 'EXTRA'], local: ['NORMAL', 'FULL', 'EXTRA'] },
  { name: 'TRACKIO_SQLITE_MMAP_SIZE', shared: ['0'], local: ['0'] },
  {
    name: 'TRACKIO_SQLITE_TEMP_STORE',
    shared: ['MEMORY', 'FILE', 'DEFAULT'],
    local: ['MEMORY', 'FILE', 'DEFAULT'],
  },
];

/** The settings for a class; `spaces`: on Hugging Face Spaces one process owns the database. */
export function shellSettings(of: FilesystemClass, env: Environment): ShellSetting[] {
  const spaces = env['SYSTEM'] === 'spaces';
  const settings = RULES.map((rule) =>
    settle(rule, of === 'local' && !spaces ? rule.local : rule.shared, env),
  );
  if (!spaces) return settings;
  return [
    // A Space is the only host of its disk: Trackio may write its database itself.
    ...settings.map((setting) =>
      setting.name === 'TRACKIO_STORAGE_MODE' && of === 'local' ? { ...setting, value: 'auto' } : setting,
    ),
    { name: 'TRACKIO_SQLITE_LOCKING_MODE', value: 'EXCLUSIVE', replaces: null },
  ];
}

function settle(rule: Rule, safe: readonly string[], env: Environment): ShellSetting {
  const set = env[rule.name]?.trim() ?? '';
  const value = safe.find((each) => each.toLowerCase() === set.toLowerCase());
  return {
    name: rule.name,
    value: value ?? safe[0]!,
    replaces: value === undefined && set !== '' ? set : null,
  };
}

/** One `export` line per setting. The values are words of the table above, so they need no quotes. */
export function shellLines(settings: readonly ShellSetting[]): string {
  return settings.map(({ name, value }) => `export ${name}=${value}\n`).join('');
}
