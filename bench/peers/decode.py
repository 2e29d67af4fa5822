"""PyAV on the work that bench/ingest.bench.mjs names: decode and resize whole clips, or read random 16-frame clips into one array. One thread a process.

python decode.py MODE LIST OUT_SIZE: MODE is whole, whole-yuv (planes are scaled before colours are converted) or clips; LIST is a file of
JSON with `files` and, for clips, `starts` (seconds). Prints JSON: frames, seconds, version.
"""

import json
import sys
import time

import av
import numpy
from av.video.reformatter import Interpolation


def show(frame, mode, side):
    if mode == "whole-yuv":
        small = frame.reformat(side, side, frame.format.name, interpolation=Interpolation.BICUBIC)
        return small.to_ndarray(format="rgb24")
    return frame.reformat(side, side, "rgb24", interpolation=Interpolation.BICUBIC).to_ndarray()


def main():
    mode, listed, side = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
    frames = 0
    begun, cpu_begun = time.perf_counter(), time.process_time()
    for number, path in enumerate(listed["files"]):
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            if mode != "clips":
                for frame in container.decode(stream):
                    show(frame, mode, side)
                    frames += 1
                continue
            start = (stream.start_time or 0) + int(listed["starts"][number] / stream.time_base)
            container.seek(start, stream=stream, backward=True)
            clip = numpy.empty((16, side, side, 3), numpy.uint8)
            taken = 0
            for frame in container.decode(stream):
                if frame.pts < start:
                    continue
                clip[taken] = show(frame, "whole-yuv", side)
                taken += 1
                if taken == 16:
                    break
            frames += taken
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
    print(json.dumps({"frames": frames, "seconds": seconds, "cpuSeconds": cpu_seconds, "version": av.__version__}))


main()
