/**
 * Traces (conversations of an agent) are logged as values; SQLite keeps them in a table of their own and takes them out
 * of the row (Trackio's `_split_trace_metrics`). Fragments carry them inline.
 */

/** A trace that was found in a row. JSON texts. */
export interface SplitTrace {
  readonly key: string;
  /** Its place in a list; null where it was the value itself. */
  readonly index: number | null;
  readonly messages: unknown;
  readonly metadata: unknown;
  readonly spans: unknown;
}

type Values = Readonly<Record<string, unknown>>;

/** Whether a row may hold a trace: asked before it is parsed. */
export function mayHoldTrace(json: string): boolean {
  return json.includes('"trackio.trace"');
}

/**
 * Parts a row's values from its traces. A list that holds traces keeps its other members; a value that is a
 * trace, or a list of traces only, goes.
 */
export function splitTraces(values: Values): {
  readonly values: Values;
  readonly traces: readonly SplitTrace[];
} {
  const rest = Object.create(null) as Record<string, unknown>; // a key may be __proto__
  const traces: SplitTrace[] = [];
  for (const [key, value] of Object.entries(values)) {
    const members: readonly unknown[] = Array.isArray(value) ? value : [value];
    const found = members.flatMap((member, place) => {
      if (!isTrace(member)) return [];
      const { messages = [], metadata = {}, spans = [] } = member;
      return [{ key, index: Array.isArray(value) ? place : null, messages, metadata, spans }];
    });
    traces.push(...found);
    const others = members.filter((member) => !isTrace(member));
    if (found.length === 0) rest[key] = value;
    else if (others.length > 0) rest[key] = others;
  }
  return { values: rest, traces };
}

/** `<run id>:<log id>:<key>`, and `:<index>` in a list. */
export function traceId(runId: string, logId: string, trace: SplitTrace): string {
  const id = `${runId}:${logId}:${trace.key}`;
  return trace.index === null ? id : `${id}:${trace.index}`;
}

const SEARCHED_SPAN_FIELDS: readonly string[] = [
  'id',
  'name',
  'kind',
  'model',
  'status',
  'error',
  'metadata',
];

/** The lower-case text that Trackio's search of traces looks in. Inputs and outputs of spans are left out. */
export function traceSearchText(id: string, trace: SplitTrace): string {
  const spans = Array.isArray(trace.spans) ? (trace.spans as unknown[]) : [];
  const searched = spans.map((span) =>
    isObject(span) ? SEARCHED_SPAN_FIELDS.map((field) => span[field]) : span,
  );
  return [id, trace.key, ...leaves([trace.messages, trace.metadata, searched])].join(' ').toLowerCase();
}

function leaves(value: unknown): string[] {
  const texts: string[] = [];
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const item = stack.pop();
    if (item === null || item === undefined) continue;
    if (typeof item === 'object') for (const inner of Object.values(item).toReversed()) stack.push(inner);
    else texts.push(typeof item === 'string' ? item : JSON.stringify(item));
  }
  return texts;
}

interface TraceValue {
  readonly messages?: unknown;
  readonly metadata?: unknown;
  readonly spans?: unknown;
}

function isTrace(value: unknown): value is TraceValue {
  return isObject(value) && value['_type'] === 'trackio.trace';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
