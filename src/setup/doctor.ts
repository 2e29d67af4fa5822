import { existsSync, statfsSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { cacheFolder, coreCount, lmdbParts, runProcess, tensorflowParts } from '../core/index.js';
import { findFfmpeg } from './ffmpeg.js';
import { findCompiler, findPip, installRemedy } from './tools.js';

/** What doctor says of one part of the system. */
export interface DoctorPart {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; null where all is well. */
  readonly remedy: string | null;
}

/** Kinds by the number that Linux gives: network and FUSE file systems make LMDB unsafe to write. */
const fileSystems: Readonly<Record<number, { readonly name: string; readonly network?: true }>> = {
  0xef53: { name: 'ext2/3/4' },
  0x58465342: { name: 'xfs' },
  0x9123683e: { name: 'btrfs' },
  0x794c7630: { name: 'overlay' },
  0x01021994: { name: 'tmpfs' },
  0x2fc12fc1: { name: 'zfs' },
  0xf2f52010: { name: 'f2fs' },
  0x4d44: { name: 'fat' },
  0x5346544e: { name: 'ntfs' },
  0x6969: { name: 'nfs', network: true },
  0xff534d42: { name: 'cifs', network: true },
  0xfe534d42: { name: 'smb2', network: true },
  0x65735546: { name: 'fuse', network: true },
  0x01021997: { name: '9p', network: true },
  0x0bd00bd0: { name: 'lustre', network: true },
  0x47504653: { name: 'gpfs', network: true },
  0x19830326: { name: 'beegfs', network: true },
  0x00c36400: { name: 'ceph', network: true },
};

/**
 * What is there besides decoders, engines and LMDB's own report, which their areas give: Node, tools, native parts, ffmpeg,
 * cores, memory, and disk and file system of a folder.
 *
 * @param folder where data would be written; it need not exist.
 */
export async function doctor({ folder = cacheFolder() }: { readonly folder?: string } = {}): Promise<DoctorPart[]> {
  return [
    nodePart(),
    ...(await toolParts()),
    tensorflowPart(),
    lmdbPart(),
    await ffmpegPart(),
    machinePart(),
    diskPart(folder),
  ];
}

/** Name of the file system that holds a folder, and whether it is reached over a network; unknown kinds by their number. */
export function fileSystemKind(folder: string): { readonly name: string; readonly network: boolean } {
  const { type } = statfsSync(nearestExisting(folder));
  const kind = fileSystems[type];
  return { name: kind?.name ?? `kind 0x${(type >>> 0).toString(16)}`, network: kind?.network ?? false };
}

function nodePart(): DoctorPart {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return part(
    'Node',
    ok,
    `${process.versions.node} on ${process.platform}-${process.arch}`,
    'install Node 20.19 or later',
  );
}

async function toolParts(): Promise<DoctorPart[]> {
  const pip = await findPip();
  const compiler = findCompiler();
  const version = compiler === null ? null : (await runProcess(compiler, ['--version'])).stdout.split('\n')[0];
  return [
    part('pip', pip !== null, pip ? [pip.command, ...pip.prefix].join(' ') : 'not found', installRemedy(['pip'])),
    part(
      'C++ compiler',
      compiler !== null,
      compiler ? `${compiler}: ${version ?? ''}` : 'not found',
      installRemedy(['compiler']),
    ),
  ];
}

function tensorflowPart(): DoctorPart {
  const parts = tensorflowParts();
  const detail = parts ? `TensorFlow ${parts.version} (${parts.variant}) in ${parts.libraryFolder}` : 'not set up';
  return part('TensorFlow addon', parts !== null, detail, 'run reelmine setup');
}

function lmdbPart(): DoctorPart {
  const parts = lmdbParts();
  return part(
    'LMDB build',
    parts !== null,
    parts ? `lmdb ${parts.version}, data format 1, in ${parts.prebuildFolder}` : 'not set up',
    'run reelmine setup',
  );
}

async function ffmpegPart(): Promise<DoctorPart> {
  const found = findFfmpeg();
  if (!found) return part('ffmpeg', false, 'not found', 'run reelmine setup');
  const run = await runProcess(found.path, ['-hide_banner', '-version']).catch(() => null);
  const version = run?.status === 0 ? /^ffmpeg version (\S+)/.exec(run.stdout)?.[1] : undefined;
  return part(
    'ffmpeg',
    version !== undefined,
    `${version ?? 'does not run'}, ${found.path} (${found.from})`,
    'run reelmine setup',
  );
}

function machinePart(): DoctorPart {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const enough = totalmem() >= 3.5e9;
  return part(
    'machine',
    enough,
    `${coreCount()} cores (${model}), ${gigabytes(freemem())} of ${gigabytes(totalmem())} GB memory free`,
    'at least 4 GB of memory are needed',
  );
}

function diskPart(folder: string): DoctorPart {
  const there = nearestExisting(folder);
  const { bavail, bsize } = statfsSync(there);
  const free = (bavail * bsize) / 1e9;
  const { name, network } = fileSystemKind(there);
  const detail = `${free.toFixed(1)} GB free on ${name}${network ? ' (network)' : ''}, ${there}`;
  return part('disk', free >= 5, detail, 'free some space, or set REELMINE_CACHE and --out to another disk');
}

function nearestExisting(folder: string): string {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  return there;
}

function part(name: string, ok: boolean, detail: string, remedy: string): DoctorPart {
  return { name, ok, detail, remedy: ok ? null : remedy };
}
