import { existsSync, readFileSync } from 'node:fs';
import { ConfigError, decodeSafetensors, StoreError, type SafeTensor } from '../core/index.js';
import { initializeWeights, type InitialWeights } from './initial-weights.js';
import { tf } from './tf.js';
import type { Trainer } from './trainer.js';

/** Where one of our weights stands in published files, and how it lies there. */
export interface PublishedWeight {
  /** Its names; the first that a file has is taken. */
  readonly from: readonly string[];
  /** `flattened`: a dense layer that reads pooled features, which frameworks flatten in another order. */
  readonly layout: 'convolution' | 'dense' | 'flattened' | 'vector';
  /** Channels of the features that were flattened. */
  readonly channels?: number;
}

/** How a network takes its pictures: RGB pixels in 0–255 are put in order, lose a mean, and are divided. */
export interface PictureInput {
  readonly colour: 'rgb' | 'bgr';
  /** By channel, in that order. */
  readonly mean: readonly number[];
  /** One number, or by channel likewise. */
  readonly scale: number | readonly number[];
}

/** What a task must say for weights of other programs to be loaded. */
export interface WeightMapping {
  /** By our name. */
  readonly weights: Readonly<Record<string, PublishedWeight>>;
  readonly input: PictureInput;
  /** The convolution without padding that sees the pixels, by our name without `.weight`. */
  readonly firstLayer: string;
  /** Name of the picture that is subtracted, [height, width, 3], where the network keeps one; else the bias takes up the difference. */
  readonly meanPicture?: string;
}

/** How the file's network took its pictures. */
interface FileFacts {
  readonly channelsFirst: boolean;
  readonly colour: 'rgb' | 'bgr';
  /** Three numbers, or a picture. */
  readonly mean: SafeTensor | null;
  /** By channel, in the file's order. */
  readonly scale: readonly number[];
}

type Values = Float32Array;

/** Formats that say a file is not of ours, as `__metadata__.format` names them, and whether channels come first there. */
const foreignFormats: Readonly<Record<string, boolean>> = { caffe: true, pt: true, keras: false, tf: false };

/** Starts from a run's weights, our own safetensors file, or a published one where its metadata name a foreign `format`. */
export function startFromWeights(
  trainer: Pick<Trainer, 'variables'>,
  from: string,
  mapping: WeightMapping | undefined,
): InitialWeights {
  const isFile = from.endsWith('.safetensors') && existsSync(from);
  const format = isFile ? decodeSafetensors(readFileSync(from)).metadata['format'] : undefined;
  return mapping && format !== undefined && format in foreignFormats
    ? loadPublishedWeights(trainer, from, mapping)
    : initializeWeights(trainer, from);
}

/**
 * Fills a network from weights of Caffe, PyTorch or Keras, converted to safetensors. The file's metadata say `format` (`caffe`, `pt`, `keras`, `tf`),
 * and how its network took pictures: `colour` (`bgr` by default for Caffe, else `rgb`) and `scale`, by which pixels are divided, one number or
 * three; an array `mean`, [3] or a picture, is what it subtracted. The first layer is turned so that the network gives the same features from
 * our pictures: channels in our order, our scale, our mean.
 *
 * @throws StoreError `missing`; ConfigError if not one weight matches, or one has another shape.
 */
export function loadPublishedWeights(
  trainer: Pick<Trainer, 'variables'>,
  file: string,
  mapping: WeightMapping,
): InitialWeights {
  if (!existsSync(file)) throw new StoreError('missing', `${file} does not exist.`, { context: { file } });
  const { tensors, metadata } = decodeSafetensors(readFileSync(file));
  const facts = readFacts(tensors, metadata);
  const found = new Map<string, Values>();
  const used = new Set(facts.mean ? ['mean'] : []);
  for (const [name, published] of Object.entries(mapping.weights)) {
    const theirs = published.from.find((each) => each in tensors);
    const variable = trainer.variables.get(name);
    if (theirs === undefined || !variable) continue;
    const { values, shape } = toOurLayout(tensors[theirs]!, published, facts);
    if (squeeze(shape) !== squeeze(variable.shape)) {
      throw new ConfigError(
        `${file}: ${theirs} becomes [${shape.join(', ')}], ${name} is [${variable.shape.join(', ')}]. Use the preset that it was made for.`,
        { context: { file, name: theirs } },
      );
    }
    found.set(name, values);
    used.add(theirs);
  }
  if (found.size === 0)
    throw new ConfigError(
      `${file} has none of the names that this task knows: it holds ${Object.keys(tensors).slice(0, 8).join(', ')}.`,
      {
        context: { file },
      },
    );
  fitFirstLayer(trainer, found, facts, mapping);
  for (const [name, values] of found) {
    const variable = trainer.variables.get(name)!;
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, 'float32')));
  }
  return {
    from: file,
    taken: [...found.keys()],
    kept: [...trainer.variables.keys()].filter((name) => !found.has(name)),
    unused: Object.keys(tensors).filter((name) => !used.has(name)),
  };
}

function readFacts(
  tensors: Readonly<Record<string, SafeTensor>>,
  { format = 'pt', colour, scale = '1' }: Readonly<Record<string, string>>,
): FileFacts {
  const scales = scale.split(',').map(Number);
  return {
    channelsFirst: foreignFormats[format] ?? true,
    colour: colour === 'rgb' || colour === 'bgr' ? colour : format === 'caffe' ? 'bgr' : 'rgb',
    mean: tensors['mean'] ?? null,
    scale: scales.length === 3 ? scales : [scales[0]!, scales[0]!, scales[0]!],
  };
}

/** The values in the order in which ours lie: [height, width, in, out], [in, out], and features flattened as [height, width, channels]. */
function toOurLayout(
  { data, shape }: SafeTensor,
  { layout, channels = 1 }: PublishedWeight,
  { channelsFirst }: FileFacts,
): { readonly values: Values; readonly shape: readonly number[] } {
  const theirs = Float32Array.from(data as Float32Array);
  if (!channelsFirst || layout === 'vector') return { values: theirs, shape };
  if (layout === 'convolution') {
    const [out, inputs, height, width] = shape as [number, number, number, number];
    return transpose(theirs, [out, inputs, height, width], [2, 3, 1, 0]);
  }
  const [out, inputs] = shape.slice(-2) as [number, number]; // old Caffe files give dense layers four axes
  if (layout === 'dense') return transpose(theirs, [out, inputs], [1, 0]);
  const { values } = transpose(theirs, [out, channels, inputs / channels], [2, 1, 0]);
  return { values, shape: [inputs, out] };
}

/** Turns the first layer, or sets the mean picture, so that our pictures give the features that theirs gave. */
function fitFirstLayer(
  { variables }: Pick<Trainer, 'variables'>,
  found: Map<string, Values>,
  { colour, mean, scale, channelsFirst }: FileFacts,
  { firstLayer, input, meanPicture }: WeightMapping,
): void {
  const weight = found.get(`${firstLayer}.weight`);
  if (!weight) return;
  const [height, width, , outputs] = variables.get(`${firstLayer}.weight`)!.shape as [number, number, number, number];
  const theirChannel = (c: number) => (colour === input.colour ? c : 2 - c);
  const turned = new Float32Array(weight.length);
  const shift = new Float64Array(outputs); // what their mean and ours differ by, seen through the layer
  const theirMeans = mean ? channelMeans(mean, channelsFirst) : null;
  for (let place = 0; place < height * width; place++) {
    for (let c = 0; c < 3; c++) {
      const their = theirChannel(c);
      for (let o = 0; o < outputs; o++) {
        const value = weight[(place * 3 + their) * outputs + o]! / scale[their]!;
        turned[(place * 3 + c) * outputs + o] =
          value * (typeof input.scale === 'number' ? input.scale : input.scale[c]!);
        if (theirMeans) shift[o]! += value * (input.mean[c]! - theirMeans[their]!);
      }
    }
  }
  found.set(`${firstLayer}.weight`, turned);
  if (!mean || !theirMeans) return;
  if (meanPicture !== undefined) {
    const [rows, columns] = variables.get(meanPicture)!.shape as [number, number, number];
    found.set(meanPicture, cutMean(mean, { rows, columns, channelsFirst, theirChannel }));
  } else {
    const bias = found.get(`${firstLayer}.bias`);
    if (bias)
      found.set(
        `${firstLayer}.bias`,
        bias.map((value, o) => value + shift[o]!),
      );
  }
}

/** The middle of a mean picture, or three numbers everywhere: [rows, columns, 3] in our channel order. */
function cutMean(
  { data, shape }: SafeTensor,
  {
    rows,
    columns,
    channelsFirst,
    theirChannel,
  }: {
    readonly rows: number;
    readonly columns: number;
    readonly channelsFirst: boolean;
    readonly theirChannel: (c: number) => number;
  },
): Values {
  const [height, width] = (shape.length === 1 ? [1, 1] : channelsFirst ? shape.slice(-2) : shape.slice(-3, -1)) as [
    number,
    number,
  ];
  const isPicture = shape.length > 1;
  if (isPicture && (height < rows || width < columns))
    throw new ConfigError(`The mean picture is ${width}×${height} pixels, the network sees ${columns}×${rows}.`);
  const [top, left] = isPicture ? [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)] : [0, 0];
  return Float32Array.from({ length: rows * columns * 3 }, (_, i) => {
    const channel = theirChannel(i % 3);
    if (!isPicture) return Number(data[channel]);
    const [y, x] = [top + Math.floor(i / 3 / columns), left + (Math.floor(i / 3) % columns)];
    return Number(data[channelsFirst ? (channel * height + y) * width + x : (y * width + x) * 3 + channel]);
  });
}

function channelMeans({ data, shape }: SafeTensor, channelsFirst: boolean): readonly number[] {
  const sums = [0, 0, 0];
  const plane = data.length / 3;
  for (let i = 0; i < data.length; i++)
    sums[shape.length > 1 && channelsFirst ? Math.floor(i / plane) : i % 3]! += Number(data[i]) / plane;
  return sums;
}

/** Reorders axes: axis i of the result is axis `order[i]` of the input. */
function transpose(values: Values, shape: readonly number[], order: readonly number[]) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const turned = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const out = new Float32Array(values.length);
  const place = turned.map(() => 0);
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = values[at]!;
    for (let axis = turned.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++place[axis]! < turned[axis]!) break;
      at -= steps[axis]! * turned[axis]!;
      place[axis] = 0;
    }
  }
  return { values: out, shape: turned };
}

function squeeze(shape: readonly number[]): string {
  return shape.filter((size) => size !== 1).join();
}
