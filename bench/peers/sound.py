"""Sound statistics in NumPy, log-mel spectrograms in SciPy and k-means in scikit-learn: answers bench/sound.bench.mjs, line by line.

python bench/peers/sound.py FOLDER           {"logMel": FILE}, {"kMeans": FILE, "rounds": N}, {"statistics": FILE}: seconds, and what was found
python bench/peers/sound.py --golden FOLDER  statistics of every NAME.f32 there (75,000 samples at 20 kHz), as test/golden/sound-statistics.json
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

RATE = 20_000
EPSILON = 1.19e-7


def erb(hertz):
    return 9.265 * np.log(1 + hertz / (24.7 * 9.265))


def filters(samples: int) -> np.ndarray:
    """[32, bins]: half-cosines on the ERB scale between a low-pass and a high-pass filter; squares sum to 1."""
    number = erb(np.arange(samples // 2 + 1) * RATE / samples)
    points = np.linspace(erb(20.0), erb(RATE / 2), 32)
    bank = np.zeros((32, len(number)))
    for k in range(30):
        inside = (number > points[k]) & (number < points[k + 2])
        bank[k + 1, inside] = np.cos(np.pi * (number[inside] - points[k + 1]) / (points[k + 2] - points[k]))
    low, high = number < points[1], number > points[30]
    bank[0, low] = np.sqrt(1 - bank[1, low] ** 2)
    bank[31, high] = np.sqrt(np.maximum(0, 1 - bank[30, high] ** 2))
    return bank


def modulation_filters(points: int) -> np.ndarray:
    centres = np.logspace(np.log10(0.5), np.log10(200), 10)
    hertz = np.arange(points // 2 + 1) * 400 / points
    bank = np.array([np.where(hertz < 2 * c, np.cos(np.pi * (hertz - c) / (2 * c)), 0) for c in centres])
    middle = (hertz >= centres[3]) & (hertz <= centres[6])
    return bank / np.sqrt((bank**2).sum(0)[middle].mean())


def resample(signal: np.ndarray, points: int) -> np.ndarray:
    spectrum = np.fft.rfft(signal)[: points // 2 + 1]
    spectrum[-1] = 2 * spectrum[-1].real
    return np.fft.irfft(spectrum, points) * points / len(signal)


def envelopes(sound: np.ndarray) -> np.ndarray:
    samples = len(sound)
    spectrum = np.fft.rfft(sound)
    out = []
    for weights in filters(samples):
        band = np.zeros(samples, complex)
        band[: samples // 2 + 1] = spectrum * weights
        band[1 : samples // 2] *= 2
        out.append(np.maximum(0, resample(np.abs(np.fft.ifft(band)) ** 0.3, samples * 400 // RATE)))
    return np.array(out)


def statistics(sound: np.ndarray, level: float | None = 0.05, normalize: bool = True, taper: float = 0.02) -> np.ndarray:
    sound = np.asarray(sound, np.float64).copy()
    rms = np.sqrt((sound**2).mean())
    if level and rms > 0:
        sound *= level / rms
    fade = round(taper * RATE)
    if fade:
        t = (np.arange(fade) + 0.5) / fade
        weight = t * t * (3 - 2 * t)
        sound[:fade] *= weight
        sound[-fade:] *= weight[::-1]
    rows = envelopes(sound)
    loudness = np.median(np.sqrt((rows**2).sum(0))) if normalize else 0.0
    if loudness > 0:
        rows = rows / loudness
    mean, variance = rows.mean(1), rows.var(1)
    off = rows - mean[:, None]
    correlations = []
    for b in range(32):
        for distance in (1, 2, 3, 5):
            if b + distance < 32:
                scale = np.sqrt(variance[b] * variance[b + distance])
                correlations.append((off[b] * off[b + distance]).mean() / scale if scale > 0 else 0)
    passed = np.fft.irfft(np.fft.rfft(rows)[:, None] * modulation_filters(rows.shape[1])[None], rows.shape[1])
    modulations = np.sqrt((passed**2).mean(-1) / (EPSILON + variance[:, None]))
    spread = np.sqrt(variance / (EPSILON + mean**2))
    return np.concatenate([mean, spread, correlations, modulations.ravel(), [loudness]])


def mel_weights(size: int, rate: int, bands: int) -> np.ndarray:
    hertz = np.arange(size // 2 + 1) * rate / size
    edges = 700 * (np.exp(np.linspace(0, 1127 * np.log(1 + rate / 1400), bands + 2) / 1127) - 1)
    rise = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def log_mel(sound: np.ndarray, transform, weights: np.ndarray) -> np.ndarray:
    power = np.abs(transform.stft(sound, p0=0, p1=(len(sound) - 400) // 160 + 1)) ** 2
    return np.log(weights @ power + np.float32(1e-6)).T


def create_transform():
    from scipy.signal import ShortTimeFFT

    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)).astype(np.float32)
    # Frame n starts at sample 160 n: its phase reference is of no account here.
    return ShortTimeFFT(window, hop=160, fs=16_000, mfft=512, scale_to=None), window


def frames_log_mel(sound: np.ndarray, window: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What ShortTimeFFT does, on frames that start where ours do."""
    from scipy.fft import rfft

    frames = np.lib.stride_tricks.sliding_window_view(sound, 400)[::160]
    spectrum = rfft(frames * window, 512)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(power @ weights.T + np.float32(1e-6))


def golden(folder: Path) -> dict:
    sounds = {}
    for path in sorted(folder.glob("*.f32")):
        sound = np.fromfile(path, np.float32)
        plain = statistics(sound, None, False, 0)
        sounds[path.stem] = {
            "plain": [round(float(value), 6) for value in plain],
            "scaled": [round(float(value), 6) for value in statistics(sound)],
        }
    return sounds


def main() -> None:
    if sys.argv[1] == "--golden":
        about = "NumPy, every sample filtered: bench/peers/sound.py --golden FOLDER, on the textures of test/audio/statistics.test.ts."
        print(json.dumps({"about": about, "sounds": golden(Path(sys.argv[2]))}))
        return
    folder = Path(sys.argv[1])
    weights = mel_weights(512, 16_000, 64)
    transform, window = create_transform()
    for line in sys.stdin:
        task = json.loads(line)
        if "logMel" in task:
            sound = np.fromfile(folder / task["logMel"], np.float32)
            results = {}
            for name, run in {
                "ShortTimeFFT": lambda: log_mel(sound, transform, weights),
                "rfft of frames": lambda: frames_log_mel(sound, window, weights),
            }.items():
                start = time.perf_counter()
                out = run()
                results[name] = time.perf_counter() - start
            out.astype(np.float32).tofile(folder / "logmel.peer")
            print(json.dumps(results), flush=True)
        elif "kMeans" in task:
            from sklearn.cluster import KMeans

            points = np.fromfile(folder / task["kMeans"], np.float32).reshape(-1, 502)
            start = time.perf_counter()
            found = KMeans(30, n_init=1, max_iter=task["rounds"], tol=0, random_state=task["seed"]).fit(points)
            seconds = time.perf_counter() - start
            print(json.dumps({"seconds": seconds, "inertia": float(found.inertia_), "rounds": int(found.n_iter_)}), flush=True)
        else:
            sound = np.fromfile(folder / task["statistics"], np.float32)
            start = time.perf_counter()
            statistics(sound)
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
