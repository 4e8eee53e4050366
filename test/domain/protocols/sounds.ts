/** Sound files without sound, as encoders make them. */

/** A WAV file of 16-bit mono samples. */
export function wavOf(seconds: number, sampleRate = 16_000): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  return Buffer.concat([head, Buffer.alloc(seconds * sampleRate * 2)]);
}

/** An MP3 file of 44.1 kHz at 128 kbit/s, with a tag before it: 1,152 samples in each frame of 417 bytes. */
export function mp3Of(frames: number): Buffer {
  const tag = Buffer.alloc(10 + 300);
  tag.write("ID3", 0, "latin1");
  tag[8] = 2;
  tag[9] = 44;
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xfffb9000, 0);
  return Buffer.concat([tag, ...Array.from({ length: frames }, () => frame)]);
}
