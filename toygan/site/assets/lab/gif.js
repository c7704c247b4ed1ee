// A GIF of pictures that all have one palette: for films that go anywhere. (GIF89a; LZW by Welch, 1984.)
"use strict";
lab.Gif = class {
  // `colours` [[r, g, b], ...] that must be exact; the palette is filled up with an even cube.
  constructor(side, colours, delay) {
    Object.assign(this, { side, delay, bytes: [], near: new Map(), frames: 0 });
    const cube = [0, 51, 102, 153, 204, 255].flatMap((r) => [0, 64, 128, 191, 255].flatMap((g) => [0, 85, 170, 255].map((b) => [r, g, b])));
    this.palette = [...colours, ...cube].slice(0, 256);
    while (this.palette.length < 256) this.palette.push([0, 0, 0]);
    const size = [side & 255, side >> 8];
    this.put(...[..."GIF89a"].map((letter) => letter.charCodeAt(0)), ...size, ...size, 0xf7, 0, 0, ...this.palette.flat());
    this.put(0x21, 0xff, 11, ...[..."NETSCAPE2.0"].map((letter) => letter.charCodeAt(0)), 3, 1, 0, 0, 0); // again and again
  }

  put(...bytes) { for (const byte of bytes) this.bytes.push(byte); }

  nearest(r, g, b) {
    const key = (r >> 2 << 12) | (g >> 2 << 6) | (b >> 2);
    if (!this.near.has(key)) {
      let best = 0, least = Infinity;
      this.palette.forEach(([x, y, z], i) => { const far = (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2; if (far < least) { least = far; best = i; } });
      this.near.set(key, best);
    }
    return this.near.get(key);
  }

  // One more picture: `pixels` r, g, b, a of side x side.
  add(pixels) {
    const size = [this.side & 255, this.side >> 8], indices = new Uint8Array(this.side * this.side);
    for (let i = 0; i < indices.length; i++) indices[i] = this.nearest(pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]);
    this.put(0x21, 0xf9, 4, 0, this.delay & 255, this.delay >> 8, 0, 0, 0x2c, 0, 0, 0, 0, ...size, ...size, 0, 8);
    const packed = this.packed(indices);
    for (let i = 0; i < packed.length; i += 255) this.put(Math.min(255, packed.length - i), ...packed.slice(i, i + 255));
    this.put(0);
    this.frames++;
  }

  packed(indices) {
    const CLEAR = 256, END = 257, out = [];
    let table = new Map(), next = 258, bits = 9, held = 0, count = 0, now = indices[0];
    const write = (code) => { held |= code << count; for (count += bits; count >= 8; count -= 8) { out.push(held & 255); held >>>= 8; } };
    write(CLEAR);
    for (let i = 1; i < indices.length; i++) {
      const key = (now << 8) | indices[i], known = table.get(key);
      if (known !== undefined) { now = known; continue; }
      write(now);
      if (next < 4096) {
        table.set(key, next++);
        if (next > 1 << bits && bits < 12) bits++;
      } else { write(CLEAR); table = new Map(); next = 258; bits = 9; }
      now = indices[i];
    }
    write(now);
    write(END);
    if (count) out.push(held & 255);
    return out;
  }

  blob() { return new Blob([Uint8Array.from([...this.bytes, 0x3b])], { type: "image/gif" }); }
};
