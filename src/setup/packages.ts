import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nativeFolder, readEnvironment } from '../core/index.js';
import { runTool } from './tools.js';

const require = createRequire(import.meta.url);
const tfjsVersion = '4.22.0';
const ownCopy = `packages-${tfjsVersion}`;

/** Where the sources are that setup builds from. */
export interface Sources {
  /** The `node_modules` folder of our own copy, relative to `nativeFolder()`; null where the packages beside us are whole. */
  readonly packages: string | null;
  /** Folder of `@tensorflow/tfjs-node-gpu`. */
  readonly tfjsNode: string;
  /** Folder of `node_api.h`. */
  readonly nodeApi: string;
  /** Folder of `napi.h`. */
  readonly nodeAddonApi: string;
}

/** The sources that are there, without fetching any; null if some are missing. */
export function findSources(): Sources | null {
  const beside = sourcesFrom(require, null);
  if (beside) return beside;
  const folder = join(nativeFolder(), ownCopy, 'node_modules');
  return existsSync(folder) ? sourcesFrom(createRequire(join(folder, 'x.js')), `${ownCopy}/node_modules`) : null;
}

/**
 * Fetches our own copy of TensorFlow.js and the headers with npm, for installations from which npm has removed them
 * (a refused download of an optional package deletes it, and its sources with it).
 */
export async function fetchSources(signal: AbortSignal): Promise<Sources> {
  const target = join(nativeFolder(), ownCopy);
  const beside = `${target}.${process.pid}.tmp`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, 'package.json'), '{ "private": true }\n');
  const wanted = [
    `@tensorflow/tfjs-node-gpu@${tfjsVersion}`,
    `@tensorflow/tfjs-backend-wasm@${tfjsVersion}`,
    'node-api-headers@1',
    'node-addon-api@8',
  ];
  // npm run sets npm_execpath to the npm in use, which need not be on the PATH
  const npm = readEnvironment('npm_execpath');
  const [command, first] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = [...first, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', beside, ...wanted];
  await runTool('Fetching TensorFlow.js', command, args, { cwd: beside, signal });
  rmSync(target, { recursive: true, force: true });
  renameSync(beside, target);
  const found = findSources();
  if (!found) throw new Error(`npm installed ${wanted.join(', ')} but they are not in ${target}.`);
  return found;
}

/** The npm package `lmdb` beside us. */
export function lmdbPackage(): { readonly folder: string; readonly version: string } {
  let folder = dirname(require.resolve('lmdb')); // its exports hide package.json
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return {
    folder,
    version: (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version,
  };
}

function sourcesFrom(from: NodeJS.Require, packages: string | null): Sources | null {
  const folderOf = (name: string, file: string) => {
    try {
      const folder = dirname(from.resolve(`${name}/package.json`));
      return existsSync(join(folder, file)) ? folder : null;
    } catch {
      return null;
    }
  };
  const tfjsNode = folderOf('@tensorflow/tfjs-node-gpu', 'binding/tfjs_backend.cc');
  const headers = folderOf('node-api-headers', 'include/node_api.h');
  const nodeAddonApi = folderOf('node-addon-api', 'napi.h');
  if (!tfjsNode || !headers || !nodeAddonApi) return null;
  return { packages, tfjsNode, nodeApi: join(headers, 'include'), nodeAddonApi };
}
