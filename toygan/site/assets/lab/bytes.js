// Bytes in text, numbers in bytes.
"use strict";
lab.fromText = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

lab.toText = function (bytes) {
  let letters = "";
  for (let i = 0; i < bytes.length; i += 4096) letters += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

lab.plainText = (text) => text.replace(/-/g, "+").replace(/_/g, "/");

// So many bytes of a data file's letters, 15 bits each, the highest bit first.
lab.fromLetters = function (text, size) {
  const out = new Uint8Array(size);
  let held = 0, bits = 0, at = 0;
  for (let i = 0; i < text.length; i++) {
    held = (held << 15) | (text.charCodeAt(i) - 0x100);
    for (bits += 15; bits >= 8 && at < size;) {
      bits -= 8;
      out[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return out;
};

// Bytes that are told as copies of what stands before them and what is new (toygan/site/folding.py).
lab.unfolded = function (text, before, size) {
  const out = new Uint8Array(before.length + size);
  let at = 0, to = before.length;
  const number = () => { for (let value = 0, scale = 1; ; scale *= 128) { const one = text[at++]; value += (one & 127) * scale; if (one < 128) return value; } };
  const length = number(), end = at + length;
  let fresh = end;
  out.set(before);
  while (at < end) {
    const [own, copied, back] = [number(), number(), number()];
    out.set(text.subarray(fresh, fresh + own), to);
    fresh += own;
    to += own;
    if (back >= copied) out.copyWithin(to, to - back, to - back + copied); else for (let i = to; i < to + copied; i++) out[i] = out[i - back];
    to += copied;
  }
  out.set(text.subarray(fresh), to);
  return out.slice(before.length); // what stands before them is not kept alive
};

lab.joined = function (parts) {
  const out = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) { out.set(one, at); at += one.length; }
  return out;
};

// A data file's header and bytes, unpacked once; the text is let go.
lab.unpacked = async function (name) {
  const file = await lab.want(name);
  file.unpacking = file.unpacking || (async () => {
    const { head, after, size } = file.header, others = await Promise.all((after || []).map(lab.unpacked));
    const packed = new Blob([lab.fromLetters(file.text, file.size)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = new Uint8Array(await new Response(packed).arrayBuffer());
    file.whole = after ? lab.unfolded(text, lab.joined(others.map(({ whole }) => whole)), size) : text;
    file.header = JSON.parse(new TextDecoder().decode(file.whole.subarray(0, head)));
    file.bytes = file.whole.subarray(head);
    file.text = "";
    return file;
  })();
  return file.unpacking;
};

// 16-bit floats as 32-bit ones.
lab.halves = function (bytes, start, count) {
  const codes = new Uint16Array(bytes.slice(start, start + 2 * count).buffer), out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const code = codes[i], exponent = (code >> 10) & 31, fraction = code & 1023, sign = code & 0x8000 ? -1 : 1;
    out[i] = sign * (exponent ? (exponent === 31 ? (fraction ? NaN : Infinity) : 2 ** (exponent - 15) * (1 + fraction / 1024))
      : 2 ** -14 * (fraction / 1024));
  }
  return out;
};

// Points [x, y, x, y, ...] that are in 16 bits of their box, x first.
lab.pointsOf = function (bytes, { low, size, count, at }) {
  const codes = new Uint16Array(bytes.slice(at[0], at[0] + at[1]).buffer), out = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    for (const d of [0, 1]) out[2 * i + d] = low[d] + codes[d * count + i] / 65535 * size[d];
  }
  return out;
};
