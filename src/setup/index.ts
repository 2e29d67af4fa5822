export { doctor, fileSystemKind, type DoctorPart } from './doctor.js';
export { findFfmpeg, type FoundFfmpeg } from './ffmpeg.js';
export { setup, type SetupOptions, type SetupPart, type SetupResult } from './setup.js';
