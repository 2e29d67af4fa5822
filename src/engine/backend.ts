import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import {
  BackendError,
  ConfigError,
  nativeFolder,
  readEnvironment,
  tensorflowParts,
  writeEnvironment,
} from '../core/index.js';
import { registerActivationGradients } from './ops/activations.js';
import { registerWasmKernels } from './ops/wasm-kernels.js';
import { forgetNative, probeNative } from './ops/native.js';
import { registerNativeKernels } from './ops/native-kernels.js';
import { requireTensorflow, tf } from './tf.js';

/** Names of the engines, the fastest first. */
export const engineNames = ['tensorflow', 'wasm', 'cpu'] as const;

/** An engine. */
export type EngineName = (typeof engineNames)[number];

/** The engine in use, and why faster ones are not. */
export interface SelectedEngine {
  readonly name: EngineName;
  /** `CPU`, or the type and name of the accelerator. */
  readonly device: string;
  /** Of TensorFlow, or of TensorFlow.js for the other two. */
  readonly version: string;
  readonly passedOver: readonly { readonly name: EngineName; readonly reason: string }[];
}

/** tfjs-node's addon, as far as we call it ourselves. */
export interface Addon {
  readonly TF_Version: string;
  listDevices?(): readonly { readonly name: string; readonly type: string }[];
}

let addon: Addon | null = null;
let prepared = false;

/**
 * Makes an engine the one in use, trying those of `auto` in turn. `threads` are those of one operation of TensorFlow on the CPU, 0
 * for one a core; it is read once, when the engine is first loaded.
 *
 * @throws BackendError if none works, ConfigError for an unknown name.
 */
export async function selectBackend(
  name: string = 'auto',
  { threads = 0 }: { readonly threads?: number } = {},
): Promise<SelectedEngine> {
  const wanted = name === 'auto' ? engineNames : engineNames.filter((known) => known === name);
  if (wanted.length === 0)
    throw new ConfigError(`There is no engine ${JSON.stringify(name)}. Known: auto, ${engineNames.join(', ')}.`);
  prepare();
  if (threads > 0 && addon === null) writeEnvironment('TF_NUM_INTRAOP_THREADS', String(threads));
  const passedOver: { name: EngineName; reason: string }[] = [];
  for (const candidate of wanted) {
    try {
      const found = await starters[candidate]();
      await tf.ready();
      return { name: candidate, ...found, passedOver };
    } catch (error) {
      passedOver.push({ name: candidate, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const reasons = passedOver.map(({ name: engine, reason }) => `${engine}: ${reason}`).join('; ');
  const message = name === 'auto' ? `No engine works: ${reasons}.` : `The engine is not usable here: ${reasons}.`;
  throw new BackendError(message, { context: { passedOver } });
}

/**
 * Every engine, tried here: what `reelmine doctor` lists. The fastest that works is in use afterwards.
 *
 * @returns `remedy` is null where the engine works.
 */
export async function probeBackends(): Promise<
  { readonly name: string; readonly ok: boolean; readonly detail: string; readonly remedy: string | null }[]
> {
  const parts = [];
  for (const name of [...engineNames].reverse()) {
    const part = { name: `engine ${name}`, remedy: null };
    try {
      const { device, version } = await selectBackend(name);
      const by = name === 'tensorflow' ? 'TensorFlow' : 'TensorFlow.js';
      parts.push({ ...part, ok: true, detail: `${by} ${version} on ${device}` });
    } catch (error) {
      const reason = (error as BackendError).message;
      parts.push({
        ...part,
        ok: false,
        detail: reason,
        remedy: name === 'tensorflow' ? 'run reelmine setup' : 'npm install',
      });
    }
  }
  return parts.reverse();
}

const starters: Record<EngineName, () => Promise<{ device: string; version: string }>> = {
  async tensorflow() {
    const loaded = (addon ??= loadAddon());
    await use('tensorflow');
    probeNative();
    const devices = loaded.listDevices?.() ?? [];
    const accelerator = devices.find(({ type }) => type === 'GPU');
    return { device: accelerator ? `GPU ${accelerator.name}` : 'CPU', version: loaded.TF_Version };
  },
  async wasm() {
    requireTensorflow('@tensorflow/tfjs-backend-wasm');
    registerWasmKernels();
    return startPlain('wasm');
  },
  async cpu() {
    requireTensorflow('@tensorflow/tfjs-backend-cpu');
    return startPlain('cpu');
  },
};

async function startPlain(name: EngineName): Promise<{ device: string; version: string }> {
  await use(name);
  forgetNative();
  return { device: 'CPU', version: tf.version_core };
}

async function use(name: EngineName): Promise<void> {
  if (!(await tf.setBackend(name))) throw new BackendError(`TensorFlow.js could not start its backend ${name}.`);
}

/** What all engines need: gradients, which the union package registers, and quiet. */
function prepare(): void {
  if (prepared) return;
  prepared = true;
  tf.enableProdMode(); // else the plain backends print an advertisement
  requireTensorflow('@tensorflow/tfjs');
  registerActivationGradients();
}

function loadAddon(): Addon {
  const parts = tensorflowParts();
  if (!parts) throw new BackendError('not set up here; reelmine setup does it');
  const loaded = loadQuietly(parts.addon);
  restoreUtil();
  requireTensorflow('@tensorflow/tfjs-node-gpu/dist/register_all_kernels');
  const { NodeJSKernelBackend } = requireTensorflow('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend') as {
    NodeJSKernelBackend: new (binding: Addon, packageName: string) => InstanceType<typeof tf.KernelBackend>;
  };
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(loaded, '@tensorflow/tfjs-node-gpu'), 3);
  registerNativeKernels();
  return loaded;
}

/** Loads the addon with TensorFlow's chatter in a file; who sets `TF_CPP_MIN_LOG_LEVEL` to 0 or 1 wants to see it. */
function loadQuietly(path: string): Addon {
  const require = createRequire(import.meta.url);
  const level = readEnvironment('TF_CPP_MIN_LOG_LEVEL');
  if (level === '0' || level === '1') return require(path) as Addon;
  writeEnvironment('TF_CPP_MIN_LOG_LEVEL', level ?? '2');
  const quiet = require(join(dirname(path), 'quiet.node')) as { redirect(file: string): boolean; restore(): void };
  quiet.redirect(join(nativeFolder(), 'tensorflow.log'));
  try {
    return require(path) as Addon;
  } finally {
    quiet.restore();
  }
}

/** tfjs-node calls two functions that newer versions of Node warn about or no longer have. */
function restoreUtil(): void {
  const old = util as unknown as {
    isNullOrUndefined?: (value: unknown) => boolean;
    isArray?: (value: unknown) => boolean;
  };
  old.isNullOrUndefined = (value) => value === null || value === undefined;
  old.isArray = Array.isArray;
}
