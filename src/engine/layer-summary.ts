import type { LayerSummary } from './trainer.js';

/** Learned numbers and operations of all layers; `flops` of one sample's forward pass. */
export function sumLayers(layers: readonly LayerSummary[]): { readonly parameters: number; readonly flops: number } {
  return layers.reduce(
    (sum, { parameters, flops }) => ({ parameters: sum.parameters + parameters, flops: sum.flops + flops }),
    { parameters: 0, flops: 0 },
  );
}

/**
 * A convolution: `2 * size² * inputs / groups` operations for each output number, one more for its bias.
 *
 * @param name as in the weights.
 * @param output [..., height, width, channels] of one sample; `inputs` are channels too.
 */
export function convolutionLayer(
  name: string,
  output: readonly number[],
  {
    inputs,
    size,
    groups = 1,
    bias = true,
  }: { readonly inputs: number; readonly size: number; readonly groups?: number; readonly bias?: boolean },
): LayerSummary {
  const outputs = output.at(-1)!;
  const perOutput = (size * size * inputs) / groups;
  return {
    name,
    kind: 'convolution',
    output,
    parameters: outputs * (perOutput + (bias ? 1 : 0)),
    flops: countOf(output) * (2 * perOutput + (bias ? 1 : 0)),
  };
}

/**
 * A fully connected layer.
 *
 * @param output [..., features] of one sample; the layer is applied once for each leading index.
 */
export function denseLayer(
  name: string,
  output: readonly number[],
  { inputs, bias = true }: { readonly inputs: number; readonly bias?: boolean },
): LayerSummary {
  return {
    name,
    kind: 'dense',
    output,
    parameters: output.at(-1)! * (inputs + (bias ? 1 : 0)),
    flops: countOf(output) * (2 * inputs + (bias ? 1 : 0)),
  };
}

/** A layer without learned numbers that takes `perOutput` operations for each number it gives. */
export function plainLayer(name: string, kind: string, output: readonly number[], perOutput: number): LayerSummary {
  return { name, kind, output, parameters: 0, flops: countOf(output) * perOutput };
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
