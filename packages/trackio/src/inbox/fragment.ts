/**
 * Fragments: JSONL files in `inbox/<writer>/<8 digits>.jsonl`, one record a line, that Trackio writes where SQLite is
 * not safe, and takes in and deletes later. A fragment is complete when it has its name.
 */
import { canonicalProjectName } from '../layout/project-name.ts';
import { mayHoldTrace, splitTraces, traceId } from '../layout/trace.ts';
import { type JsonRow, NameTable, parseExact } from '../sqlite/cells.ts';
import { ChunkBuilder, encodeRun, type LogChunk } from '../sqlite/chunk.ts';
import type { TrackioAlert, TrackioConfig, TrackioTrace } from '../sqlite/facts.ts';
import { formatTime, parseTimeUs } from '../sqlite/timestamp.ts';

/** The records of one fragment that belong to one project. Runs and keys are ordinals in the inbox's lists. */
export interface InboxBatch {
  /** `<writer>/<number>.jsonl`. */
  readonly fragment: string;
  /** Canonical: the stem of the database that Trackio would take it into. */
  readonly project: string;
  /** As the writer spelled it. */
  readonly originalName: string;
  readonly metrics: LogChunk;
  readonly system: LogChunk;
  /** By row of the chunks; `''` where a record has none. */
  readonly metricIds: readonly string[];
  readonly systemIds: readonly string[];
  readonly alerts: readonly TrackioAlert[];
  readonly traces: readonly TrackioTrace[];
  /** The last config of each run. */
  readonly configs: readonly TrackioConfig[];
}

/** A fragment that was read. */
export interface ParsedFragment {
  readonly batches: readonly InboxBatch[];
  /** Lines that are not records: of a file that was cut off, or of another program. */
  readonly badLines: number;
}

/** Lists that outlive fragments. */
export interface InboxNames {
  readonly runs: NameTable;
  readonly keys: NameTable;
}

interface FragmentRecord {
  readonly kind: 'metric' | 'system_metric' | 'alert';
  readonly project: string;
  readonly run: string;
  readonly line: string;
  readonly fields: JsonRow;
}

/**
 * Parses the bytes of a fragment. `receivedUs` stands in for times that are missing, as the time of the import does in Trackio.
 * `isNew(id)` says whether a `log_id` or `alert_id` has not been met yet; records of known ones are left out.
 */
export function parseFragment(
  name: string,
  text: string,
  names: InboxNames,
  receivedUs: number,
  isNew: (id: string) => boolean,
): ParsedFragment {
  let badLines = 0;
  const byProject = new Map<string, FragmentRecord[]>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const record = parseRecord(line);
    if (record === null) {
      badLines += 1;
      continue;
    }
    const id = idOf(record);
    if (id !== '' && !isNew(id)) continue;
    const records = byProject.get(record.project);
    if (records === undefined) byProject.set(record.project, [record]);
    else records.push(record);
  }
  const batches = [...byProject].map(([project, records]) =>
    toBatch(name, project, records, names, receivedUs),
  );
  return { batches, badLines };
}

function parseRecord(line: string): FragmentRecord | null {
  let fields: JsonRow;
  try {
    fields = JSON.parse(line) as JsonRow;
  } catch {
    return null; // Trackio skips such lines, too; they are counted
  }
  if (typeof fields !== 'object' || fields === null) return null;
  const { kind, project, run } = fields;
  const known = kind === 'metric' || kind === 'system_metric' || kind === 'alert';
  if (!known || typeof project !== 'string' || typeof run !== 'string' || project === '' || run === '')
    return null;
  return { kind, project, run, line, fields };
}

function idOf({ kind, fields }: FragmentRecord): string {
  const id = fields[kind === 'alert' ? 'alert_id' : 'log_id'];
  return typeof id === 'string' ? id : '';
}

function toBatch(
  fragment: string,
  originalName: string,
  records: readonly FragmentRecord[],
  names: InboxNames,
  receivedUs: number,
): InboxBatch {
  const received = formatTime(receivedUs);
  const metrics = new RowsBuilder(records.filter(({ kind }) => kind === 'metric').length, names);
  const system = new RowsBuilder(records.filter(({ kind }) => kind === 'system_metric').length, names);
  const alerts: TrackioAlert[] = [];
  const traces: TrackioTrace[] = [];
  const configs = new Map<string, TrackioConfig>();
  for (const record of records) {
    const time = textOf(record.fields['timestamp']) ?? received;
    const fact = {
      rowid: 0,
      run: { project: null, id: textOf(record.fields['run_id']) ?? record.run, name: record.run },
      time,
      timeUs: parseTimeUs(time),
    };
    if (record.kind === 'alert') {
      alerts.push({ ...fact, ...alertOf(record) });
    } else if (record.kind === 'system_metric') {
      system.add(record, fact.run, time, record.line);
    } else {
      const row = mayHoldTrace(record.line) ? takeTraces(record, fact, traces) : record.line;
      metrics.add(record, fact.run, time, row);
      const config = record.fields['config'];
      if (typeof config === 'object' && config !== null) {
        configs.set(encodeRun(fact.run), { ...fact, config: JSON.stringify(config) });
      }
    }
  }
  return {
    fragment,
    project: canonicalProjectName(originalName),
    originalName,
    metrics: metrics.take(),
    metricIds: metrics.ids,
    system: system.take(),
    systemIds: system.ids,
    alerts,
    traces,
    configs: [...configs.values()],
  };
}

/** Takes the traces out of a record; answers the line without them. */
function takeTraces(
  record: FragmentRecord,
  fact: Omit<TrackioTrace, keyof SplitFields>,
  into: TrackioTrace[],
): string {
  const exact = parseExact(record.line) ?? record.fields;
  const { values, traces } = splitTraces((exact['metrics'] ?? {}) as JsonRow);
  const logId = idOf(record);
  for (const trace of traces) {
    into.push({
      ...fact,
      id: traceId(fact.run.id ?? record.run, logId, trace),
      step: numberOf(record.fields['step']),
      key: trace.key,
      index: trace.index,
      messages: JSON.stringify(trace.messages),
      metadata: JSON.stringify(trace.metadata),
      spans: JSON.stringify(trace.spans),
      logId: logId === '' ? null : logId,
    });
  }
  return JSON.stringify({ ...exact, metrics: values });
}

type SplitFields = Omit<TrackioTrace, 'rowid' | 'run' | 'time' | 'timeUs'>;

function alertOf(record: FragmentRecord): Omit<TrackioAlert, 'rowid' | 'run' | 'time' | 'timeUs'> {
  const { fields } = record;
  const id = idOf(record);
  return {
    title: textOf(fields['title']) ?? '',
    text: textOf(fields['text']),
    level: textOf(fields['level']) ?? 'WARN',
    step: numberOf(fields['step']),
    alertId: id === '' ? null : id,
  };
}

/** The rows of one kind. */
class RowsBuilder {
  readonly ids: string[] = [];
  readonly #chunk: ChunkBuilder;

  constructor(capacity: number, { runs, keys }: InboxNames) {
    this.#chunk = new ChunkBuilder(capacity, runs, keys);
  }

  add(record: FragmentRecord, run: TrackioAlert['run'], time: string, line: string): void {
    const row = this.#chunk.addRow(this.ids.length + 1, encodeRun(run), time);
    this.ids.push(idOf(record));
    const { step } = record.fields;
    if (record.kind === 'system_metric' || step === null || step === undefined)
      this.#chunk.setStep(row, null);
    else this.#chunk.setQuotedStep(row, stepLiteral(record));
    const metrics = line === record.line ? record.fields['metrics'] : parseExact(line)?.['metrics'];
    if (isJsonRow(metrics) && this.#chunk.addCells(row, metrics)) return;
    const exact = parseExact(line)?.['metrics'];
    if (!isJsonRow(exact) || !this.#chunk.addCells(row, exact)) this.#chunk.addUnreadable(row);
  }

  take(): LogChunk {
    return this.#chunk.take(0);
  }
}

/** The digits of a step as they stand in the record, so that none is lost. */
function stepLiteral({ fields, line }: FragmentRecord): string {
  const { step } = fields;
  if (typeof step !== 'number' || Number.isSafeInteger(step)) return String(step);
  const exact: unknown = parseExact(line)?.['step'];
  return typeof exact === 'object' ? JSON.stringify(exact) : String(step);
}

function isJsonRow(value: unknown): value is JsonRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
