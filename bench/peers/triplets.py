"""Mines pairs of tracked patches with PyAV, OpenCV and py-lmdb: what `reelmine mine patch-triplets` does, at its default settings.

usage: triplets.py OUT.mdb WORKERS VIDEO...     prints {"seconds", "videos", "frames", "pairs", "rejections"} as JSON

One process a worker, a video at a time, one durable transaction a video. Luma of every frame, colour at 2.5 frames a second;
corners, pyramidal Lucas-Kanade there and back, a RANSAC homography, the best square, KCF, two JPEG patches. KCF is given luma, as
ours is (in three channels: OpenCV 5's refuses one), and 224 of the 227 pixels of the box: at 227 its transform has a slow length.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import av
import cv2
import lmdb
import msgpack
import numpy as np

SIDE, TRACKED = 227, 224
HEIGHT, MAX_WIDTH = 448, 800
STARTS_PER_SECOND, TRACK_SECONDS = 2.5, 1.2
LK = {
    "winSize": (21, 21),
    "maxLevel": 2,
    "criteria": (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01),
}


def read_frames(path):
    """Yields (seconds, luma, RGB or None, whether a track may still start here)."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        latest = float("inf")
        if stream.duration:
            latest = float(((stream.start_time or 0) + stream.duration) * stream.time_base) - TRACK_SECONDS
        next_colour = None
        for frame in container.decode(stream):
            scale = min(HEIGHT / frame.height, MAX_WIDTH / frame.width)
            size = {"width": round(frame.width * scale), "height": round(frame.height * scale)}
            seconds = float(frame.pts * stream.time_base)
            luma = frame.reformat(format="gray", **size).to_ndarray()
            colour = None
            if next_colour is None or seconds >= next_colour - 1e-6:
                next_colour = (seconds if next_colour is None else next_colour) + 1 / STARTS_PER_SECOND
                colour = frame.reformat(format="rgb24", **size).to_ndarray()
            yield seconds, luma, colour, seconds < latest


def measure_motion(previous, following, seconds):
    """The moving points (float32 [n, 2]) and the homography, or why there is no start here."""
    corners = cv2.goodFeaturesToTrack(previous, 1000, 0.01, 5)
    if corners is None or len(corners) < 30:
        return "no-camera-model", None
    there, status, _ = cv2.calcOpticalFlowPyrLK(previous, following, corners, None, **LK)
    back, status_back, _ = cv2.calcOpticalFlowPyrLK(following, previous, there, None, **LK)
    off = np.linalg.norm((back - corners).reshape(-1, 2), axis=1)
    good = (status.ravel() == 1) & (status_back.ravel() == 1) & (off <= 1)
    start, end = corners.reshape(-1, 2)[good], there.reshape(-1, 2)[good]
    if len(start) < 30:
        return "no-camera-model", None
    homography, inliers = cv2.findHomography(start, end, cv2.RANSAC, 1.0)
    if homography is None or inliers.mean() < 0.4:
        return "no-camera-model", None
    expected = cv2.perspectiveTransform(start[:, None], homography)[:, 0]
    speed = np.linalg.norm(end - expected, axis=1) / (25 * seconds)
    moves = speed > 0.5
    height, width = previous.shape
    if moves.mean() < 0.25:
        return "few-moving", None
    band = (
        (start[:, 0] < 0.1 * width)
        | (start[:, 1] < 0.1 * height)
        | (start[:, 0] > 0.9 * width)
        | (start[:, 1] > 0.9 * height)
    )
    if band.sum() >= 10 and moves[band].mean() > 0.6:
        return "background-moves", None
    if moves.mean() > 0.75:
        return "many-moving", None
    return start[moves], homography


def best_square(points, shape):
    """Upper left corner of the square that holds most points, nearest to their mean of equals, and how many."""
    counts = np.zeros(shape, np.float32)
    np.add.at(counts, (points[:, 1].astype(int), points[:, 0].astype(int)), 1)
    ys, xs = np.indices(shape, dtype=np.float32)
    sums = [cv2.integral(plane) for plane in (counts, counts * xs, counts * ys)]
    inside = [s[SIDE:, SIDE:] - s[:-SIDE, SIDE:] - s[SIDE:, :-SIDE] + s[:-SIDE, :-SIDE] for s in sums]
    most = inside[0].max()
    rows, columns = np.nonzero(inside[0] == most)
    dx = inside[1][rows, columns] / most - columns - SIDE / 2
    dy = inside[2][rows, columns] / most - rows - SIDE / 2
    best = np.argmin(dx * dx + dy * dy)
    return int(columns[best]), int(rows[best]), int(most)


def texture(luma):
    """Mean energy of the gradient over squares of the box's size."""
    dx, dy = cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=1)
    return cv2.boxFilter(dx * dx + dy * dy, -1, (SIDE, SIDE))


def cut_patch(picture, box):
    centre = (box[0] + box[2] / 2 - 0.5, box[1] + box[3] / 2 - 0.5)
    return cv2.getRectSubPix(picture, (SIDE, SIDE), centre)


def judge_patches(first, last):
    grey = [cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) for patch in (first, last)]
    if any(g.std() < 8 for g in grey):
        return "blank"
    small = [cv2.resize(g, (32, 32), interpolation=cv2.INTER_AREA).ravel() for g in grey]
    return "static-pair" if np.corrcoef(small)[0, 1] > 0.95 else None


def mine(path):
    """All pairs of one video, packed; frames read; rejections by code."""
    cv2.setNumThreads(1)
    pairs, rejections, textures, frames = [], Counter(), [], 0
    start = track = None
    for seconds, luma, colour, is_open in read_frames(path):
        frames += 1
        if start:
            begun, picture, first_colour = start
            start = None
            energy = texture(picture)
            textures.append(energy[SIDE // 2 : -(SIDE // 2) : SIDE // 2, SIDE // 2 : -(SIDE // 2) : SIDE // 2].ravel())
            found, homography = measure_motion(picture, luma, seconds - begun)
            if isinstance(found, str):
                rejections[found] += 1
            else:
                x, y, count = best_square(found, picture.shape)
                if count < max(20, 0.5 * len(found)):
                    rejections["no-compact-motion"] += 1
                else:
                    tracker = cv2.TrackerKCF.create()
                    tracker.init(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), (x + 1, y + 1, TRACKED, TRACKED))
                    value = float(energy[y + SIDE // 2, x + SIDE // 2])
                    track = (begun, tracker, [(x, y, SIDE, SIDE)], first_colour, homography, value, [begun])
        if track:
            begun, tracker, boxes, first_colour, homography, value, times = track
            found, box = tracker.update(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR))
            if not found:
                rejections["lost"] += 1
                track = None
            else:
                boxes.append((box[0] - 1, box[1] - 1, SIDE, SIDE))
                times.append(seconds)
        if track and colour is not None and seconds - begun >= TRACK_SECONDS - 0.5 / STARTS_PER_SECOND:
            track = None
            x, y = boxes[-1][:2]
            across = min(x + SIDE, luma.shape[1]) - max(x, 0)
            down = min(y + SIDE, luma.shape[0]) - max(y, 0)
            patches = [cut_patch(first_colour, boxes[0]), cut_patch(colour, boxes[-1])]
            code = "left-frame" if across * down < 0.8 * SIDE * SIDE else judge_patches(*patches)
            if code:
                rejections[code] += 1
            else:
                jpegs = [
                    cv2.imencode(".jpg", patch[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
                    for patch in patches
                ]
                record = {"patches": jpegs, "boxes": np.array(boxes, np.float32).tobytes(), "seconds": times}
                pairs.append((value, msgpack.packb({**record, "homography": homography.tobytes()})))
        if track is None and start is None:
            if not is_open:
                break
            if colour is not None:
                start = (seconds, luma, colour)
    floor = np.percentile(np.concatenate(textures), 5) if textures else 0
    kept = [packed for value, packed in pairs if value >= floor]
    rejections["low-texture"] += len(pairs) - len(kept)
    return path, kept[:40], frames, rejections


def main():
    out, workers, videos = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    started = time.perf_counter()
    frames, pairs, rejections = 0, 0, Counter()
    with lmdb.open(out, subdir=False, map_size=1 << 34) as env, ProcessPoolExecutor(workers) as pool:
        for path, kept, count, codes in pool.map(mine, videos):
            with env.begin(write=True) as txn:
                for n, packed in enumerate(kept):
                    txn.put(f"{path}/{n}".encode()[-500:], packed)
            frames, pairs, rejections = frames + count, pairs + len(kept), rejections + codes
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "videos": len(videos), "frames": frames, "pairs": pairs, "rejections": rejections}))


if __name__ == "__main__":
    main()
