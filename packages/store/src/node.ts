/** What of the store needs Node: files, zstd and SHA-256, this machine's clock. */
export { createFilesystemBackend } from './backend/filesystem.ts';
export type { FilesystemBackend, FilesystemOptions } from './backend/filesystem.ts';
export { openStore } from './backend/open-store.ts';
export type { OpenStoreOptions } from './backend/open-store.ts';
export { nodeCodec } from './shard/node-codec.ts';
export { systemClock, systemRandom } from './writer/node-clock.ts';

export { answerLines, askProgram, askScript, scriptBeside } from './filesystem/ask.ts';
export type { Answer } from './filesystem/ask.ts';
export { byPath, classify, classifyByTable, throughOverlay } from './filesystem/classify.ts';
export type { Facts, Verdict } from './filesystem/classify.ts';
export { detectFilesystem } from './filesystem/detect.ts';
export type { DetectOptions, Filesystem } from './filesystem/detect.ts';
export { directoryCacheSeconds, judgeOptions, typeAdvice } from './filesystem/option.ts';
export type { Level, OptionJudgement } from './filesystem/option.ts';
export { PROBE_NAMES, probeDirectory } from './filesystem/probe.ts';
export type { Probe } from './filesystem/probe.ts';
export { treatmentOf } from './filesystem/treatment.ts';
export type { TreatedFilesystem, Treatment } from './filesystem/treatment.ts';
export { FILESYSTEM_CLASSES, knownTypes } from './filesystem/type.ts';
export type { FilesystemClass } from './filesystem/type.ts';
