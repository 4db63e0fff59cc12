// SPDX-License-Identifier: Apache-2.0
// A server to test against, a browser to look at it with, and TAP.
import { chromium } from "playwright-core";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";

/** A port that nobody listens on now. */
async function freePort() {
  const s = createServer().listen(0, "127.0.0.1");
  await once(s, "listening");
  const { port } = s.address();
  s.close();
  await once(s, "close");
  return port;
}

/** The program itself, serving; it can be stopped and started again on the same port. */
export class Server {
  constructor(program, options, env = {}) {
    Object.assign(this, { program, options, env, errors: "" });
  }
  async start() {
    this.port ??= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    this.child = spawn(this.program, ["serve", "--listen", `127.0.0.1:${this.port}`, ...this.options],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.env } });
    this.child.stderr.on("data", (d) => { this.errors += d; });
    this.said = "";
    this.child.stdout.on("data", (d) => { this.said += d; });
    for (let i = 0; i < 300; i++) {
      if (this.child.exitCode !== null) throw new Error(`the server ended: ${this.errors}`);
      try {
        if ((await fetch(`${this.url}/healthz`)).ok) return this;
      } catch { /* not yet */ }
      await sleep(100);
    }
    throw new Error(`the server does not answer: ${this.errors}`);
  }
  async stop() {
    if (!this.child || this.child.exitCode !== null) return;
    const end = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 15000);
    await end;
    clearTimeout(timer);
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function expect(condition, what) {
  if (!condition) throw new Error(typeof what === "string" ? what : JSON.stringify(what));
}

/** Try until it is true; says what it was at the end. */
export async function eventually(what, look, ms = 15000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try { last = await look(); } catch (error) { last = error.message.split("\n")[0]; }
    if (last === true) return;
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(last)}`);
    await sleep(100);
  }
}

/** A browser whose pages tell of everything that they should not do. */
export async function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
}

export async function openPage(browser, base, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: "Europe/Berlin",
    locale: "en-GB", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.faults = [];
  page.expected = [];
  page.on("pageerror", (e) => page.faults.push(`exception: ${e.message}`));
  page.on("console", (m) => {
    const text = m.text();
    if (/Content Security Policy|Refused to/.test(text) || (m.type() === "error" && !/Failed to load resource|net::ERR/.test(text)))
      page.faults.push(`console: ${text}`);
  });
  page.on("request", (r) => {
    if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) page.faults.push(`asked ${r.url()}`);
  });
  return page;
}

/** Go to a page of the pages, and wait until nothing is loading. */
export async function visit(page, base, where) {
  await page.goto(`${base}/#/${where}`);
  await settle(page);
}
export async function settle(page) {
  await page.waitForSelector("main h1, main .state");
  await page.waitForFunction(() => !document.querySelector("main .skeleton"), undefined, { timeout: 20000 });
}

export class Tap {
  constructor(only) { Object.assign(this, { n: 0, failed: 0, only }); }
  async test(name, work) {
    if (this.only.length && !this.only.some((o) => name.includes(o))) return;
    const began = Date.now();
    this.n++;
    try {
      const skip = await work();
      console.log(`ok ${this.n} - ${name}${typeof skip === "string" ? ` # SKIP ${skip}` : ` # ${((Date.now() - began) / 1000).toFixed(1)} s`}`);
    } catch (error) {
      this.failed++;
      console.log(`not ok ${this.n} - ${name}\n# ${String(error.stack || error).split("\n").slice(0, 12).join("\n# ")}`);
    }
  }
  end() { console.log(`1..${this.n}`); }
}
