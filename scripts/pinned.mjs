// Runs a script of the project on the pinned Node, installing the project's dependencies first when they are
// missing or out of date. Plain JavaScript: the only file of the project that an older Node (>= 20) executes.
// A child process is spawned by path on purpose: `node a && node b` in one npm script keeps the old Node for `b`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

/**
 * Whether node_modules is what the lockfile says. npm notes there what it installed, as its last step: after an
 * interrupted install the note is missing. So `npm ci` by hand and by this script count alike.
 */
function isInstalled() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const installed = read(join('node_modules', '.package-lock.json'));
  return Object.entries(read('package-lock.json')).every(([path, wanted]) => {
    const found = installed[path];
    if (path === '') return true;
    if (found === undefined) return wanted.optional === true && !isForThisPlatform(wanted);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** Packages that also name a C library are left out: which one is here, only npm knows. */
function isForThisPlatform({ os, cpu, libc }) {
  const names = (list, name) => list !== undefined && [list].flat().includes(name);
  return libc === undefined && names(os, process.platform) && names(cpu, process.arch);
}

function install() {
  if (isInstalled()) return;
  process.stderr.write('lamella: installing dependencies (npm ci)\n');
  // Inside an npm script npm says where it is; another package manager would put itself there.
  const npm =
    basename(process.env['npm_execpath'] ?? '') === 'npm-cli.js' ? process.env['npm_execpath'] : undefined;
  const [command, before] = npm ? [process.execPath, [npm]] : [windows ? 'npm.cmd' : 'npm', []];
  // The tools are development dependencies: NODE_ENV=production or `omit` in a user's settings must not drop them.
  const args = [
    ...before,
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  // npm's own output goes to stderr: stdout belongs to the script (`--json` prints one object there).
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: windows && !npm });
  if (done.status !== 0) {
    const why = done.error ? done.error.message : 'see above';
    process.stderr.write(`lamella: npm ci failed: ${why}\n`);
    process.exit(exitCode(done.status, done.signal));
  }
}

/** The pinned Node where its platform package exists; otherwise this Node, if it is new enough. */
function pinnedNode() {
  const platform = `${windows ? 'win' : process.platform}-${process.arch}`;
  const path = join(root, 'node_modules', `node-${platform}`, 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(path)) return path;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  process.stderr.write(
    `lamella: no pinned Node for ${platform}; install Node >= 22.18 (this is ${process.version})\n`,
  );
  process.exit(1);
}

/** As a shell tells it: 128 + the signal's number for a process that a signal ended. */
function exitCode(code, signal) {
  return code ?? (signal ? 128 + (constants.signals[signal] ?? 0) : 1);
}

install();
const [script, ...args] = process.argv.slice(2);
const node = pinnedNode();
const bins = [dirname(node), join(root, 'node_modules', '.bin')].join(delimiter);
const child = spawn(node, ['--conditions=source', join(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bins}${delimiter}${process.env['PATH'] ?? ''}` },
});
// A terminal sends Ctrl-C to the whole group, so the child may get it twice (npm forwards it, too). Scripts that
// must end cleanly take the second as the first. This process only waits for the child, and keeps its exit code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// When npm is killed, its shell goes without telling anybody: then the script is to end, too.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 1000).unref();
child.on('error', (error) => {
  process.stderr.write(`lamella: cannot start ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(exitCode(code, signal)));
