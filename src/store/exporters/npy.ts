import { join } from 'node:path';
import { z } from 'zod';
import {
  fieldShape,
  isNdArray,
  StoppedError,
  type EncodedImage,
  type FieldSpec,
  type Sample,
} from '../../core/index.js';
import { decodeImage } from '../../vision/index.js';
import { defineExporter, type ExportContext } from './define-exporter.js';
import { copyArtefacts, openExport, type ExportedFile } from './export-file.js';
import { readSample, type SampleLabels } from './export-shards.js';
import { createLinesFile } from './lines-file.js';
import { createNpyField, storedDtype, type NpyField } from './npy-field.js';
import { summarize } from './split.js';

const config = z.strictObject({
  pictures: z
    .enum(['decode', 'skip'])
    .default('decode')
    .describe('decode: pictures become bytes [height, width, channels], all of one size; skip: they are left out.'),
});

/** What a field is written to; null once it is refused. */
type FieldFile = NpyField | null;

/**
 * One `.npy` array for each field, with a row for each sample, and `samples.jsonl` with keys, provenance, labels and texts. Arrays whose
 * sizes differ are written one after another, with `<field>.offsets.npy`; pictures of different sizes are refused.
 */
export default defineExporter({
  name: 'npy',
  config,
  async write(settings, context) {
    const { dataset, out, limit } = context;
    const journal = openExport(out, { format: 'npy', config: settings, dataset, limit });
    if (journal.isComplete) {
      const kept = journal.files[0]?.samples ?? 0;
      return { ...summarize(out, journal.files, kept, {}), samples: kept, failed: 0 };
    }
    const { spec } = dataset.header;
    const fields = new Map<string, FieldFile>();
    const leftOut: Record<string, string> = {};
    for (const [name, field] of Object.entries(spec)) {
      if (field.dtype === 'string') leftOut[name] = 'texts are in samples.jsonl';
      else if (field.dtype === 'image' && settings.pictures === 'skip') leftOut[name] = 'pictures are not asked for';
      else fields.set(name, createNpyField(join(out, name), storedDtype(field)));
    }
    const lines = createLinesFile(join(out, 'samples.jsonl'));
    try {
      const { samples, failed } = await writeRows(context, { fields, leftOut, addLine: (text) => lines.add(text) });
      const files: ExportedFile[] = [];
      const about: Record<string, unknown> = {};
      for (const [name, file] of fields) {
        if (!file) continue;
        const finished = await file.finish();
        if (!finished) leftOut[name] = 'no sample has it';
        else {
          about[name] = finished.about;
          for (const one of finished.files) files.push({ first: 0, samples, failed, ...one });
        }
      }
      files.unshift({ file: 'samples.jsonl', first: 0, samples, failed, ...(await lines.finish()) });
      for (const file of files) journal.add(file);
      const hasArtefacts = copyArtefacts(dataset, out);
      journal.complete({ leftOut, more: { fields: about, hasArtefacts } });
      return { ...summarize(out, files, 0, leftOut), samples, failed };
    } finally {
      for (const file of fields.values()) file?.discard();
      lines.discard();
    }
  },
});

async function writeRows(
  context: ExportContext,
  {
    fields,
    leftOut,
    addLine,
  }: {
    readonly fields: Map<string, FieldFile>;
    readonly leftOut: Record<string, string>;
    readonly addLine: (text: string) => void;
  },
): Promise<{ readonly samples: number; readonly failed: number }> {
  const { dataset, limit, signal, onProgress, onWarning } = context;
  const { spec } = dataset.header;
  const end = Math.min(dataset.summary.samples, limit);
  let samples = 0;
  for (let ordinal = 0; ordinal < end; ordinal++) {
    if (signal.aborted) throw new StoppedError('Stopped; nothing was written: arrays are whole or not there.');
    const sample = await readSample(context, ordinal);
    onProgress(ordinal + 1);
    if (!sample) continue;
    samples++;
    addLine(describeSample(spec, sample, dataset.label(sample.key)));
    const values: Readonly<Record<string, unknown>> = sample.fields;
    for (const [name, file] of fields) {
      if (!file) continue;
      const row = await rowOf(name, spec[name]!, values[name]);
      if (typeof row !== 'string') file.append(row);
      else {
        file.discard();
        fields.set(name, null);
        leftOut[name] = `${row} (${sample.key})`;
        onWarning(`Field ${name} is not written: ${row}, at ${sample.key}.`);
      }
    }
  }
  return { samples, failed: end - samples };
}

/** One sample's values and their shape; null where it has none; a text says why the field cannot be written. */
async function rowOf(
  name: string,
  field: FieldSpec,
  value: unknown,
): Promise<{ readonly data: Uint8Array; readonly shape: readonly number[] } | null | string> {
  if (value === undefined) return null;
  const shape = fieldShape(name, field, value);
  if (field.dtype === 'image') return decodePictures(shape, value);
  if (shape.length === 0) return { data: bytesOfNumber(field, value as number | bigint | boolean), shape };
  const { buffer, byteOffset, byteLength } = (isNdArray(value) ? value.data : value) as Uint8Array;
  return { data: new Uint8Array(buffer, byteOffset, byteLength), shape };
}

async function decodePictures(shape: readonly number[], value: unknown) {
  const pictures =
    shape.length === 0 ? [value as EncodedImage] : ((isNdArray(value) ? value.data : value) as EncodedImage[]);
  const pixels: Uint8Array[] = [];
  let size: readonly number[] | null = null;
  for (const picture of pictures) {
    const decoded = await decodeImage(picture).catch(() => null);
    if (!decoded) return 'a picture cannot be read';
    const { data, height, width, channels } = decoded;
    const own = [height, width, channels];
    if (size && own.some((length, i) => length !== size![i])) return 'pictures of one sample differ in size';
    size = own;
    pixels.push(data);
  }
  if (!size) return 'a sample without pictures has no size';
  return { data: new Uint8Array(Buffer.concat(pixels)), shape: [...shape, ...size] };
}

function bytesOfNumber(field: FieldSpec, value: number | bigint | boolean): Uint8Array {
  const dtype = storedDtype(field);
  const out = Buffer.alloc(8);
  const number = Number(value);
  if (dtype === 'int64') return (out.writeBigInt64LE(BigInt(value)), out);
  if (dtype === 'float64') return (out.writeDoubleLE(number), out);
  if (dtype === 'float32') return (out.writeFloatLE(number), out.subarray(0, 4));
  if (dtype === 'int32') return (out.writeInt32LE(number), out.subarray(0, 4));
  if (dtype === 'uint16') return (out.writeUInt16LE(number), out.subarray(0, 2));
  return (out.writeUInt8(number), out.subarray(0, 1));
}

/** The line of a sample in `samples.jsonl`. */
function describeSample(
  spec: Readonly<Record<string, FieldSpec>>,
  { key, fields, provenance }: Sample,
  labels: SampleLabels,
) {
  const { source, shot, pts, timeBase } = provenance;
  const values: Readonly<Record<string, unknown>> = fields;
  const texts = Object.entries(spec).flatMap(([name, { dtype }]) => {
    const value = values[name];
    return dtype === 'string' && value !== undefined ? [[name, isNdArray(value) ? value.data : value] as const] : [];
  });
  return JSON.stringify({ key, source, shot, pts, timeBase, texts: Object.fromEntries(texts), labels });
}
