"""OpenCV's KCF tracker on frames that bench/tracker.bench.mjs wrote: one JSON request a line on stdin, one answer on stdout.

Request: {"file", "width", "height", "frames", "box": [x, y, width, height]}; the file holds RGB frames, which are turned to BGR first.
Answer: {"seconds", "boxes", "version"}: seconds are those of the updates alone; a lost target keeps its last box.
"""

import json
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
for line in sys.stdin:
    request = json.loads(line)
    shape = (request["frames"], request["height"], request["width"], 3)
    rgb = np.fromfile(request["file"], dtype=np.uint8).reshape(shape)
    frames = [np.ascontiguousarray(frame[:, :, ::-1]) for frame in rgb]
    tracker = cv2.TrackerKCF.create()
    tracker.init(frames[0], tuple(request["box"]))
    boxes = []
    box = request["box"]
    start = time.perf_counter()
    for frame in frames[1:]:
        found, next_box = tracker.update(frame)
        box = list(map(float, next_box)) if found else box
        boxes.append(box)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "boxes": boxes, "version": cv2.__version__}), flush=True)
