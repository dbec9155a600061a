/**
 * `@lamella/trackio`: Trackio's own directories. Reading them without touching them, and SQLite made as safe as
 * the disk allows for those who keep it.
 */
export type { FilesystemClass } from './layout/filesystem-class.ts';
export { isLocalClass } from './layout/filesystem-class.ts';
export { canonicalProjectName, trackioRefusal } from './layout/project-name.ts';
export type { DatabaseFiles } from './layout/files.ts';
export { databaseFiles, databasePath, INBOX_FOLDER, MEDIA_FOLDER } from './layout/files.ts';
export type { DirectoryListing, ListedProject, ListingProblem } from './layout/listing.ts';
export { listTrackioDirectory } from './layout/listing.ts';
export type { AlertCall, LogBatch, LogCall } from './layout/log-call.ts';
export { mediaFilesOf, mediaPath } from './layout/media.ts';

export type { InboxBatch } from './inbox/fragment.ts';
export type { InboxChange } from './inbox/inbox.ts';
export { Inbox, withoutImported } from './inbox/inbox.ts';
export type { FragmentWriter } from './inbox/write.ts';
export { createFragmentWriter } from './inbox/write.ts';

export type { CellColumns } from './sqlite/cells.ts';
export type { LogChunk, TrackioRun } from './sqlite/chunk.ts';
export type { TrackioDatabase } from './sqlite/database.ts';
export { openTrackioDatabase } from './sqlite/database.ts';
export type {
  TrackioAlert,
  TrackioArtifact,
  TrackioConfig,
  TrackioFact,
  TrackioTrace,
} from './sqlite/facts.ts';
export type { LogReader, LogTable } from './sqlite/log-reader.ts';
export { CHUNK_ROWS } from './sqlite/log-reader.ts';
export type { DatabaseProblem } from './sqlite/problem.ts';
export { databaseError, problemOf } from './sqlite/problem.ts';
export type { TrackioSchema } from './sqlite/schema.ts';
export { formatTime, parseTimeUs } from './sqlite/timestamp.ts';
export type { KeyReader } from './sqlite/read-key.ts';
export { selectRows } from './sqlite/select-rows.ts';
export type { SourceAge, SourceOptions, SourceRefresh } from './sqlite/source.ts';
export { describeAge, TrackioSource } from './sqlite/source.ts';

export type { AppliedPragmas } from './sqlite/apply-pragmas.ts';
export { applyPragmas, readPragmas } from './sqlite/apply-pragmas.ts';
export { TRACKIO_SCHEMA_VERSION } from './sqlite/ddl.ts';
export type { OpenedPragmas } from './sqlite/opened-pragmas.ts';
export { openedPragmas } from './sqlite/opened-pragmas.ts';
export type { Owner, Ownership } from './sqlite/owner.ts';
export {
  claimOwnership,
  OWNER_RENEW_MS,
  OWNER_STALE_MS,
  ownerPath,
  readOwner,
  thisOwner,
} from './sqlite/owner.ts';
export type {
  JournalMode,
  LockingMode,
  Pragmas,
  Synchronous,
  TempStore,
  WantedPragmas,
} from './sqlite/pragmas.ts';
export { PRAGMA_VARIABLES, pragmasFor, sqliteWarning } from './sqlite/pragmas.ts';
export type { DatabaseWriter, DatabaseWriterOptions } from './sqlite/write-database.ts';
export { openDatabaseWriter } from './sqlite/write-database.ts';
