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
export { mediaFilesOf, mediaPath } from './layout/media.ts';

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

/** The layout that Lamella writes: Trackio 0.43's. */
export const TRACKIO_SCHEMA_VERSION: number = 2;
