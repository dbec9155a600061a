/** Request bodies: the fields that several procedures share, and what is said when a body does not fit. */
import { LamellaError } from '@lamella/store';
import { z } from 'zod';

const NAMES_MAX = 10_000;

export const projectField: z.ZodString = z.string().min(1).max(1000);
export const runField: z.ZodString = z.string().min(1).max(1000);
export const metricField: z.ZodString = z.string().max(1000);
export const runsField: z.ZodArray<z.ZodString> = z.array(runField).max(NAMES_MAX);
export const metricsField: z.ZodArray<z.ZodString> = z.array(metricField).min(1).max(NAMES_MAX);

/** `body` as the schema has it. Errors: invalid, naming the field and what is wrong with it. */
export function parseRequest<T>(procedure: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) {
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const field = issue && issue.path.length > 0 ? `field ${JSON.stringify(issue.path.join('.'))}` : 'the body';
  const reason = (issue?.message ?? 'does not fit').replace(/^[A-Z]/, (first) => first.toLowerCase());
  throw new LamellaError('invalid', `${procedure}: ${field}: ${reason}`);
}
