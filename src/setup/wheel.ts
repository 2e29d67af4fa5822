import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BackendError } from '../core/index.js';
import { runTool, type PipTool } from './tools.js';
import { readZipEntries, unpackEntry } from './zip.js';

/** The interpreter that wheels are asked for, whichever one runs pip: their libraries do not depend on it. */
const pythonVersion = '3.11';

/** Of a TensorFlow wheel only the libraries and the headers of its C interface are unpacked. */
const libraries = /^tensorflow\/lib[^/]*\.so(\.\d+)*$/;
const headers = /^tensorflow\/include\/(tensorflow\/(c|core\/platform|tsl)|tsl|xla\/(tsl|c))\/.*\.h$/;

interface FetchOptions {
  readonly pip: PipTool | null;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

/** pip's options that make it take built packages for this machine, whatever interpreter runs it. */
export function wheelPlatform(): readonly string[] {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const tags =
    process.platform === 'darwin'
      ? [
          process.arch === 'arm64' ? 'macosx_12_0_arm64' : 'macosx_10_15_x86_64',
          'macosx_11_0_arm64',
          'macosx_10_9_x86_64',
        ]
      : ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014'].map((tag) => `${tag}_${arch}`);
  return ['--only-binary=:all:', '--python-version', pythonVersion, ...tags.flatMap((tag) => ['--platform', tag])];
}

/** Fetches TensorFlow's wheel, or with uv the installed package, and gives its path. */
export async function fetchWheel(
  { version, gpu }: { readonly version: string; readonly gpu: boolean },
  { folder, pip, signal, note }: FetchOptions & { readonly folder: string },
): Promise<string> {
  const requirement = `${gpu || process.arch !== 'x64' ? 'tensorflow' : 'tensorflow-cpu'}==${version}`;
  note(`fetching ${requirement} (${gpu ? 572 : 274} MB)`);
  return fetchPackage(requirement, { folder, pip, signal, note });
}

/**
 * Fetches one package without its dependencies.
 *
 * @returns path of its wheel, or with uv of the folder into which it was installed.
 * @throws BackendError without pip, or if pip fails.
 */
export async function fetchPackage(
  requirement: string,
  { folder, pip, signal }: FetchOptions & { readonly folder: string },
): Promise<string> {
  if (!pip) throw new BackendError(`pip is needed to fetch ${requirement}.`);
  mkdirSync(folder, { recursive: true });
  if (pip.kind === 'uv') {
    await runTool(
      `Fetching ${requirement}`,
      pip.command,
      [...pip.prefix, 'install', ...uvTarget(folder), requirement],
      { signal },
    );
    return folder;
  }
  const args = [
    ...pip.prefix,
    'download',
    requirement,
    '--no-deps',
    '--retries',
    '2',
    '--disable-pip-version-check',
    ...wheelPlatform(),
    '-d',
    folder,
  ];
  await runTool(`Fetching ${requirement}`, pip.command, args, { signal });
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new BackendError(`pip fetched no wheel for ${requirement}.`, { context: { folder } });
  return join(folder, wheel);
}

/** Takes what the addon needs out of a TensorFlow wheel (or installed folder) to `target/tensorflow`; for GPUs also CUDA's libraries. */
export async function unpackWheel(
  from: string,
  { target, gpu, pip, signal, note }: FetchOptions & { readonly target: string; readonly gpu: boolean },
): Promise<void> {
  const taken = await take(from, target, (name) => libraries.test(name) || headers.test(name), signal);
  if (!taken.some((name) => name.startsWith('tensorflow/libtensorflow_cc.so'))) {
    throw new BackendError(`${from} is not a TensorFlow wheel of version 2.16 or later.`, { context: { from } });
  }
  if (!gpu) return;
  const metadata = (
    await take(from, target, (name) => /^tensorflow-[^/]*\.dist-info\/METADATA$/.test(name), signal)
  )[0];
  const requirements = metadata === undefined ? [] : cudaRequirements(readFileSync(join(target, metadata), 'utf8'));
  note(`fetching ${requirements.length} CUDA libraries (2–3 GB)`);
  if (!pip) throw new BackendError('pip is needed to fetch the CUDA libraries.');
  const options =
    pip.kind === 'uv'
      ? uvTarget(target)
      : ['--target', target, '--no-deps', '--disable-pip-version-check', ...wheelPlatform()];
  await runTool('Fetching the CUDA libraries', pip.command, [...pip.prefix, 'install', ...options, ...requirements], {
    signal,
  });
}

/** The packages that a wheel's extra `and-cuda` asks for, as pip requirements. */
export function cudaRequirements(metadata: string): string[] {
  return metadata
    .split('\n')
    .filter((line) => line.startsWith('Requires-Dist:') && /extra\s*==\s*["']and-cuda["']/.test(line))
    .map((line) => (line.slice('Requires-Dist:'.length).split(';')[0] as string).replace(/[()\s]/g, ''));
}

/** Copies (from a wheel) or moves (from a folder of ours) the files that `wanted` names; gives their names. */
export async function take(
  from: string,
  target: string,
  wanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  if (from.endsWith('.whl')) {
    const entries = (await readZipEntries(from)).filter(({ name }) => wanted(name));
    for (const entry of entries) {
      signal.throwIfAborted();
      await unpackEntry(from, entry, join(target, entry.name), signal);
    }
    return entries.map(({ name }) => name);
  }
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter(wanted);
  for (const name of names) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    renameSync(join(from, name), join(target, name));
  }
  return names;
}

function uvTarget(folder: string): string[] {
  const platform =
    process.platform === 'darwin' ? 'macos' : `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-manylinux_2_28`;
  return [
    '--target',
    folder,
    '--no-deps',
    '--only-binary',
    ':all:',
    '--python-version',
    pythonVersion,
    '--python-platform',
    platform,
  ];
}
