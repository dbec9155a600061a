/**
 * What a benchmark is: a file `bench/<name>.ts` that exports `scenario`. It measures, says what it found as
 * figures with their goals, and leaves nothing behind. Run it with `npm run bench -- <name>`.
 */
export interface Scenario {
  /** Also the file's name. */
  readonly name: string;
  /** One sentence: what is measured, and under which load. */
  readonly about: string;
  /** Errors: anything that makes the figures meaningless; a missed goal is a figure, not an error. */
  run(context: ScenarioContext): Promise<readonly Figure[]>;
}

export interface ScenarioContext {
  /** Progress, to stderr: stdout belongs to the result. */
  readonly log: (line: string) => void;
  /** Run a short version that shows the scenario works; its figures are not results and are not saved. */
  readonly quick: boolean;
}

export interface Figure {
  /** Fixed once it was published, so that stored results can be compared. Ends in its unit: `p50_us`. */
  readonly name: string;
  readonly value: number;
  /** `us`, `ms`, `mb`, `bytes`, `calls`, … */
  readonly unit: string;
  /** `<= 4`, `= 0`; `-` for a figure that is only told. */
  readonly goal: string;
  readonly met: boolean;
}

/** What `npm run bench -- <name> --json` prints, and what lies in `bench/results/`. */
export interface Result {
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly hardware: {
    readonly cpu: string;
    readonly cores: number;
    readonly memory_gb: number;
    readonly platform: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** Short commit id, with `+` when the tree had changes outside bench/results. */
  readonly commit: string;
}

/** A figure that must not be greater than `limit`. */
export function atMost(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value: rounded(value), unit, goal: `<= ${limit}`, met: value <= limit };
}

/** A figure that must be exactly `wanted`. */
export function exactly(name: string, value: number, unit: string, wanted: number): Figure {
  return { name, value, unit, goal: `= ${wanted}`, met: value === wanted };
}

/** A figure without a goal: told beside the others, for comparison. */
export function told(name: string, value: number, unit: string): Figure {
  return { name, value: rounded(value), unit, goal: '-', met: true };
}

/**
 * The value below which a share `p` (0..1) of `samples` lies: nearest rank, so always a measured value.
 * NaN for no samples. `samples` is left as it is.
 */
export function percentile(samples: Float64Array | readonly number[], p: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** Four significant digits: more would pretend a precision that a benchmark does not have. */
function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}
