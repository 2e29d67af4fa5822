"""Dense flow by OpenCV: answers bench/flow.bench.mjs, line by line.

python bench/peers/flow.py FOLDER
FOLDER holds pairs.json and raw files of each pair. A line {"speed": METHOD} gives the seconds, by the clock and of the processor, over all generated pairs,
{"errors": METHOD} the mean end-point error of each group of pairs.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np


def create_methods() -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    presets = {
        "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
        "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }
    dis = {name: cv2.DISOpticalFlow_create(preset) for name, preset in presets.items()}
    return {
        "OpenCV Farneback": lambda a, b: cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0),
        **{f"OpenCV DIS {name}": lambda a, b, flow=flow: flow.calc(a, b, None) for name, flow in dis.items()},
        "zero flow": lambda a, b: np.zeros((*a.shape, 2), np.float32),
    }


def read_pairs(folder: Path) -> list[dict]:
    pairs = json.loads((folder / "pairs.json").read_text())
    for n, pair in enumerate(pairs):
        shape = (pair["height"], pair["width"])
        for name in ("previous", "next", "valid"):
            pair[name] = np.fromfile(folder / f"{n}.{name}", np.uint8).reshape(shape)
        pair["flow"] = np.fromfile(folder / f"{n}.flow", np.float32).reshape(*shape, 2)
    return pairs


def main() -> None:
    cv2.setNumThreads(1)
    pairs = read_pairs(Path(sys.argv[1]))
    generated = [pair for pair in pairs if pair["group"] == "generated"]
    methods = create_methods()
    for line in sys.stdin:
        question = json.loads(line)
        if "speed" in question:
            method = methods[question["speed"]]
            method(generated[0]["previous"], generated[0]["next"])
            begin, used = time.perf_counter(), time.process_time()
            for pair in generated:
                method(pair["previous"], pair["next"])
            answer = {"seconds": time.perf_counter() - begin, "processor": time.process_time() - used}
        else:
            method = methods[question["errors"]]
            errors: dict[str, list[float]] = {}
            for pair in pairs:
                distance = np.linalg.norm(method(pair["previous"], pair["next"]) - pair["flow"], axis=2)
                errors.setdefault(pair["group"], []).append(float(distance[pair["valid"] > 0].mean()))
            answer = {group: sum(each) / len(each) for group, each in errors.items()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
