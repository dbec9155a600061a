/**
 * The NFS server, nfs-ganesha, in a network namespace of its own: it speaks to the two clients of the guest and can
 * reach nothing else, whatever it binds to. The exported directory lies on this machine's disk, so what is really
 * there can be counted without NFS.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Addresses that only exist inside the namespace. */
export const SERVER: string = '10.99.7.1';
const CLIENT_GATEWAYS = ['10.99.71.1', '10.99.72.1'];
const START_MS = 20_000;

export interface NfsServer {
  /** `nsenter` arguments that put a program into the server's namespace. */
  readonly enter: readonly string[];
  /** The exported directory. */
  readonly data: string;
  readonly version: string;
  /** False after a crash: two clients that contend for locks make ganesha 4.3 crash now and then. */
  isRunning(): boolean;
  stop(): void;
}

/** Starts a server in folder `work`. Errors: the first step that failed, in the words of its program. */
export async function startServer(work: string, name: string): Promise<NfsServer> {
  const data = join(work, 'data');
  for (const folder of [data, join(work, 'run')]) mkdirSync(folder, { recursive: true });
  const enter = [`--net=/run/netns/${name}`, '--'];
  const namespace = (...args: string[]): void => must('nsenter', [...enter, ...args]);
  must('ip', ['netns', 'add', name]);
  namespace('ip', 'link', 'set', 'lo', 'up');
  namespace('ip', 'addr', 'add', `${SERVER}/32`, 'dev', 'lo');
  for (const [index, gateway] of CLIENT_GATEWAYS.entries()) {
    const tap = `tap${index}`;
    namespace('ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap');
    namespace('ip', 'addr', 'add', `${gateway}/24`, 'dev', tap);
    namespace('ip', 'link', 'set', tap, 'up');
  }
  const child = launch(work, data, enter);
  const server: NfsServer = {
    enter,
    data,
    version: firstLine('ganesha.nfsd', ['-v']),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: () => {
      child.kill('SIGKILL');
      spawnSync('ip', ['netns', 'del', name]);
    },
  };
  for (const end = Date.now() + START_MS; ; await sleep(100)) {
    const answers =
      spawnSync('nsenter', [...enter, 'bash', '-c', `exec 3<>/dev/tcp/${SERVER}/2049`]).status === 0;
    if (answers && server.isRunning()) return server;
    if (server.isRunning() && Date.now() < end) continue;
    server.stop();
    const said = readFileSync(join(work, 'ganesha.log'), 'utf8').trim().split('\n').at(-1) ?? '';
    throw new Error(`the NFS server does not answer: ${said}`);
  }
}

/** Server and port mapper, with a /run of their own. */
function launch(work: string, data: string, enter: readonly string[]): ChildProcess {
  writeFileSync(join(work, 'ganesha.conf'), configuration(data));
  const log = join(work, 'ganesha.log');
  const out = openSync(log, 'a');
  // NFSv3 registers with a port mapper. A private /run keeps both away from one that the machine may have.
  const script = `mount -t tmpfs none /run && mkdir -p /run/ganesha /run/dbus && { rpcbind -f & sleep 0.3;
    exec ganesha.nfsd -F -L "$1/ganesha.log" -f "$1/ganesha.conf" -p "$1/run/ganesha.pid" -N NIV_EVENT; }`;
  return spawnContained(enter, ['sh', '-c', script, 'sh', work], out);
}

/**
 * Starts a program in the server's network, and in a process namespace: whatever it starts, and whoever they become,
 * all end with it. It ends with this process, also when that is killed.
 */
export function spawnContained(
  enter: readonly string[],
  command: readonly string[],
  out: number,
): ChildProcess {
  const withParent = ['--pdeathsig', 'KILL', 'nsenter', ...enter];
  const contained = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return spawn('setpriv', [...withParent, ...contained, ...command], { stdio: ['ignore', out, out] });
}

/** Short leases, so that a killed client does not hold a later run up; no quota and no Kerberos. */
function configuration(data: string): string {
  return `NFS_CORE_PARAM { Bind_addr = ${SERVER}; NFS_Port = 2049; MNT_Port = 20048; NLM_Port = 32803; Rquota_Port = 875;
  Enable_NLM = true; Enable_RQUOTA = false; Protocols = 3,4; Enable_UDP = false; mount_path_pseudo = true;
  Clustered = false; allow_set_io_flusher_fail = true; }
NFSv4 { Grace_Period = 5; Lease_Lifetime = 10; RecoveryBackend = fs; Graceless = true; Minor_Versions = 0,1,2;
  Only_Numeric_Owners = true; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT_DEFAULTS { Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 3,4; Transports = TCP; }
EXPORT { Export_Id = 1; Path = ${data}; Pseudo = /data; FSAL { Name = VFS; } }
LOG { Default_Log_Level = EVENT; }
`;
}

/** The first line that a program prints about itself. */
function firstLine(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return (stdout || stderr).trim().split('\n')[0] ?? 'unknown';
}

function must(program: string, args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status === 0) return;
  throw new Error(`${program} ${args.join(' ')}: ${done.error?.message ?? done.stderr.trim()}`);
}
