import { loadKernel, type Kernel } from '../core/index.js';
import { parseJpeg, type JpegFrame } from './jpeg-header.js';
import { KernelRoom } from './kernel-room.js';

interface JpegKernel {
  buildTable(counts: number, symbols: number, total: number, table: number): number;
  decode(frame: number): number;
}

const tableBytes = 1424; // of the kernel: see jpeg.as.ts
const mostSymbols = 256;
// Places of a block's numbers in the order of the file, which runs zigzag from the top left.
const fileOrder = zigzag();
let kernel: Kernel<JpegKernel> | null = null;

/**
 * Unpacks a JPEG by a WebAssembly kernel, which for small pictures takes a fraction of what calling a library does: baseline, 8 bits, grey or
 * all three components at full size, as we write them.
 *
 * @returns uint8 [height, width, channels], to the byte as libjpeg's default decoder gives it; null for any other JPEG, a damaged one included:
 *   a complete decoder is to be asked then.
 */
export function decodeJpeg(
  bytes: Uint8Array,
): { readonly data: Uint8Array; readonly width: number; readonly height: number; readonly channels: 1 | 3 } | null {
  const frame = parseJpeg(bytes);
  if (!frame) return null;
  kernel ??= loadKernel<JpegKernel>('vision/kernels/jpeg');
  const { width, height, components } = frame;
  const channels = components.length as 1 | 3;
  const [across, down] = [(width + 7) >> 3, (height + 7) >> 3];
  const scan = bytes.subarray(frame.scanAt);

  const room = new KernelRoom(kernel);
  const at = {
    frame: room.take(44 + 20 * 3),
    work: room.take(64 * 4 * 2 + 64 + 16), // a block, a second one, the order, first numbers
    counts: room.take(17),
    symbols: room.take(mostSymbols),
    tables: room.take(frame.tables.length * tableBytes),
    quantisers: room.take(frame.quantisers.length * 256),
    scan: room.take(scan.length),
    planes: room.take(channels * across * down * 64),
    out: room.take(width * height * channels),
  };
  const buffer = room.reserve();
  const memory = new Uint8Array(buffer);
  if (!placeTables(kernel.exports, memory, at, frame)) return null;
  const orderAt = at.work + 512;
  memory.fill(0, at.work, orderAt);
  memory.set(fileOrder, orderAt);
  memory.fill(0, orderAt + 64, orderAt + 80);
  frame.quantisers.forEach((values, i) => new Int32Array(buffer, at.quantisers + i * 256, 64).set(values));
  memory.set(scan, at.scan);
  memory.fill(0, at.scan + scan.length, at.scan + scan.length + 16);
  const words = new Uint32Array(buffer, at.frame, 11 + 5 * channels);
  words.set([at.scan, at.scan + scan.length, channels, across, down, width, height]);
  words.set([at.work, at.work + 256, orderAt, at.out], 7);
  components.forEach(({ dc, ac, quantiser }, i) => {
    const tables = [dc, ac].map((table) => at.tables + table * tableBytes);
    const plane = at.planes + i * across * down * 64;
    words.set([orderAt + 64 + 4 * i, ...tables, at.quantisers + quantiser * 256, plane], 11 + 5 * i);
  });
  if (kernel.exports.decode(at.frame) !== 0) return null;
  return { data: memory.slice(at.out, at.out + width * height * channels), width, height, channels };
}

function placeTables(
  kernel: JpegKernel,
  memory: Uint8Array,
  at: { readonly counts: number; readonly symbols: number; readonly tables: number },
  { tables }: JpegFrame,
): boolean {
  return tables.every(({ counts, symbols }, i) => {
    memory[at.counts] = 0;
    memory.set(counts, at.counts + 1);
    memory.set(symbols, at.symbols);
    return kernel.buildTable(at.counts, at.symbols, symbols.length, at.tables + i * tableBytes) === 0;
  });
}

function zigzag(): Uint8Array {
  const order = new Uint8Array(64);
  let at = 0;
  for (let diagonal = 0; diagonal < 15; diagonal++) {
    for (let i = Math.max(0, diagonal - 7); i <= Math.min(7, diagonal); i++) {
      const [row, column] = diagonal % 2 === 0 ? [diagonal - i, i] : [i, diagonal - i];
      order[at++] = row * 8 + column;
    }
  }
  return order;
}
