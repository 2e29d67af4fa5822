import type { Random } from '../../core/index.js';
import type { Encoder, WatchedLayer } from '../../engine/index.js';
import { assignWeights, countSettableLayers, eachBatch, isVariable } from '../settable-layers.js';
import { clusterDirections, fitWhitener, normaliseRows, unwhiten, whiten, type Vectors } from './clusters.js';
import { drawPatches, takeChannels } from './patches.js';

/** How a trunk is initialised by what pictures look like. */
export interface KMeansSettings {
  /** Windows that are clustered for each convolution. */
  readonly patches: number;
  readonly rounds: number;
}

/** Longer windows are clustered as they are: their covariance would take longer than the rest. */
const mostWhitened = 1200;
/** What each channel is on the mean, after it was centred: relus let it through. */
const level = 0.1;

/** True where a network has a layer whose weights can be set: it looks at one grey picture. */
export function canInitialise(encoder: Encoder, layer: string): boolean {
  const grey = new Uint8Array(encoder.width * encoder.height * 3).fill(128);
  return countSettableLayers(encoder, layer, [grey]) > 0;
}

/**
 * Sets the weights of a network without learning, from its first layer to its last: the filters of a convolution are the directions around which
 * windows of what it sees gather (k-means of whitened windows), dense layers keep the weights they have; then each channel is scaled to variance 1 and shifted
 * to mean 0.1 over the pictures.
 *
 * @param pictures uint8 [height, width, 3] each, of the encoder's size.
 *
 * Source: Krähenbühl et al., "Data-dependent Initializations of Convolutional Neural Networks", 2016, sections 3.1 and 3.2; section 3.3, which evens
 * out rates of learning, is `fineTune.rescale` of `action-recognition`. Differs: where a layer has fewer windows than filters, and in
 * dense layers, directions stay random.
 */
export function initialiseByKMeans(
  encoder: Encoder,
  layer: string,
  pictures: readonly Uint8Array[],
  { patches, rounds, random }: KMeansSettings & { readonly random: Random },
): void {
  const count = countSettableLayers(encoder, layer, pictures.slice(0, 1));
  const perPicture = Math.max(1, Math.ceil(patches / pictures.length));
  for (let place = 0; place < count; place++) {
    const ofLayer = random.fork('layer', place);
    const seen = eachBatch(encoder, layer, pictures, place, ({ x, kind, weight, ...how }, n) => {
      if (kind === 'dense') return null;
      const [rows, columns] = weight.shape as [number, number];
      const [, height, width, channels] = x.shape as [number, number, number, number];
      const geometry = { ...how, kernel: [rows, columns], input: [height, width, channels] } as const;
      const drawing = { perPicture, random: ofLayer.fork('windows', n) };
      const windows = drawPatches(x.dataSync() as Float32Array, geometry, drawing);
      return { windows, weight, groups: how.groups, channels };
    }).filter((one) => one !== null);
    const [first] = seen;
    if (first) {
      const windows = uniteRows(seen.map((one) => one.windows));
      setFilters(first, windows, { channels: first.channels, rounds, random: ofLayer.fork('clusters') });
    }
    evenOut(encoder, layer, pictures, place);
  }
}

/** Each group of filters from the windows of the channels that it sees. */
function setFilters(
  { weight, groups }: Pick<WatchedLayer, 'weight' | 'groups'>,
  windows: Vectors,
  { channels, rounds, random }: { readonly channels: number; readonly rounds: number; readonly random: Random },
): void {
  const [, , depth, outputs] = weight.shape as [number, number, number, number];
  const filters = Float32Array.from(weight.dataSync());
  const perGroup = outputs / groups;
  for (let group = 0; group < groups; group++) {
    const own = normaliseRows(takeChannels(windows, { channels, from: group * depth, count: depth }));
    if (own.rows < perGroup) continue;
    const whitener = own.columns <= mostWhitened ? fitWhitener(own) : null;
    const centres = clusterDirections(whitener ? whiten(whitener, own) : own, {
      clusters: perGroup,
      rounds,
      random: random.fork(group),
    });
    for (let c = 0; c < perGroup; c++) {
      const centre = centres.slice(c * own.columns, (c + 1) * own.columns);
      const filter = whitener ? unwhiten(whitener, centre) : centre;
      const mean = filter.reduce((sum, value) => sum + value, 0) / filter.length; // windows lost their mean, too
      filter.forEach((value, i) => (filters[i * outputs + group * perGroup + c] = value - mean));
    }
  }
  assignWeights(weight, filters);
}

/** Scales and shifts each channel of a layer to variance 1 and mean `level` over the pictures; a channel that is always the same stays. */
function evenOut(encoder: Encoder, layer: string, pictures: readonly Uint8Array[], place: number): void {
  const parts = eachBatch(encoder, layer, pictures, place, ({ y, weight, bias }) => {
    const outputs = y.shape.at(-1)!;
    const [sums, squares] = [new Float64Array(outputs), new Float64Array(outputs)];
    const values = y.dataSync() as Float32Array;
    for (let from = 0; from < values.length; from += outputs) {
      for (let c = 0; c < outputs; c++) {
        const value = values[from + c]!;
        sums[c]! += value;
        squares[c]! += value * value;
      }
    }
    return { weight, bias, sums, squares, count: values.length / outputs };
  });
  const [first] = parts;
  if (!first) return;
  const { weight, bias } = first;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const means = first.sums.map((_, c) => parts.reduce((sum, { sums }) => sum + sums[c]!, 0) / count);
  const scales = means.map((mean, c) => {
    const variance = parts.reduce((sum, { squares }) => sum + squares[c]!, 0) / count - mean * mean;
    return variance > 1e-12 * (1 + mean * mean) ? 1 / Math.sqrt(variance) : 1;
  });
  const outputs = scales.length;
  assignWeights(
    weight,
    Float32Array.from(weight.dataSync(), (value, i) => value * scales[i % outputs]!),
  );
  if (bias && isVariable(bias))
    assignWeights(
      bias,
      Float32Array.from(bias.dataSync(), (value, c) => (value - means[c]!) * scales[c]! + level),
    );
}

function uniteRows(parts: readonly Vectors[]): Vectors {
  const { columns } = parts[0]!;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, rows: data.length / columns, columns };
}
