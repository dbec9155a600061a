/**
 * Keeps one project's snapshot up to date while somebody wants it.
 *
 * A pass is one look at the store and the ingest of what is new. Passes follow each other at an interval that
 * bounds listing to 5 % of the time; they stop when nobody has asked for a while, and the next request
 * starts with a fresh one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '@lamella/store';
import type { ProjectSnapshot } from './snapshot.ts';
import type { Watch } from './watch.ts';

/** Shortest pause between looks. */
const INTERVAL_MIN_MS = 250;
/** One part listing, twenty parts rest. */
const LISTING_REST = 20;
/** Polling goes on this long after the last request when no live page is connected. */
const DEMAND_MS = 30_000;
/** A request waits this long for a pass; what loads later is announced by live changes. */
const WAIT_MAX_MS = 10_000;

export interface FeedOptions {
  readonly snapshot: ProjectSnapshot;
  readonly watch: Watch;
  readonly clock: { monotonic(): number };
  /** A pass failed; the next one tries again. */
  onTrouble(message: string): void;
}

export class ProjectFeed {
  readonly snapshot: ProjectSnapshot;
  readonly #options: FeedOptions;
  readonly #stop = new AbortController();
  #demandAt = Number.NEGATIVE_INFINITY;
  #subscribers = 0;
  #pass: Promise<void> | null = null;
  #polling: Promise<void> | null = null;
  #completed = 0;
  #intervalMs = INTERVAL_MIN_MS;
  #trouble: string | null = null;
  /** The last look left something for the next. */
  #more = false;
  readonly #warned = new Set<string>();
  #whole = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.snapshot = options.snapshot;
  }

  /** A whole pass has succeeded. */
  get loaded(): boolean {
    return this.#completed > 0;
  }

  /**
   * Resolves when the snapshot is fresh: at once while polling is under way, else after a pass.
   * Errors: those of the first pass (later ones keep showing what is loaded).
   */
  async fresh(): Promise<void> {
    this.#demandAt = this.#options.clock.monotonic();
    const wasPolling = this.#polling !== null;
    this.#poll();
    if (wasPolling && this.#completed > 0) {
      return;
    }
    await Promise.race([
      this.#startPass(),
      sleep(WAIT_MAX_MS, undefined, { ref: false, signal: this.#stop.signal }),
    ]).catch((error: unknown) => {
      if (this.#completed === 0 && !this.#stop.signal.aborted) {
        throw error;
      }
    });
  }

  /** A whole pass from now, however long it takes: for commands that print one answer. */
  async complete(): Promise<void> {
    await this.#pass;
    this.#whole = true;
    try {
      do {
        await this.#startPass();
      } while (this.#more && !this.#stop.signal.aborted);
    } finally {
      this.#whole = false;
    }
  }

  /** Keeps polling until the returned function is called. */
  subscribe(): () => void {
    this.#subscribers++;
    this.#poll();
    let open = true;
    return () => {
      this.#subscribers -= open ? 1 : 0;
      open = false;
      this.#demandAt = this.#options.clock.monotonic();
    };
  }

  /** Stops polling and waits for the pass under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([this.#pass, this.#polling]);
  }

  #wanted(): boolean {
    if (this.#stop.signal.aborted) {
      return false;
    }
    return this.#subscribers > 0 || this.#options.clock.monotonic() - this.#demandAt < DEMAND_MS;
  }

  #poll(): void {
    if (this.#polling === null && this.#wanted()) {
      this.#polling = this.#pollWhileWanted().finally(() => {
        this.#polling = null;
      });
    }
  }

  async #pollWhileWanted(): Promise<void> {
    while (this.#wanted()) {
      try {
        await this.#startPass();
        this.#trouble = null;
      } catch (error) {
        this.#more = false;
        this.#report(error);
      }
      if (this.#more) continue;
      await sleep(this.#intervalMs, undefined, { ref: false, signal: this.#stop.signal }).catch(
        () => undefined,
      );
    }
  }

  #startPass(): Promise<void> {
    this.#pass ??= this.#look().finally(() => {
      this.#pass = null;
    });
    return this.#pass;
  }

  async #look(): Promise<void> {
    const look = await this.#options.watch.look(this.snapshot.project, this.#whole);
    // One slow listing (a busy machine, a first look) must not silence a live page for long: the interval at
    // most doubles from pass to pass, and falls at once.
    const rest = Math.min(LISTING_REST * look.listingMs, 2 * this.#intervalMs);
    this.#intervalMs = Math.max(INTERVAL_MIN_MS, rest);
    if (await this.snapshot.apply(look, this.#stop.signal)) {
      this.#completed++;
      this.#more = look.more === true;
      for (const warning of look.warnings ?? []) this.#warn(warning);
    } else {
      await this.#look();
    }
  }

  /** Says each warning once. */
  #warn(warning: string): void {
    if (this.#warned.has(warning)) return;
    this.#warned.add(warning);
    this.#options.onTrouble(`project ${this.snapshot.project}: ${warning}`);
  }

  /** Says a trouble once, not at every pass. */
  #report(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#trouble && !this.#stop.signal.aborted) {
      this.#trouble = message;
      const hint =
        isKind(error, 'internal') && error.cause instanceof Error ? `: ${error.cause.message}` : '';
      this.#options.onTrouble(`project ${this.snapshot.project}: ${message}${hint}`);
    }
  }
}
