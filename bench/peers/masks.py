"""The method of the motion-masks miner with OpenCV 5 (contrib SLIC) and NumPy: one mask for every second frame of a sequence.

    python bench/peers/masks.py FOLDER [--flow dis|farneback] [--rounds 3]

FOLDER holds 256-pixel-wide pictures in the order of their names. Prints one line of JSON: processor and wall milliseconds per mask.
"""

import argparse
import json
import os
import time

import cv2
import numpy as np

REACH, NEIGHBOURS, REGIONS, BINS = 12, 48, 400, 8


def camera(first, second):
    points = cv2.goodFeaturesToTrack(first, 400, 0.005, 5, blockSize=3)
    settings = dict(winSize=(15, 15), maxLevel=3, criteria=(3, 20, 0.03))
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, None, **settings)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(second, first, there, None, **settings)
    good = (found.ravel() & found_back.ravel()) == 1
    good &= np.linalg.norm((back - points).reshape(-1, 2), axis=1) <= 0.5
    if good.sum() < 12:
        return None
    return cv2.findHomography(points[good], there[good], cv2.RANSAC, 1.0, maxIters=2000, confidence=0.995)[0]


def residual(first, second, homography, flow):
    height, width = first.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(second, homography, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpPerspective(np.ones_like(second), homography, (width, height), flags=flags)
    return np.linalg.norm(flow(first, warped), axis=2), seen


def saliency(speeds, border):
    low, high = np.percentile(speeds, [50, 97])
    out = np.clip((speeds - low) / max(0.25, high - low), 0, 1).astype(np.float32)
    band = np.zeros_like(out)
    band[border:-border, border:-border] = 1
    return out * band


def regions(picture):
    height, width = picture.shape[:2]
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
    size = int(round(np.sqrt(height * width / REGIONS)))
    slic = cv2.ximgproc.createSuperpixelSLIC(lab, cv2.ximgproc.SLIC, size, 12.0)
    slic.iterate(5)
    labels = slic.getLabels()
    count = slic.getNumberOfSuperpixels()
    flat = labels.ravel()
    pixels = np.maximum(1, np.bincount(flat, minlength=count))
    ys, xs = np.mgrid[:height, :width]
    mean = lambda values: np.bincount(flat, values.ravel().astype(np.float64), count) / pixels
    planes = [lab[..., c].astype(np.float32) for c in range(3)]
    x, y = mean(xs), mean(ys)
    rows = [x / width, y / height, mean(planes[0]) / 255, mean(planes[1]) / 80, mean(planes[2]) / 80]
    binned = [np.minimum(7, planes[0] // 32), np.clip((planes[1] - 88) // 10, 0, 7), np.clip((planes[2] - 88) // 10, 0, 7)]
    column = np.clip(np.round(x).astype(int), 7, width - 8)
    line = np.clip(np.round(y).astype(int), 7, height - 8)
    for plane in binned:
        for level in range(BINS):
            counts = cv2.boxFilter((plane == level).astype(np.float32), -1, (15, 15), normalize=True)
            rows.append(0.5 * np.sqrt(np.maximum(0, counts[line, column])))
    return labels, pixels, np.stack(rows, axis=1).astype(np.float32)


def link(descriptors):
    starts = np.cumsum([0] + [len(d) for d in descriptors])
    data = np.concatenate(descriptors)
    squares = (data * data).sum(axis=1)
    found, weights = [], []
    for i, own in enumerate(descriptors):
        low, high = starts[max(0, i - REACH)], starts[min(len(descriptors), i + REACH + 1)]
        apart = squares[low:high] - 2 * own @ data[low:high].T
        nearest = np.argpartition(apart, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        near = np.take_along_axis(apart, nearest, axis=1) + squares[starts[i] : starts[i + 1], None]
        weight = np.exp(-np.maximum(0, near) / 0.1)
        found.append(nearest + low)
        weights.append(weight / weight.sum(axis=1, keepdims=True))
    return starts, np.concatenate(found), np.concatenate(weights)


def vote(means, starts, found, weights):
    anchor = np.concatenate(means)
    votes = anchor
    for _ in range(10):
        votes = 0.9 * (weights * votes[found]).sum(axis=1) + 0.1 * anchor
        most = np.maximum.reduceat(votes, starts[:-1])
        votes = votes / np.repeat(np.maximum(1e-9, most), np.diff(starts))
    return votes


def witness(picture, votes):
    mask = np.where(votes >= 0.5, 3, np.where(votes <= 0.1, 0, 2)).astype(np.uint8)
    if not (mask == 3).any() or (mask == 3).all():
        return 0.0
    rows, columns = np.where(votes > 0.1)
    reach = round(0.15 * mask.shape[0])
    top, left = max(0, rows.min() - reach), max(0, columns.min() - reach)
    part = slice(top, rows.max() + 1 + reach), slice(left, columns.max() + 1 + reach)
    mask, picture = mask[part], np.ascontiguousarray(picture[part])
    cut = mask.copy()
    if not (mask != 3).any():
        return 0.0
    cv2.grabCut(picture, cut, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    a, b = mask == 3, (cut & 1) == 1
    return (a & b).sum() / max(1, (a | b).sum())


def mine(pictures, flow):
    """Votes, parts and agreement of every second picture."""
    lumas = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]
    steps = [camera(a, b) for a, b in zip(lumas, lumas[1:])]
    frames = range(0, len(pictures), 2)
    cut, means = [], []
    for i in frames:
        sides = []
        for gaps in ((-3, -1), (1, 3)):
            total, seen = np.zeros(lumas[i].shape), np.zeros(lumas[i].shape)
            for gap in gaps:
                if not 0 <= i + gap < len(pictures):
                    continue
                chain = np.eye(3)
                for step in steps[min(i, i + gap) : max(i, i + gap)]:
                    chain = (np.eye(3) if step is None else step) @ chain
                chain = np.linalg.inv(chain) if gap < 0 else chain
                speed, valid = residual(lumas[i], lumas[i + gap], chain, flow)
                total += valid * speed / abs(gap)
                seen += valid
            sides.append(np.where(seen > 0, total / np.maximum(1, seen), np.inf))
        speeds = np.minimum(*sides)
        salient = saliency(np.where(np.isinf(speeds), 0, speeds), round(0.125 * lumas[i].shape[0]))
        labels, pixels, descriptors = regions(pictures[i])
        cut.append((labels, descriptors))
        means.append(np.bincount(labels.ravel(), salient.ravel(), len(pixels)) / pixels)
    starts, found, weights = link([descriptors for _, descriptors in cut])
    votes = vote(means, starts, found, weights)
    out = []
    for n, i in enumerate(frames):
        own = votes[starts[n] : starts[n + 1]][cut[n][0]]
        parts = cv2.connectedComponentsWithStats((own >= 0.5).astype(np.uint8))
        out.append((own, parts[0], witness(pictures[i], own)))
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--flow", default="dis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    if options.flow == "dis":
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        flow = lambda a, b: dis.calc(a, b, None)
    else:
        flow = lambda a, b: cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 4, 11, 3, 5, 1.1, 0)
    names = sorted(os.listdir(options.folder))
    pictures = [cv2.imread(os.path.join(options.folder, name)) for name in names]
    mine(pictures[:12], flow)
    walls, processors = [], []
    for _ in range(options.rounds):
        wall, processor = time.perf_counter(), time.process_time()
        masks = mine(pictures, flow)
        walls.append(1000 * (time.perf_counter() - wall) / len(masks))
        processors.append(1000 * (time.process_time() - processor) / len(masks))
    print(json.dumps({"wall": sorted(walls), "processor": sorted(processors), "masks": len(masks)}))


main()
