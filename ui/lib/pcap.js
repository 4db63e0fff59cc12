// SPDX-License-Identifier: Apache-2.0
// Times, lengths and directions of the packets in a small capture: what the server cuts
// out for one flow.  Every read is within the bytes or ends the list.

const VLANS = new Set([0x8100, 0x88a8, 0x9100]);

/** An address as bytes: "10.0.0.9", "fe80::1". */
function toBytes(text) {
  if (!text.includes(":")) return text.split(".").map(Number);
  const [head, tail] = text.split("::");
  const words = (part) => part ? part.split(":").map((w) => parseInt(w, 16)) : [];
  const a = words(head), b = words(tail);
  const all = tail === undefined ? a : [...a, ...Array(Math.max(0, 8 - a.length - b.length)).fill(0), ...b];
  return all.flatMap((w) => [w >> 8, w & 255]);
}

/** Where IP begins in a frame, or -1. */
function ipAt(view, at, end, link) {
  const word = (i) => i + 2 <= end ? view.getUint16(i) : -1;
  if (link === 101 || link === 12 || link === 228 || link === 229) return at;
  if (link === 113) return at + 16;
  if (link === 276) return at + 20;
  if (link === 0) return at + 4;
  if (link !== 1) return -1;
  let i = at + 12;
  while (VLANS.has(word(i))) i += 4;
  return word(i) === 0x0800 || word(i) === 0x86dd ? i + 2 : -1;
}

function isFrom(view, at, end, source) {
  if (at < 0 || at + 1 > end) return null;
  const offset = { 4: 12, 6: 8 }[view.getUint8(at) >> 4];
  if (!offset || at + offset + source.length > end) return null;
  return source.every((b, i) => view.getUint8(at + offset + i) === b);
}

/** The first `most` packets: [{offset (s), bytes, from_source}]; `source` is an address. */
export function readPackets(buffer, source, most = 400) {
  const view = new DataView(buffer);
  if (view.byteLength < 24) return [];
  const magic = view.getUint32(0, true);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  const first = little ? magic : view.getUint32(0);
  if (first !== 0xa1b2c3d4 && first !== 0xa1b23c4d) return [];
  const unit = first === 0xa1b23c4d ? 1e9 : 1e6;
  const link = view.getUint32(20, little) & 0xffff, from = toBytes(source), packets = [];
  let began = null;
  for (let at = 24; at + 16 <= view.byteLength && packets.length < most;) {
    const s = view.getUint32(at, little), part = view.getUint32(at + 4, little) / unit;
    const kept = view.getUint32(at + 8, little), bytes = view.getUint32(at + 12, little);
    const end = Math.min(view.byteLength, at + 16 + kept);
    began ??= [s, part];
    packets.push({ offset: s - began[0] + (part - began[1]), bytes, from_source: isFrom(view, ipAt(view, at + 16, end, link), end, from) ?? true });
    at += 16 + kept;
  }
  return packets;
}
