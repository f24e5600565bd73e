// Zip archives of a few text files: written without compression, read with or without it. No more of the format than that.

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const UTF8 = 0x0800; // names are in UTF-8
const LARGEST = 64 << 20; // bytes of an archive and of what it unpacks to

const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** An archive of [name, text] as a Blob. */
export function zipped(files, now = new Date()) {
  const encoder = new TextEncoder();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const [bodies, directory] = [[], []];
  let offset = 0;
  for (const [name, text] of files) {
    const [path, body] = [encoder.encode(name), encoder.encode(text)];
    // version, flags, method, time, date, checksum, sizes, length of the name, of what is extra
    const common = [[20, 2], [UTF8, 2], [0, 2], [time, 2], [date, 2], [crc32(body), 4], [body.length, 4], [body.length, 4], [path.length, 2], [0, 2]];
    bodies.push(fields([[LOCAL, 4], ...common]), path, body);
    directory.push(fields([[CENTRAL, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), path);
    offset += 30 + path.length + body.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields([[END, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [offset, 4], [0, 2]]);
  return new Blob([...bodies, ...directory, end], { type: "application/zip" });
}

/** Numbers in little-endian order, each as [value, bytes]. */
function fields(pairs) {
  const bytes = pairs.flatMap(([value, length]) => Array.from({ length }, (_, at) => (value >>> (8 * at)) & 255));
  return Uint8Array.from(bytes);
}

/** The files of an archive as [name, bytes]; an Error with a sentence for what is no archive. */
export async function unzipped(buffer) {
  const view = new DataView(buffer);
  const damaged = new Error("This is no zip archive, or it is damaged.");
  if (buffer.byteLength > LARGEST) throw new Error("This archive is larger than 64 MB.");
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw damaged;
  const found = [];
  let [at, total] = [view.getUint32(end + 16, true), 0];
  try {
    for (let count = view.getUint16(end + 10, true); count > 0; count--) {
      if (view.getUint32(at, true) !== CENTRAL) throw damaged;
      const [method, packed, size] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
      const lengths = [28, 30, 32].map((place) => view.getUint16(at + place, true));
      const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, lengths[0]));
      const local = view.getUint32(at + 42, true);
      const body = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      total += size;
      if (total > LARGEST) throw new Error("This archive unpacks to more than 64 MB.");
      found.push([name, await unpacked(new Uint8Array(buffer, body, packed), method, size)]);
      at += 46 + lengths[0] + lengths[1] + lengths[2];
    }
  } catch (error) {
    throw error instanceof RangeError || error instanceof TypeError ? damaged : error;
  }
  return found;
}

async function unpacked(bytes, method, size) {
  if (method === 0) return bytes;
  if (method !== 8) throw new Error("This archive is packed in a way that this page cannot read; pack it as a plain zip.");
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    length += value.length;
    if (length > size) throw new Error("This archive is damaged: a file is larger than it says."); // or it would fill the memory
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
