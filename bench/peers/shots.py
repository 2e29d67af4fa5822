"""PySceneDetect on files that bench/shots.bench.mjs names: one JSON request a line on stdin, one answer on stdout.

Request: {"detector": "adaptive" | "content", "files", "processes"}. Answer: {"seconds", "cpuSeconds", "frames", "cuts", "version"}: cuts
are frame numbers, a list for each file; seconds are those of detection alone, opening the files included, imports not.
"""

import json
import multiprocessing
import resource
import sys
import time

import scenedetect


def detect(task):
    name, path = task
    detectors = {"adaptive": scenedetect.AdaptiveDetector, "content": scenedetect.ContentDetector}
    manager = scenedetect.SceneManager()
    manager.add_detector(detectors[name]())
    video = scenedetect.open_video(path)
    frames = manager.detect_scenes(video)
    return frames, [start.frame_num for start, _ in manager.get_scene_list()][1:]


def cpu_seconds():
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in of)


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        tasks = [(request["detector"], path) for path in request["files"]]
        start, cpu = time.perf_counter(), cpu_seconds()
        if request["processes"] > 1:
            with multiprocessing.Pool(request["processes"]) as pool:
                found = pool.map(detect, tasks, chunksize=1)
        else:
            found = list(map(detect, tasks))
        answer = {
            "seconds": time.perf_counter() - start,
            "cpuSeconds": cpu_seconds() - cpu,
            "frames": sum(frames for frames, _ in found),
            "cuts": [cuts for _, cuts in found],
            "version": scenedetect.__version__,
        }
        print(json.dumps(answer), flush=True)
