// What storing pictures costs: bytes, milliseconds to encode and decode one, and PSNR, for raw pixels, PNG, JPEG and WebP; and whether uniting the five
// frames of a sample in one tall picture pays. Generated frames of the motion set; give a video for others.
//   npm run build && node bench/pictures.bench.mjs [--video FILE] [--sizes 64,112,227] [--pictures 40]
// Last figures: FIGURES
import { parseArgs } from 'node:util';
import { openDecoder } from '../dist/ingest/index.js';
