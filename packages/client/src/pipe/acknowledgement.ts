/**
 * What comes back from the publisher on a second pipe: one JSON object a line, at most 4,096 bytes with its line
 * feed, so that the kernel takes it whole or not at all (PIPE_BUF). Acknowledgements are counts and say all that
 * earlier ones said; the publisher skips some when nobody reads them.
 */
import { readSync } from 'node:fs';

/** The most that a non-blocking pipe takes in one piece, on every POSIX system we know of. */
export const LINE_BYTES_MAX = 4096;

export type Acknowledgement =
  /** The first `calls` calls of this pipe are published, refused or dropped; `dropped` of them are not published. */
  | { readonly type: 'published'; readonly calls: number; readonly dropped: number }
  /** The flush with this id ended. */
  | { readonly type: 'flushed'; readonly id: number; readonly published: boolean; readonly reason?: string }
  /** All is published (or not: then `reason`), the publisher goes. */
  | {
      readonly type: 'finished';
      readonly published: boolean;
      readonly dropped: number;
      readonly reason?: string;
    }
  /** Something that a person must be told, once. */
  | { readonly type: 'trouble'; readonly text: string };

/** A line with its line feed; texts are cut so that it fits. */
export function encodeAcknowledgement(message: Acknowledgement): Buffer {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  if (line.length <= LINE_BYTES_MAX) return line;
  const cut = (text: string | undefined): string => (text ?? '').slice(0, 500);
  return message.type === 'trouble'
    ? encodeAcknowledgement({ ...message, text: cut(message.text) })
    : encodeAcknowledgement({
        ...message,
        reason: cut((message as { reason?: string }).reason),
      } as Acknowledgement);
}

/** Cuts the bytes of the second pipe into acknowledgements. */
export class AcknowledgementReader {
  #rest = '';

  /** Lines that are no JSON object with a type are skipped: a newer publisher may say more. */
  push(bytes: Buffer): Acknowledgement[] {
    const lines = (this.#rest + bytes.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap(parseLine);
  }
}

function parseLine(line: string): Acknowledgement[] {
  try {
    const message = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as Acknowledgement | null;
    return typeof message === 'object' && message !== null ? [message] : [];
  } catch {
    return []; // a training is not ended by what a publisher says
  }
}

/**
 * What a non-blocking descriptor holds now. Empty: nothing at the moment. Null: the other end is closed.
 * `buffer` is used again by the next call.
 */
export function readAvailable(fd: number, buffer: Buffer): Buffer | null {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // "nothing there" comes as an exception; its stack would cost more than the call
  try {
    const length = readSync(fd, buffer, 0, buffer.length, null);
    return length === 0 ? null : buffer.subarray(0, length);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EAGAIN' || code === 'EINTR' ? buffer.subarray(0, 0) : null;
  } finally {
    Error.stackTraceLimit = limit;
  }
}
