import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One field of a message, ready to be written. */
export type Field = (writer: BinaryWriter) => void;

/** Makers of fields by their number: the few kinds that TensorFlow's and ONNX's messages need. */
export const field = {
  /** Any integer type but the zigzag ones, and enumerations. */
  int:
    (number: number, value: number | bigint): Field =>
    (writer) =>
      writer.tag(number, WireType.Varint).int64(value),
  bool:
    (number: number, value: boolean): Field =>
    (writer) =>
      writer.tag(number, WireType.Varint).bool(value),
  float:
    (number: number, value: number): Field =>
    (writer) =>
      writer.tag(number, WireType.Bit32).float(value),
  text:
    (number: number, value: string): Field =>
    (writer) =>
      writer.tag(number, WireType.LengthDelimited).string(value),
  bytes:
    (number: number, value: Uint8Array): Field =>
    (writer) =>
      writer.tag(number, WireType.LengthDelimited).bytes(value),
  message:
    (number: number, fields: readonly Field[]): Field =>
    (writer) => {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const write of fields) write(writer);
      writer.join();
    },
};

/** The bytes of a message. */
export function encodeMessage(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const write of fields) write(writer);
  return writer.finish();
}
