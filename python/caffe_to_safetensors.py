"""Weights of a Caffe model as safetensors, for `reelmine train --init`: caffe_to_safetensors.py MODEL.caffemodel OUT.safetensors [--mean MEAN.binaryproto]

Layer names and blob shapes stay as they are: NAME.weight, NAME.bias, and for BatchNorm NAME.mean, NAME.variance, NAME.weight.
Needs nothing but Python: it reads the few fields of Caffe's messages that hold weights.
"""

import argparse
import json
import struct


def fields(message):
    """(number, wire type, value) of each field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            value = varint()
        else:
            length = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            value = message[at : at + length]
            at += length
        yield number, kind, value


def varints(message):
    """The numbers of a packed field."""
    value = shift = 0
    for byte in message:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def read_blob(message):
    """Shape and float32 bytes of a BlobProto."""
    shape, old, data, doubles = None, {}, [], []
    for number, kind, value in fields(message):
        if number == 7:  # BlobShape
            shape = [size for n, k, v in fields(value) if n == 1 for size in ([v] if k == 0 else varints(v))]
        elif 1 <= number <= 4:  # num, channels, height, width
            old[number] = value
        elif number == 5:
            data.append(bytes(value))
        elif number == 8:
            doubles.append(bytes(value))
    values = b"".join(data)
    if doubles:
        joined = b"".join(doubles)
        count = len(joined) // 8
        values = struct.pack(f"<{count}f", *struct.unpack(f"<{count}d", joined))
    return shape if shape is not None else [old.get(n, 1) for n in (1, 2, 3, 4)], values


def read_model(path):
    """Arrays of a .caffemodel by name; both the current and the V1 layer messages."""
    arrays = {}
    for number, _, layer in fields(memoryview(open(path, "rb").read())):
        if number not in (2, 100):
            continue
        current = number == 100
        parts = list(fields(layer))
        name = next((bytes(v).decode() for n, _, v in parts if n == (1 if current else 4)), "")
        kind = next((bytes(v).decode() for n, k, v in parts if current and n == 2 and k == 2), "")
        blobs = [read_blob(v) for n, _, v in parts if n == (7 if current else 6)]
        roles = ("mean", "variance", "weight") if kind == "BatchNorm" else ("weight", "bias")
        for role, blob in zip(roles, blobs):
            shape, values = blob
            if role == "bias" or kind == "BatchNorm":
                shape = [len(values) // 4]
            arrays[f"{name}.{role}"] = (shape, values)
    return arrays


def write_safetensors(path, arrays, metadata):
    header, at = {"__metadata__": metadata}, 0
    for name in sorted(arrays):
        shape, values = arrays[name]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(values)]}
        at += len(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(arrays):
            out.write(arrays[name][1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--mean", help="the mean picture that was subtracted, a .binaryproto")
    parser.add_argument("--colour", default="bgr", choices=["bgr", "rgb"], help="channel order that the network takes")
    parser.add_argument("--scale", default="1", help="number by which pixels were divided")
    given = parser.parse_args()
    arrays = read_model(given.model)
    if given.mean:
        shape, values = read_blob(memoryview(open(given.mean, "rb").read()))
        arrays["mean"] = (shape[-3:], values)
    write_safetensors(given.out, arrays, {"format": "caffe", "colour": given.colour, "scale": given.scale})
    for name in sorted(arrays):
        print(name, arrays[name][0])


if __name__ == "__main__":
    main()
