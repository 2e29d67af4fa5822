/** Least slope of a still edge, levels per pixel. */
const leastSlope = 16;
/** Greatest deviation over time of what stands still, levels. */
const mostDeviation = 2;
/** Fewer frames say nothing of what stands still. */
const leastFrames = 8;
/** Pixels around a still edge that belong to it. */
const reach = 3;
/** Least motion of the camera, pixels per frame, for a still edge to be an overlay. */
const leastCamera = 0.75;

/**
 * Finds logos and subtitles: edges that stand still on the screen while the camera moves. Against the camera's motion they move like
 * things, and would else be taken for some.
 */
export class OverlayWatch {
  readonly #width: number;
  readonly #height: number;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  readonly #speeds: number[] = [];

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#sum = new Float64Array(width * height);
    this.#squares = new Float64Array(width * height);
  }

  /** Takes a frame, uint8 [height, width], and the camera's speed at its centre, pixels per frame. */
  add(luma: Uint8Array, cameraSpeed: number): void {
    for (let i = 0; i < luma.length; i++) {
      this.#sum[i]! += luma[i]!;
      this.#squares[i]! += luma[i]! * luma[i]!;
    }
    this.#speeds.push(cameraSpeed);
  }

  /** uint8 [height, width]: 1 where an overlay is; null where there is none, or none can be told. */
  find(): Uint8Array | null {
    const frames = this.#speeds.length;
    const speed = [...this.#speeds].sort((a, b) => a - b)[frames >> 1] ?? 0;
    if (frames < leastFrames || speed < leastCamera) return null;
    const [width, height] = [this.#width, this.#height];
    const mean = this.#sum.map((sum) => sum / frames);
    const out = new Uint8Array(mean.length);
    let found = false;
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        const i = y * width + x;
        if (this.#squares[i]! / frames - mean[i]! * mean[i]! > mostDeviation * mostDeviation) continue;
        const slope =
          Math.max(Math.abs(mean[i + 1]! - mean[i - 1]!), Math.abs(mean[i + width]! - mean[i - width]!)) / 2;
        if (slope < leastSlope) continue;
        found = true;
        for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
          out.fill(1, v * width + Math.max(0, x - reach), v * width + Math.min(width, x + reach + 1));
      }
    }
    return found ? out : null;
  }
}
