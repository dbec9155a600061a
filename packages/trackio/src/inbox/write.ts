/**
 * Writes fragments as Trackio 0.43 does, so that its server takes them in: a folder for each writer with a random name,
 * files numbered from zero, one file for each kind of record and flush, written aside and renamed. Two things are safer
 * here: the bytes are synced before the rename, and the file is as readable as the user's umask lets it be.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LamellaError } from '@lamella/store';
import { INBOX_FOLDER } from '../layout/files.ts';
import { callToJson, type LogBatch, type LogCall, stepOf } from '../layout/log-call.ts';
import { isMissing } from '../sqlite/file-facts.ts';
import { formatTime } from '../sqlite/timestamp.ts';

/** Writes the fragments of one run in one process. Not for two flushes at once. */
export interface FragmentWriter {
  /** The name of its folder: 16 hex digits. */
  readonly id: string;
  /** Writes a flush; answers the paths. Error: unavailable when the disk refuses; nothing of that file is then there. */
  readonly write: (batch: LogBatch) => Promise<string[]>;
}

/** `directory` is the Trackio directory; it is made when it is missing. */
export function createFragmentWriter(
  directory: string,
  id: string = randomBytes(8).toString('hex'),
): FragmentWriter {
  const folder = join(directory, INBOX_FOLDER, id);
  let sequence = 0;
  return {
    id,
    write: async (batch) => {
      const paths: string[] = [];
      for (const lines of fragmentsOf(batch)) {
        const path = join(folder, `${String(sequence).padStart(8, '0')}.jsonl`);
        await writeFragment(folder, path, lines.join(''));
        sequence += 1;
        paths.push(path);
      }
      return paths;
    },
  };
}

/** The lines of each file that a flush becomes: metrics, system metrics, alerts; none is empty. */
function fragmentsOf(batch: LogBatch): string[][] {
  const metrics = batch.calls.filter(({ kind }) => kind === 'metric');
  const system = batch.calls.filter(({ kind }) => kind === 'system');
  return [
    metrics.map((call, index) => metricLine(batch, call, index === 0 ? batch.config : null)),
    system.map((call) => systemLine(batch, call)),
    (batch.alerts ?? []).map((alert) =>
      line(batch, 'alert', {
        title: JSON.stringify(alert.title),
        text: JSON.stringify(alert.text),
        level: JSON.stringify(alert.level),
        step: JSON.stringify(alert.step),
        timestamp: JSON.stringify(formatTime(alert.timeUs)),
        alert_id: JSON.stringify(alert.alertId),
      }),
    ),
  ].filter((lines) => lines.length > 0);
}

function metricLine(batch: LogBatch, call: LogCall, config: string | null): string {
  return line(batch, 'metric', {
    metrics: callToJson(call),
    step: String(stepOf(call)),
    timestamp: JSON.stringify(formatTime(call.timeUs)),
    config: config ?? 'null',
    log_id: JSON.stringify(call.logId),
  });
}

function systemLine(batch: LogBatch, call: LogCall): string {
  return line(batch, 'system_metric', {
    metrics: callToJson(call),
    timestamp: JSON.stringify(formatTime(call.timeUs)),
    log_id: JSON.stringify(call.logId),
  });
}

/** One record; `fields` are JSON texts. The order of the members is Trackio's. */
function line({ project, run }: LogBatch, kind: string, fields: Readonly<Record<string, string>>): string {
  const members = {
    v: '1',
    kind: JSON.stringify(kind),
    project: JSON.stringify(project),
    run: JSON.stringify(run.name),
    run_id: JSON.stringify(run.id),
    ...fields,
  };
  return `{${Object.entries(members)
    .map(([name, json]) => `"${name}":${json}`)
    .join(',')}}\n`;
}

/** Trackio removes folders that it has emptied, also between making one and writing into it: tried three times. */
async function writeFragment(folder: string, path: string, text: string): Promise<void> {
  const temporary = join(folder, `tmp${randomBytes(6).toString('hex')}.tmp`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      return;
    } catch (error) {
      await rm(temporary, { force: true });
      if (isMissing(error) && attempt < 3) continue;
      throw new LamellaError(
        'unavailable',
        `the fragment ${path} cannot be written; the rows are kept for the next try`,
        {
          cause: error,
        },
      );
    }
  }
}
