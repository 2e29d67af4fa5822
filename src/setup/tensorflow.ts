import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import {
  BackendError,
  builtModule,
  hashJson,
  nativeFolder,
  packageRoot,
  runProcess,
  sha256,
  writeFileWhole,
} from '../core/index.js';
import type { Sources } from './packages.js';
import { runAll, runTool, type PipTool } from './tools.js';
import { fetchWheel, unpackWheel } from './wheel.js';

/** The release that setup brings unless asked for another. */
export const defaultTensorflow = '2.21.0';

const mainLibrary = 'libtensorflow_cc.so.2';

/** Which TensorFlow is wanted. */
export interface TensorflowWish {
  readonly version: string;
  readonly gpu: boolean;
  /** A wheel, or a folder that holds an installed `tensorflow` package, used in place. */
  readonly from: string | null;
}

/** What the try-out of a finished addon printed. */
export interface AddonTrial {
  readonly version: string;
  readonly devices: readonly { readonly name: string; readonly type: string }[];
}

/** Why this kind of machine cannot have it, or null. */
export function tensorflowObstacle(): string | null {
  return process.platform === 'linux' ? null : `TensorFlow's addon is built on Linux only, not on ${process.platform}`;
}

/** What the finished part depends on: equal text, nothing to do. */
export function tensorflowFingerprint(wish: TensorflowWish, sources: Sources): string {
  const files = readdirSync(join(sources.tfjsNode, 'binding'))
    .sort()
    .map((name) => join(sources.tfjsNode, 'binding', name));
  return hashJson({
    wish,
    packages: sources.packages,
    files: [...files, nativeSource('graph.cc'), nativeSource('quiet.cc')].map((file) => sha256(readFileSync(file))),
  });
}

/**
 * Brings TensorFlow's libraries, builds the addon for them, tries it in a process of its own and writes the record.
 *
 * @throws BackendError saying which step failed.
 */
export async function installTensorflow(
  wish: TensorflowWish,
  {
    sources,
    compiler,
    pip,
    signal,
    note,
  }: {
    readonly sources: Sources;
    readonly compiler: string;
    readonly pip: PipTool | null;
    readonly signal: AbortSignal;
    readonly note: (text: string) => void;
  },
): Promise<AddonTrial> {
  const fingerprint = tensorflowFingerprint(wish, sources);
  const libraryFolder = await bringLibraries(wish, { pip, signal, note });
  const addonFolder = `addon-${fingerprint.slice(0, 12)}`;
  const addon = `${addonFolder}/tfjs_binding.node`;
  note('building the addon');
  await buildAddon(addonFolder, { sources, compiler, libraryFolder, signal });
  note('trying it: a matrix product');
  const trial = await tryAddon(join(nativeFolder(), addon), signal);
  const record = {
    schema: 1,
    version: trial.version,
    variant: wish.from === null ? (wish.gpu ? 'gpu' : 'cpu') : 'given',
    libraryFolder,
    addon,
    packages: sources.packages,
    wish,
    fingerprint,
    sha256: sha256(readFileSync(join(nativeFolder(), addon))),
    files: [
      addon,
      `${addonFolder}/quiet.node`,
      `${libraryFolder}/${mainLibrary}`,
      ...(sources.packages === null ? [] : [sources.packages]),
    ],
  };
  writeFileWhole(join(nativeFolder(), 'tensorflow.json'), `${JSON.stringify(record, null, 2)}\n`);
  for (const name of readdirSync(nativeFolder())) {
    if (name.startsWith('addon-') && name !== addonFolder)
      rmSync(join(nativeFolder(), name), { recursive: true, force: true });
  }
  return trial;
}

/** Folder of the libraries, relative to `nativeFolder()` or absolute; fetched and unpacked where it is not there. */
async function bringLibraries(
  wish: TensorflowWish,
  {
    pip,
    signal,
    note,
  }: { readonly pip: PipTool | null; readonly signal: AbortSignal; readonly note: (text: string) => void },
): Promise<string> {
  if (wish.from !== null && !wish.from.endsWith('.whl')) return givenFolder(resolve(wish.from));
  const variant =
    wish.from === null
      ? `${wish.version}-${wish.gpu ? 'gpu' : 'cpu'}`
      : `given-${hashJson(resolve(wish.from)).slice(0, 12)}`;
  const name = `tensorflow-${variant}`;
  const target = join(nativeFolder(), name);
  if (existsSync(join(target, 'tensorflow', mainLibrary))) return `${name}/tensorflow`;
  const beside = `${target}.${process.pid}.tmp`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  try {
    requireSpace(beside, wish.gpu ? 8 : 1.5);
    const wheel = wish.from ?? (await fetchWheel(wish, { folder: join(beside, 'wheel'), pip, signal, note }));
    note('unpacking TensorFlow');
    await unpackWheel(wheel, { target: beside, gpu: wish.gpu, pip, signal, note });
    rmSync(join(beside, 'wheel'), { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return `${name}/tensorflow`;
}

function givenFolder(folder: string): string {
  for (const place of [folder, join(folder, 'tensorflow')]) {
    if (existsSync(join(place, mainLibrary)) && existsSync(join(place, 'include/tensorflow/c/c_api.h'))) return place;
  }
  throw new BackendError(
    `${folder} holds no TensorFlow: ${mainLibrary} and include/tensorflow/c/c_api.h were looked for.`,
    { context: { folder } },
  );
}

/** The sources of tfjs-node as they are, and our graph.cc, linked into one addon; the folder appears whole. */
async function buildAddon(
  folder: string,
  {
    sources,
    compiler,
    libraryFolder,
    signal,
  }: {
    readonly sources: Sources;
    readonly compiler: string;
    readonly libraryFolder: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const target = join(nativeFolder(), folder);
  if (['tfjs_binding.node', 'quiet.node'].every((file) => existsSync(join(target, file)))) return;
  const beside = `${target}.${process.pid}.tmp`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  const libraries = isAbsolute(libraryFolder) ? libraryFolder : join(nativeFolder(), libraryFolder);
  const include = [sources.nodeApi, join(libraries, 'include'), sources.tfjsNode].flatMap((path) => ['-I', path]);
  const flags = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8', ...include];
  const binding = (name: string) => join(sources.tfjsNode, 'binding', name);
  const units = [
    { source: binding('tfjs_binding.cc'), object: 'binding.o', extra: ['-Dnapi_register_module_v1=tfjs_register'] },
    { source: binding('tfjs_backend.cc'), object: 'backend.o', extra: [] },
    { source: nativeSource('graph.cc'), object: 'graph.o', extra: [] },
  ];
  const run = (args: readonly string[]) =>
    runTool('Building the TensorFlow addon', compiler, args, { cwd: beside, signal });
  try {
    await runAll(
      units.map(
        ({ source, object, extra }) =>
          () =>
            run([...flags, ...extra, '-c', source, '-o', object]),
      ),
    );
    const runPath = isAbsolute(libraryFolder) ? libraries : `$ORIGIN/../${libraryFolder}`;
    await run([
      '-shared',
      '-o',
      'tfjs_binding.node',
      ...units.map(({ object }) => object),
      '-Wl,--wrap=TFE_NewContext,--wrap=TFE_OpSetAttrString',
      '-L',
      libraries,
      `-l:${mainLibrary}`,
      '-l:libtensorflow_framework.so.2',
      `-Wl,-rpath,${runPath}`,
    ]);
    await run([...flags, '-shared', nativeSource('quiet.cc'), '-o', 'quiet.node']);
    for (const { object } of units) rmSync(join(beside, object));
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

async function tryAddon(addon: string, signal: AbortSignal): Promise<AddonTrial> {
  const result = await runProcess(process.execPath, [builtModule('setup/try-addon'), addon], {
    signal,
    env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    timeoutMs: 300_000,
  });
  if (result.status === 0) return JSON.parse(result.stdout) as AddonTrial;
  rmSync(join(addon, '..'), { recursive: true, force: true });
  const why = result.stderr.trim().split('\n').slice(-8).join('\n');
  throw new BackendError(
    `The TensorFlow addon was built but does not work (${result.signal ?? `exit ${result.status}`}): ${why}`,
    {
      context: { addon },
    },
  );
}

function nativeSource(name: string): string {
  return join(packageRoot(), 'src/engine/compile/native', name);
}

function requireSpace(folder: string, gigabytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free < gigabytes)
    throw new BackendError(
      `TensorFlow needs ${gigabytes} GB of free disk, ${folder} has ${free.toFixed(1)}; set REELMINE_CACHE to another disk.`,
    );
}
