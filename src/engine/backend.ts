import { createRequire } from 'node:module';
import util from 'node:util';
import { BackendError, ConfigError, readEnvironment, tensorflowParts, writeEnvironment } from '../core/index.js';
import { registerReluGradient } from './ops/relu.js';
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
 * Makes an engine the one in use, trying those of `auto` in turn.
 *
 * @throws BackendError if none works, ConfigError for an unknown name.
 */
export async function selectBackend(name: string = 'auto'): Promise<SelectedEngine> {
  const wanted = name === 'auto' ? engineNames : engineNames.filter((known) => known === name);
  if (wanted.length === 0) throw new ConfigError(`There is no engine ${JSON.stringify(name)}. Known: auto, ${engineNames.join(', ')}.`);
  prepare();
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
  throw new BackendError(`No engine works. ${reasons}`, { context: { passedOver } });
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
  registerReluGradient();
}

function loadAddon(): Addon {
  const parts = tensorflowParts();
  if (!parts) throw new BackendError('not set up here; reelmine setup does it');
  if (readEnvironment('TF_CPP_MIN_LOG_LEVEL') === undefined) writeEnvironment('TF_CPP_MIN_LOG_LEVEL', '2');
  const loaded = createRequire(import.meta.url)(parts.addon) as Addon;
  restoreUtil();
  requireTensorflow('@tensorflow/tfjs-node-gpu/dist/register_all_kernels');
  const { NodeJSKernelBackend } = requireTensorflow('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend') as {
    NodeJSKernelBackend: new (binding: Addon, packageName: string) => InstanceType<typeof tf.KernelBackend>;
  };
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(loaded, '@tensorflow/tfjs-node-gpu'), 3);
  registerNativeKernels();
  return loaded;
}

/** tfjs-node calls two functions that Node 23 took away. */
function restoreUtil(): void {
  const old = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
  old.isNullOrUndefined ??= (value) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}
