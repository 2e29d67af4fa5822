import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { encodeMessage, field, type Field } from '../compile/protobuf.js';

/** One value that TensorBoard shows under a tag. */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | {
      readonly tag: string;
      readonly image: { readonly width: number; readonly height: number; readonly png: Uint8Array };
    };

/** When something was logged. */
export interface EventTime {
  readonly step: number;
  /** Seconds since 1970. */
  readonly seconds: number;
}

/** What a hyperparameter may be. */
export type HyperParameter = number | string | boolean;

const hparams = 'hparams';
const hparamsVersion = 0;

/** The first event of a file. */
export function versionEvent(time: EventTime): Uint8Array {
  return event(time, [field.text(3, 'brain.Event:2')]);
}

/** Tells readers that a run goes on: what they know of this step and later ones is void. */
export function restartEvent(time: EventTime): Uint8Array {
  return event(time, [field.message(7, [field.int(1, 1)])]); // SessionLog of status START
}

/** Values of one step. Source: tensorflow/core/framework/summary.proto. */
export function summaryEvent(time: EventTime, values: readonly SummaryValue[]): Uint8Array {
  const parts = values.map((value) => {
    const shown =
      'scalar' in value
        ? field.float(2, value.scalar)
        : field.message(4, [
            field.int(1, value.image.height),
            field.int(2, value.image.width),
            field.int(3, 3), // RGB
            field.bytes(4, value.image.png),
          ]);
    return field.message(1, [field.text(1, value.tag), shown]);
  });
  return event(time, [field.message(5, parts)]);
}

/** A run's settings for the hparams dashboard. Source: tensorboard/plugins/hparams/plugin_data.proto. */
export function sessionStartEvent(
  time: EventTime,
  { parameters, group }: { readonly parameters: Readonly<Record<string, HyperParameter>>; readonly group: string },
): Uint8Array {
  const entries = Object.entries(parameters).map(([name, value]) =>
    field.message(1, [field.text(1, name), field.message(2, [anyValue(value)])]),
  );
  const info = [...entries, field.text(4, group), double(5, time.seconds)];
  return event(time, [hparamsSummary('_hparams_/session_start_info', field.message(3, info))]);
}

/** A run's end for the hparams dashboard. */
export function sessionEndEvent(time: EventTime, isFinished: boolean): Uint8Array {
  const status = isFinished ? 1 : 3; // STATUS_SUCCESS, STATUS_RUNNING
  return event(time, [
    hparamsSummary('_hparams_/session_end_info', field.message(4, [field.int(1, status), double(2, time.seconds)])),
  ]);
}

/** The step of an encoded event; 0 where it has none. */
export function stepOfEvent(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === 2) return Number(reader.int64());
    reader.skip(type, number);
  }
  return 0;
}

function event({ step, seconds }: EventTime, content: readonly Field[]): Uint8Array {
  return encodeMessage([double(1, seconds), field.int(2, step), ...content]);
}

/** A summary that carries a plug-in's own message; the empty tensor is what the dashboard's reader asks for. */
function hparamsSummary(tag: string, data: Field): Field {
  const content = encodeMessage([field.int(1, hparamsVersion), data]);
  const metadata = field.message(9, [field.message(1, [field.text(1, hparams), field.bytes(2, content)])]);
  const nothing = field.message(8, [field.int(1, 1), field.message(2, [field.message(2, [field.int(1, 1)])]), zero]);
  return field.message(5, [field.message(1, [field.text(1, tag), nothing, metadata])]);
}

/** `float_val: 0` of a TensorProto. */
const zero: Field = field.float(5, 0);

/** google.protobuf.Value. */
function anyValue(value: HyperParameter): Field {
  if (typeof value === 'number') return double(2, value);
  return typeof value === 'string' ? field.text(3, value) : field.bool(4, value);
}

function double(number: number, value: number): Field {
  return (writer) => writer.tag(number, WireType.Bit64).double(value);
}
