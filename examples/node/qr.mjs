// Draws a QR code (ISO/IEC 18004: bytes, error correction M, mask 0): no ticket goes to a service that draws one.

// For versions 1 to 15: codewords of error correction in a block, and the number of blocks.
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];

// The field with 256 elements, by its powers of 2.
const POWERS = [1];
while (POWERS.length < 255) POWERS.push((POWERS.at(-1) << 1) ^ (POWERS.at(-1) & 128 ? 0x11d : 0));
const times = (a, b) => (a && b ? POWERS[(POWERS.indexOf(a) + POWERS.indexOf(b)) % 255] : 0);

/** Returns an SVG of a text of up to 412 bytes, black on white, with the quiet zone that a scanner needs. */
export function qrSvg(text, label) {
  const modules = qrModules(text);
  const size = modules.length + 8;
  const strokes = modules.map((row, y) => {
    const line = `0000${row.map(Number).join("")}`.matchAll(/(0*)(1+)/g);
    return `M0 ${y + 4}.5${[...line].map(([, gap, run]) => `m${gap.length} 0h${run.length}`).join("")}`;
  });
  const attributes = `role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>
    <rect width="${size}" height="${size}" fill="#fff"/><path d="${strokes.join("")}" stroke="#000"/></svg>`;
}

function qrModules(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = BLOCKS.findIndex((_, at) => bytes.length + (at < 9 ? 2 : 3) <= dataLength(at + 1)) + 1;
  if (!version) throw new RangeError("This text is too long for a QR code.");
  const size = 17 + 4 * version;
  const rows = Array.from({ length: size }, () => Array(size).fill(null));
  const set = (x, y, dark) => (rows[y][x] = Boolean(dark));

  // Finders with their light border, alignment squares, timing lines.
  for (const [left, top] of [[0, 0], [size - 7, 0], [0, size - 7]]) square(rows, left + 3, top + 3, 4, [0, 1, 3]);
  const centres = alignment(version);
  for (const x of centres) for (const y of centres) if (rows[y][x] === null) square(rows, x, y, 2, [0, 2]);
  for (let at = 8; at < size - 8; at++) (set(at, 6, at % 2 === 0), set(6, at, at % 2 === 0));

  // The format, level M and mask 0, twice; the version from 7 on, twice.
  const format = [...Array(15).keys()].map((bit) => (0b101010000010010 >> bit) & 1);
  format.forEach((dark, bit) => {
    set(8, bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, dark);
    set(bit < 8 ? size - 1 - bit : bit < 9 ? 7 : 14 - bit, 8, dark);
  });
  set(8, size - 8, true);
  if (version > 6) {
    let rest = version << 12;
    for (let bit = 17; bit > 11; bit--) if ((rest >> bit) & 1) rest ^= 0x1f25 << (bit - 12);
    const bits = (version << 12) | rest;
    for (let bit = 0; bit < 18; bit++) {
      const [along, across] = [Math.floor(bit / 3), size - 11 + (bit % 3)];
      set(along, across, (bits >> bit) & 1), set(across, along, (bits >> bit) & 1);
    }
  }

  // The codewords go up and down in columns of two, from the right; mask 0 turns every second module.
  const bits = codewords(bytes, version).flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
  let next = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5; // the timing line
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (rows[y][x] === null) set(x, y, (bits[next++] ?? 0) ^ ((x + y) % 2 === 0));
    }
  }
  return rows;
}

/** Draws rings around a centre, those of the given distances dark, as far as they are on the code. */
function square(rows, centreX, centreY, reach, dark) {
  for (let y = centreY - reach; y <= centreY + reach; y++)
    for (let x = centreX - reach; x <= centreX + reach; x++)
      if (rows[y] && x >= 0 && x < rows.length)
        rows[y][x] = dark.includes(Math.max(Math.abs(x - centreX), Math.abs(y - centreY)));
}

function alignment(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const gap = Math.ceil((4 * version + 4) / (count - 1) / 2) * 2;
  return [6, ...[...Array(count - 1).keys()].map((at) => 10 + 4 * version - at * gap).reverse()];
}

/** Returns how many codewords a version holds, all of them or those for data. */
function allLength(version) {
  const count = Math.floor(version / 7) + 2;
  const aligned = version === 1 ? 0 : 25 * count ** 2 - 10 * count - 55;
  return Math.floor((16 * version ** 2 + 128 * version + 64 - aligned - (version > 6 ? 36 : 0)) / 8);
}
const dataLength = (version) => allLength(version) - CORRECTION[version - 1] * BLOCKS[version - 1];

/** Returns the codewords in their order: data blocks and their error correction, each interleaved. */
function codewords(bytes, version) {
  const [blocks, correction, length] = [BLOCKS[version - 1], CORRECTION[version - 1], dataLength(version)];
  const head = [0x40 | (bytes.length >> 12), (bytes.length >> 4) & 255, (bytes.length << 4) & 255];
  if (version < 10) head.splice(0, 2, 0x40 | (bytes.length >> 4)); // its length has 8 bits
  const data = head;
  for (const byte of bytes) {
    data[data.length - 1] |= byte >> 4;
    data.push((byte << 4) & 255);
  }
  for (let pad = 0xec; data.length < length; pad ^= 0xec ^ 0x11) data.push(pad);

  // The divisor of Reed and Solomon: the product of (x - 2^i).
  let divisor = [1];
  for (let at = 0; at < correction; at++)
    divisor = [...divisor, 0].map((each, index) => each ^ times(divisor[index - 1] ?? 0, POWERS[at]));
  const short = Math.floor(length / blocks);
  const parts = [];
  for (let at = 0, from = 0; at < blocks; at++) {
    const part = data.slice(from, (from += short + (at >= blocks - (length % blocks) ? 1 : 0)));
    const rest = [...part, ...Array(correction).fill(0)];
    for (let index = 0; index < part.length; index++) {
      const factor = rest[index];
      divisor.forEach((each, offset) => (rest[index + offset] ^= times(each, factor)));
    }
    parts.push([part, rest.slice(part.length)]);
  }
  const interleaved = (of, count) =>
    [...Array(count).keys()].flatMap((index) => parts.flatMap((part) => part[of][index] ?? []));
  return [...interleaved(0, short + 1), ...interleaved(1, correction)];
}
