/**
 * Region similarity J: intersection over union of two masks; 1 where both are empty.
 *
 * @param truth uint8 [height, width]; what is not 0 is inside. `found` likewise.
 * @param isVoid uint8 of the same shape: pixels that are not 0 count for neither.
 *
 * Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016, section 5.
 * @throws RangeError if the sizes differ.
 */
export function regionSimilarity(truth: Uint8Array, found: Uint8Array, isVoid?: Uint8Array): number {
  if (found.length !== truth.length)
    throw new RangeError(`The masks must be of one size, got ${truth.length} and ${found.length} pixels.`);
  let both = 0;
  let either = 0;
  for (let i = 0; i < truth.length; i++) {
    if (isVoid && isVoid[i] !== 0) continue;
    const a = truth[i] !== 0;
    const b = found[i] !== 0;
    if (a && b) both++;
    if (a || b) either++;
  }
  return either === 0 ? 1 : both / either;
}

/** How far off an outline may be, over the picture's diagonal. */
const toleranceShare = 0.008;

/**
 * Contour accuracy F: harmonic mean of the share of the found outline that lies near the true one and the share of the true outline
 * that lies near the found one. Near is a disc of `ceil(0.008 × diagonal)` pixels. 1 where both masks have no outline, 0 where one has none.
 *
 * @param truth uint8 [height, width]; what is not 0 is inside. `found` likewise.
 *
 * Source: as J, section 5, in the details of the benchmark's own tools; they match outlines by dilation.
 * @throws RangeError if the sizes differ.
 */
export function contourAccuracy(truth: Uint8Array, found: Uint8Array, width: number, height: number): number {
  for (const mask of [truth, found])
    if (mask.length !== width * height)
      throw new RangeError(`A mask of ${width}×${height} has ${width * height} pixels, got ${mask.length}.`);
  const radius = Math.ceil(toleranceShare * Math.sqrt(width * width + height * height));
  const [trueEdge, foundEdge] = [outlineOf(truth, width, height), outlineOf(found, width, height)];
  const [truths, founds] = [count(trueEdge), count(foundEdge)];
  if (truths === 0 && founds === 0) return 1;
  if (truths === 0 || founds === 0) return 0;
  const precision = shareWithin(foundEdge, dilate(trueEdge, width, height, radius)) / founds;
  const recall = shareWithin(trueEdge, dilate(foundEdge, width, height, radius)) / truths;
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Pixels that differ from their right, lower or lower right neighbour; in the last row and column from the one that there is. */
function outlineOf(mask: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  const inside = (x: number, y: number): boolean => mask[y * width + x] !== 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const own = inside(x, y);
      const isLastColumn = x === width - 1;
      const isLastRow = y === height - 1;
      const differs =
        (!isLastColumn && own !== inside(x + 1, y)) ||
        (!isLastRow && own !== inside(x, y + 1)) ||
        (!isLastColumn && !isLastRow && own !== inside(x + 1, y + 1));
      if (differs) out[y * width + x] = 1;
    }
  }
  return out;
}

function dilate(edge: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const out = new Uint8Array(edge.length);
  const halves = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.floor(Math.sqrt(radius * radius - (i - radius) * (i - radius))),
  );
  for (let i = 0; i < edge.length; i++) {
    if (edge[i] === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
      const half = halves[row - y + radius]!;
      out.fill(1, row * width + Math.max(0, x - half), row * width + Math.min(width, x + half + 1));
    }
  }
  return out;
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0);
}

function shareWithin(edge: Uint8Array, near: Uint8Array): number {
  return edge.reduce((sum, value, i) => sum + (value & near[i]!), 0);
}

/** An ellipse at the centre of a picture: radii as shares of width and height. */
export function centredEllipse(width: number, height: number, radiusX: number, radiusY: number): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = ((x + 0.5) / width - 0.5) / radiusX;
      const v = ((y + 0.5) / height - 0.5) / radiusY;
      if (u * u + v * v <= 1) out[y * width + x] = 1;
    }
  }
  return out;
}
