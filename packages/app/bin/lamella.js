#!/usr/bin/env node
// The lamella command. Lamella needs Node 22.18 or newer; run by an older one, it looks for a newer one that came
// with the installation (the `node-<platform>` packages of the project) and hands over to it. Written so that
// even an old Node can parse it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 18];

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The Node of an installed `node-<platform>-<arch>` package, or null. */
function installedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    const path = join(dirname(manifest), 'bin', binary);
    return existsSync(path) ? path : null;
  } catch {
    // Not installed: an installation from a registry brings no Node of its own.
    return null;
  }
}

async function start() {
  const entry = new URL('../dist/commands/main.js', import.meta.url);
  if (!existsSync(fileURLToPath(entry))) {
    process.stderr.write('Error: lamella is not built; run "npm run build" first\n');
    process.exitCode = 1;
    return;
  }
  await import(entry.href);
}

if (isNewEnough(process.versions.node)) {
  await start();
} else {
  const node = process.env['LAMELLA_NODE_TRIED'] ? null : installedNode();
  if (node) {
    const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, LAMELLA_NODE_TRIED: '1' },
    });
    // Ctrl-C reaches the child by the terminal; this process waits for it to finish.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? (signal ? 130 : 1);
    });
  } else {
    process.stderr.write(
      `Error: lamella needs Node ${NEEDED.join('.')} or newer, this is ${process.versions.node}; install a newer Node and start it again\n`,
    );
    process.exitCode = 2;
  }
}
