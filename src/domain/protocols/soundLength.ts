/**
 * No codec that providers take goes below this many bytes a second: Opus begins at 750. It bounds sound of which nothing
 * else is known.
 */
const LEAST_BYTES_A_SECOND = 512;
/** Speech at 24 kbit/s, as recorders make it: most sound has more. For estimates. */
const USUAL_BYTES_A_SECOND = 3_000;

/** How long a sound is, in seconds: no longer than `most`, and about `usual` where its kind does not tell. */
export interface SoundLength {
  readonly most: number;
  readonly usual: number;
}

/**
 * The length of a sound file from what its decoder must go by: a WAV file's bytes a second, an MP3 file's frames. Other
 * kinds are bounded by their bytes alone.
 */
export function soundLength(file: Buffer): SoundLength {
  const exact = wavSeconds(file) ?? mp3Seconds(file);
  if (exact !== null) {
    return { most: Math.ceil(exact) + 1, usual: Math.ceil(exact) };
  }
  return {
    most: Math.ceil(file.length / LEAST_BYTES_A_SECOND) + 1,
    usual: Math.ceil(file.length / USUAL_BYTES_A_SECOND) + 1,
  };
}

/** The chunk that tells the format stands among the first; no more of them are looked at. */
const MOST_CHUNKS = 64;

/** Microsoft's RIFF: chunks of a name, a size and so many bytes; null where it is none. */
function wavSeconds(file: Buffer): number | null {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") {
    return null;
  }
  let at = 12;
  for (let chunk = 0; chunk < MOST_CHUNKS && at + 24 <= file.length; chunk += 1) {
    const size = file.readUInt32LE(at + 4);
    if (file.toString("latin1", at, at + 4) === "fmt ") {
      const sampleRate = file.readUInt32LE(at + 12);
      const claimed = file.readUInt32LE(at + 16);
      const blockBytes = file.readUInt16LE(at + 20);
      // Compressed WAV holds many samples in a block; of plain sound both are the same.
      return file.length / Math.max(1, Math.min(claimed, sampleRate * blockBytes));
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

/** Layer III, in kbit/s: version 1, then 2 and 2.5. */
const BITRATES = [
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const SAMPLE_RATES = [44_100, 48_000, 32_000] as const;

/** Every frame of an MP3 file, added up; what is none (tags at the end) counts by its bytes. Null where it is no MP3. */
function mp3Seconds(file: Buffer): number | null {
  let at = id3Length(file);
  let seconds = 0;
  let frames = 0;
  for (let frame = mp3Frame(file, at); frame !== null; frame = mp3Frame(file, at)) {
    seconds += frame.seconds;
    at += frame.bytes;
    frames += 1;
  }
  // Two frames in a row where they must stand are no accident.
  return frames < 2 ? null : seconds + Math.max(0, file.length - at) / LEAST_BYTES_A_SECOND;
}

function mp3Frame(file: Buffer, at: number): { readonly bytes: number; readonly seconds: number } | null {
  if (at + 4 > file.length) {
    return null;
  }
  const header = file.readUInt32BE(at);
  const version = (header >>> 19) & 3;
  const layer = (header >>> 17) & 3;
  if (header >>> 21 !== 0x7ff || version === 1 || layer !== 1) {
    return null;
  }
  const isFirst = version === 3;
  const kilobits = BITRATES[isFirst ? 0 : 1][((header >>> 12) & 15) - 1];
  const fullRate = SAMPLE_RATES[(header >>> 10) & 3];
  if (kilobits === undefined || fullRate === undefined) {
    return null;
  }
  const sampleRate = isFirst ? fullRate : version === 2 ? fullRate / 2 : fullRate / 4;
  const samples = isFirst ? 1_152 : 576;
  const bytes = Math.floor((samples / 8) * ((kilobits * 1_000) / sampleRate)) + ((header >>> 9) & 1);
  return { bytes, seconds: samples / sampleRate };
}

/** A tag before the sound, whose size is given in four times seven bits. */
function id3Length(file: Buffer): number {
  if (file.length < 10 || file.toString("latin1", 0, 3) !== "ID3") {
    return 0;
  }
  const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + ((file[at] as number) & 0x7f), 0);
  return 10 + size;
}
