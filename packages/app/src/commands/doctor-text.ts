/** What `lamella doctor` found, for people: short lines, and nothing that a terminal would obey. */
import type { FilesystemClass } from '@lamella/store/node';
import type { Examined } from './doctor-report.ts';
import type { PragmaValues } from './doctor-sqlite.ts';
import { printable } from './output.ts';

const WIDTH = 100;
const LABEL = 14;

const CLASS_MEANING: Readonly<Record<FilesystemClass, string>> = {
  local: 'local: this machine alone sees it',
  network: 'network: a file server or share, seen by other hosts too',
  parallel: 'parallel: a cluster filesystem, seen by many hosts at once',
  'object-mount': 'object-mount: an object store that looks like a directory',
  unknown: 'unknown: treated like a network filesystem',
};

/** The whole report as text, with a final line end. */
export function doctorText({ report, name }: Examined): string {
  const { filesystem, lamella, sqlite } = report;
  const type = filesystem.type === null || filesystem.type === name ? '' : ` (${filesystem.type})`;
  const mounted = filesystem.mount === null ? [] : [['mounted at', where(filesystem)] as const];
  const lines = [
    printable(report.path),
    '',
    ...block('Filesystem', [
      ['kind', `${name ?? 'nothing is known'}${type}`],
      ['class', CLASS_MEANING[filesystem.class]],
      ...mounted,
      ...(filesystem.options.length === 0 ? [] : [['options', filesystem.options.join(', ')] as const]),
      ...labelled('because', filesystem.evidence),
    ]),
    ...probeLines(report.probes),
    ...block('SQLite in this directory', [
      ['pragmas', pragmaText(sqlite.pragmas)],
      ['because', sqlite.reason],
    ]),
    ...block('Lamella in this directory', [
      ['publishes', PUBLISH_MEANING[lamella.publish]],
      ['flushes', `every ${lamella.flush_s} s at most, sooner while a run is young`],
      ['removes', `merged files ${lamella.grace_s} s after they were proved to be covered`],
    ]),
    ...list('Warnings', report.warnings, '!'),
    ...list('Advice', report.advice, '-'),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

const PUBLISH_MEANING: Readonly<Record<'rename' | 'write-once', string>> = {
  rename: 'by rename: a file gets its name when it is complete and synced',
  'write-once':
    'by writing each file once under its final name, as rename copies here; readers check every file',
};

function where({ mount, source }: { readonly mount: string | null; readonly source: string | null }): string {
  return source === null || source === mount ? `${mount}` : `${mount} from ${source}`;
}

function pragmaText(pragmas: PragmaValues): string {
  return Object.entries<string | number>({ ...pragmas })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function probeLines(probes: Examined['report']['probes']): string[] {
  if (probes.length === 0) return [];
  const untried = probes.every(({ ms }) => ms === null) ? probes[0]?.detail : undefined;
  if (untried !== undefined) return block('Behaviour', [['', untried]]);
  const rows = probes.map(({ name, ok, ms, detail }) => {
    const time = ms === null ? '' : `${ms.toFixed(1)} ms`;
    return `  ${ok ? 'ok' : 'no'}  ${name.padEnd(21)}${time.padStart(10)}  ${printable(detail)}`;
  });
  return ['Behaviour', ...rows, ''];
}

type Row = readonly [label: string, text: string];

function labelled(label: string, texts: readonly string[]): Row[] {
  return texts.map((text, index) => [index === 0 ? label : '', text] as const);
}

function block(title: string, rows: readonly Row[]): string[] {
  const lines = rows.flatMap(([label, text]) =>
    wrapped(printable(text), WIDTH - LABEL).map(
      (part, index) => `  ${(index === 0 ? label : '').padEnd(LABEL - 2)}${part}`,
    ),
  );
  return [title, ...lines, ''];
}

function list(title: string, texts: readonly string[], mark: string): string[] {
  if (texts.length === 0) return [];
  const lines = texts.flatMap((text) =>
    wrapped(printable(text), WIDTH - 4).map((part, index) => `  ${index === 0 ? mark : ' '} ${part}`),
  );
  return [title, ...lines, ''];
}

/** Lines of at most `width` characters, broken at blanks; a longer word stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
