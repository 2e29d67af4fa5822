import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as TensorFlow from '@tensorflow/tfjs-core';
import { tensorflowParts } from '../core/index.js';

/** All of TensorFlow.js comes from one copy: two in one process do not see each other's backends and tensors. */
const beside = createRequire(import.meta.url);

/** Loads a package of TensorFlow.js from the copy in use. */
export const requireTensorflow: NodeJS.Require = hasNodeBackend(beside) ? beside : (fromSetup() ?? beside);

/** TensorFlow.js: its functions, on the backend that `selectBackend` chose. The one import of it. */
export const tf = requireTensorflow('@tensorflow/tfjs-core') as typeof TensorFlow;

function fromSetup(): NodeJS.Require | null {
  const packages = tensorflowParts()?.packages;
  return packages == null ? null : createRequire(join(packages, 'x.js'));
}

function hasNodeBackend(from: NodeJS.Require): boolean {
  try {
    from.resolve('@tensorflow/tfjs-node-gpu/package.json');
    return true;
  } catch {
    return false;
  }
}
