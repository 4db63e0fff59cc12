// SPDX-License-Identifier: Apache-2.0
// What several pages make of the server's answers.
import { toMs } from "./format.js";

/** GET /stats/series as bars for the time line. */
export function toBins(series) {
  return (series?.items || []).map((i) => {
    const bad = Object.values(i.by_class).reduce((a, b) => a + b, 0);
    return { t: toMs(i.time), counts: { Normal: Math.max(0, i.flows - bad), ...i.by_class } };
  });
}

/** "from" and "to" as the API takes them, from milliseconds. */
export const iso = (ms) => new Date(ms).toISOString();

/** Address and port, of which IPv6 needs brackets. */
export const endpoint = (address, port) => port === null || port === undefined ? address
  : address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

export const withName = (address, name) => name ? `${name} (${address})` : address;

/** Who attacked whom, in words. */
export function parties(a) {
  const from = a.source ? withName(a.source, a.source_name) : a.sources ? `${a.sources.toLocaleString("en")} sources` : "many sources";
  const to = a.destinations > 1 ? `${a.destinations.toLocaleString("en")} hosts`
    : a.destination ? withName(a.destination, a.destination_name) : "many hosts";
  return [from, to];
}

const TECHNIQUES = { T1498: "Network Denial of Service", T1046: "Network Service Discovery", TA0001: "Initial Access", TA0004: "Privilege Escalation", TA0011: "Command and Control" };

/** "T1046 Network Service Discovery", for ATT&CK's numbers. */
export const technique = (id) => TECHNIQUES[id] ? `${id} ${TECHNIQUES[id]}` : id;

export const RANKS = ["critical", "high", "medium", "low"];

/** Let the browser save a text as a file. */
export function download(name, text, type = "application/json") {
  const link = Object.assign(document.createElement("a"), { download: name,
    href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
