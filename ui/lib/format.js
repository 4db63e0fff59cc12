// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them.  Times are shown in one zone, chosen in the
// settings and named wherever times stand.

const GROUPED = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const NONE = "–";
const missing = (v) => v === null || v === undefined || Number.isNaN(v);

/** 21258 -> "21,258". */
export const count = (v) => missing(v) ? NONE : GROUPED.format(v);

/** 2976618 -> "3M": for axes and tiles; give count() as the title. */
export const short = (v) => missing(v) ? NONE : Math.abs(v) < 1e5 ? GROUPED.format(v) : SHORT.format(v);

/** A number of any size, with as many digits as are worth reading. */
export function number(v) {
  if (missing(v)) return NONE;
  if (typeof v !== "number") return String(v);
  if (Number.isInteger(v)) return GROUPED.format(v);
  const size = Math.abs(v);
  if (size >= 1e6 || size < 1e-4) return v.toExponential(2);
  return v.toLocaleString("en", { maximumSignificantDigits: size < 1 ? 3 : 5 });
}

/** A figure between 0 and 1 with four digits, as papers print it. */
export const figure = (v, digits = 3) => missing(v) ? NONE : v.toFixed(digits);

/** .0213 -> "2.1 %". */
export function percent(v) {
  if (missing(v)) return NONE;
  const p = 100 * v;
  const digits = p === 0 || p === 100 || Math.abs(p) >= 99.95 && Math.abs(p) < 100 ? 2
    : Math.abs(p) < 1 ? 2 : 1;
  return `${p === 0 ? "0" : p === 100 ? "100" : p.toFixed(digits)} %`;
}

/** 1030000000 -> "1.03 GB". */
export function bytes(v) {
  if (missing(v)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let i = 0;
  while (v >= 999.5 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  return `${i === 0 || v >= 100 ? Math.round(v) : v.toPrecision(3)} ${units[i]}`;
}

/** Seconds -> "1 h 02 min", "3.2 s", "410 µs". */
export function duration(s) {
  if (missing(s)) return NONE;
  if (s < 0) return `−${duration(-s)}`;
  if (s === 0) return "0 s";
  if (s < 1e-3) return `${Math.round(s * 1e6)} µs`;
  if (s < 1) return `${(s * 1e3).toPrecision(3).replace(/\.?0+$/, "")} ms`;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  const two = (x) => String(Math.floor(x)).padStart(2, "0");
  // "5 min", not "5 min 00 s".
  const both = (a, b, big, small) => Math.floor(b) ? `${Math.floor(a)} ${big} ${two(b)} ${small}` : `${Math.floor(a)} ${big}`;
  if (s < 3600) return both(s / 60, s % 60, "min", "s");
  if (s < 86400) return both(s / 3600, s % 3600 / 60, "h", "min");
  return both(s / 86400, s % 86400 / 3600, "d", "h");
}

/** 720000 -> "720 kbit/s". */
export const bitRate = (v) => missing(v) ? NONE : `${bytes(v).replace(/B$/, "bit")}/s`;

export const perSecond = (v, unit) => missing(v) ? NONE : `${short(v)} ${unit}/s`;

// ------------------------------------------------------------------------------- times

/** "local" or "UTC". */
export const zoneChoice = () => localStorage.getItem("lapwing.zone") || "local";
export const zone = () => zoneChoice() === "UTC" ? "UTC"
  : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The zone as it stands beside times: "Europe/Berlin (UTC+01:00)". */
export function zoneWords(ms = Date.now()) {
  const name = zone();
  if (name === "UTC") return "UTC";
  const offset = new Intl.DateTimeFormat("en", { timeZone: name, timeZoneName: "longOffset" })
    .formatToParts(ms).find((p) => p.type === "timeZoneName").value.replace("GMT", "UTC");
  return name === offset ? name : `${name} (${offset})`;
}

/** How far the zone that is shown is ahead of UTC then, in ms. */
export function offset(ms) {
  const [, sign, h, min] = zoneWords(ms).match(/([+-])(\d\d):(\d\d)/) || [];
  return sign ? (sign === "-" ? -1 : 1) * (Number(h) * 60 + Number(min)) * 6e4 : 0;
}

const made = new Map();
function formatter(key, options) {
  const id = key + zone();
  if (!made.has(id))
    made.set(id, new Intl.DateTimeFormat("sv-SE", { timeZone: zone(), ...options }));
  return made.get(id);
}
const DAY = { year: "numeric", month: "2-digit", day: "2-digit" };
const HOURS = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** Whatever the server says of time: seconds of the epoch, or text as in RFC 3339. */
export function toMs(t) {
  if (missing(t)) return NaN;
  if (typeof t === "number") return t > 1e17 ? t / 1e6 : t > 1e14 ? t / 1e3 : t > 1e11 ? t : t * 1e3;
  return Date.parse(t);
}

/** "2026-11-23 10:49:04", with `digits` of the second's parts. */
export function time(t, digits = 0) {
  const ms = toMs(t);
  if (Number.isNaN(ms)) return NONE;
  const text = formatter("full", { ...DAY, ...HOURS }).format(ms);
  return digits ? `${text}.${fraction(ms, digits)}` : text;
}

/** "10:49:04". */
export function clock(t, digits = 0) {
  const ms = toMs(t);
  if (Number.isNaN(ms)) return NONE;
  const text = formatter("clock", HOURS).format(ms);
  return digits ? `${text}.${fraction(ms, digits)}` : text;
}

export const day = (t) => Number.isNaN(toMs(t)) ? NONE : formatter("day", DAY).format(toMs(t));

const fraction = (ms, digits) =>
  String(Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1e3)).padStart(6, "0").slice(0, digits);

/** "3 min ago". */
export function ago(t, now = Date.now()) {
  const s = (now - toMs(t)) / 1000;
  if (Number.isNaN(s)) return NONE;
  if (s < 45) return "just now";
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]])
    if (s >= size * .75) return `${Math.round(s / size)} ${unit} ago`;
  return "just now";
}

/** An axis label that says no more than the span needs. */
export function tick(ms, span) {
  if (span > 300 * 864e5) return day(ms).slice(0, 7);
  if (span > 3 * 864e5) return day(ms).slice(5);
  if (span > 12 * 36e5) return `${day(ms).slice(5)} ${clock(ms).slice(0, 5)}`;
  return span > 2e6 ? clock(ms).slice(0, 5) : clock(ms);
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
