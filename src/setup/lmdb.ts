import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { BackendError, builtModule, nativeFolder, runProcess, sha256, writeFileWhole } from '../core/index.js';
import { lmdbPackage, type Sources } from './packages.js';
import { runAll, runTool } from './tools.js';

/**
 * Builds the npm package `lmdb` with its sources of data format 1, tries it in a process of its own and writes the record.
 * Only the Node-API is used, so that one build serves every Node version.
 *
 * @throws BackendError saying which step failed.
 */
export async function installLmdb({
  sources,
  compiler,
  signal,
  note,
}: {
  readonly sources: Sources;
  readonly compiler: string;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}): Promise<void> {
  const { folder, version } = lmdbPackage();
  const name = `lmdb-${version}-format-1`;
  const target = join(nativeFolder(), name);
  const beside = `${target}.${process.pid}.tmp`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(join(beside, 'build/Release'), { recursive: true });
  try {
    note(`building LMDB ${version} with data format 1`);
    await build(folder, beside, { sources, compiler, signal });
    await tryBuild(join(beside, 'build/Release/lmdb.node'), beside, signal);
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  const addon = `${name}/build/Release/lmdb.node`;
  const record = {
    schema: 1,
    version,
    prebuildFolder: name,
    sha256: sha256(readFileSync(join(nativeFolder(), addon))),
    files: [addon],
  };
  writeFileWhole(join(nativeFolder(), 'lmdb.json'), `${JSON.stringify(record, null, 2)}\n`);
}

async function build(
  folder: string,
  target: string,
  { sources, compiler, signal }: { readonly sources: Sources; readonly compiler: string; readonly signal: AbortSignal },
): Promise<void> {
  const objects = join(target, 'objects');
  const format1 = join(folder, 'dependencies/lmdb-data-v1/libraries/liblmdb');
  if (!existsSync(join(format1, 'mdb.c')))
    throw new BackendError(`${folder} has no sources of data format 1.`, { context: { folder } });
  mkdirSync(objects);
  // Read by misc.cpp alone, to switch on calls of the V8 it was compiled for: 0 is no version, so never.
  writeFileSync(
    join(objects, 'node_version.h'),
    '#define NODE_MAJOR_VERSION 0\n#define NODE_VERSION_AT_LEAST(major, minor, patch) 0\n',
  );
  const include = [
    objects,
    sources.nodeAddonApi,
    sources.nodeApi,
    join(folder, 'dependencies/lz4/lib'),
    format1,
  ].flatMap((path) => ['-I', path]);
  const common = [
    '-O3',
    '-fPIC',
    '-fvisibility=hidden',
    '-DNDEBUG',
    '-DMDB_MAXKEYSIZE=0',
    '-DNAPI_DISABLE_CPP_EXCEPTIONS',
    '-DMDB_USE_ROBUST',
    ...include,
  ];
  const cpp = readdirSync(join(folder, 'src'))
    .filter((file) => file.endsWith('.cpp'))
    .sort()
    .map((file) => join(folder, 'src', file));
  const c = [
    join(folder, 'dependencies/lmdb/libraries/liblmdb/chacha8.c'),
    join(folder, 'dependencies/lz4/lib/lz4.c'),
    join(format1, 'mdb.c'),
    join(format1, 'midl.c'),
  ];
  const run = (args: readonly string[]) => runTool('Building LMDB', compiler, args, { cwd: objects, signal });
  await runAll([
    ...cpp.map(
      (file) => () =>
        run(['-std=c++17', '-fvisibility-inlines-hidden', ...common, '-c', file, '-o', `${basename(file)}.o`]),
    ),
    ...c.map((file) => () => run(['-x', 'c', ...common, '-c', file, '-o', `${basename(file)}.o`])),
  ]);
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  await run([...shared, '-o', 'lmdb.node', ...[...cpp, ...c].map((file) => `${basename(file)}.o`), '-lpthread']);
  copyFileSync(join(objects, 'lmdb.node'), join(target, 'build/Release/lmdb.node'));
  rmSync(objects, { recursive: true });
}

async function tryBuild(addon: string, scratch: string, signal: AbortSignal): Promise<void> {
  const file = join(scratch, 'trial.mdb');
  const result = await runProcess(process.execPath, [builtModule('setup/try-lmdb'), addon, file], {
    signal,
    timeoutMs: 60_000,
  });
  if (result.status !== 0) {
    const why = result.stderr.trim().split('\n').slice(-8).join('\n');
    throw new BackendError(`LMDB was built but does not work (${result.signal ?? `exit ${result.status}`}): ${why}`);
  }
  for (const path of [file, `${file}-lock`]) rmSync(path, { force: true });
}
