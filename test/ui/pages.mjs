// SPDX-License-Identifier: Apache-2.0
// pages.mjs LAPWING SOURCE_ROOT SCREENSHOTS [NAME...]: see run.
//
// One server and one browser for all; the tests follow each other as a first day with the
// program would: an empty system, the bundled example, what it found, and what goes wrong.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, Tap, eventually, expect, openBrowser, openPage, settle, sleep, visit } from "./support.mjs";

const [program, root, shots, ...only] = process.argv.slice(2);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "lapwing-ui-"));
const tap = new Tap(only);
const remote = process.env.LAPWING_UI_URL; // a server that runs already, for working on the pages
const server = new Server(program, ["--models", join(root, "models"), "--state", join(folder, "state")]);
if (remote) server.url = remote;
else await server.start();
const browser = await openBrowser();
const base = server.url;
const page = await openPage(browser, base);
const SIZES = [[1440, 900, "light"], [360, 780, "dark"]];
const MARKUP = "<img src=x onerror=window.hacked=1><b>bold";

const api = async (method, path, body) => {
  const r = await fetch(`${base}/api/v1/${path}`, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
  const text = await r.text();
  expect(r.ok, `${method} ${path}: ${r.status} ${text.slice(0, 200)}`);
  return text ? JSON.parse(text) : null;
};
const text = (selector) => page.textContent(selector);
const noFaults = () => { const f = page.faults.splice(0); expect(!f.length, `the page did what it should not: ${f.join("; ")}`); };
/** Choose files as the button would. */
const choose = (...files) => page.setInputFiles("main .drop input[type=file]", files);

// ------------------------------------------------------------------------- the sources

await tap.test("every file of ui/ is in the program, and none makes markup of text", async () => {
  const listed = readFileSync(join(root, "ui/meson.build"), "utf8");
  const files = readdirSync(join(root, "ui"), { recursive: true }).map(String).filter((f) => /\.(js|css|html|svg)$/.test(f))
    .filter((f) => !/^(map\.html|report)/.test(f)); // pages that other commands write
  for (const f of files) {
    expect(listed.includes(`'${f}'`), `${f} is missing from ui/meson.build`);
    if (!f.endsWith(".js") || f.startsWith("vendor")) continue;
    const bad = readFileSync(join(root, "ui", f), "utf8").match(/innerHTML ?=|outerHTML|dangerouslySet|insertAdjacentHTML|document\.write|\beval\(|new Function/);
    expect(!bad, `${f}: ${bad}`);
  }
});

// ------------------------------------------------------------------- an empty system

await tap.test("the first page is light and asks nobody else", async () => {
  const fresh = await openPage(browser, base);
  const cdp = await fresh.context().newCDPSession(fresh);
  await cdp.send("Network.enable");
  let packed = 0, requests = 0;
  cdp.on("Network.loadingFinished", (e) => { packed += e.encodedDataLength; requests++; });
  await fresh.goto(base);
  await settle(fresh);
  const paint = await fresh.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log(`# ${requests} requests, ${Math.round(packed / 1000)} kB as sent, first paint after ${Math.round(paint)} ms`);
  expect(packed > 10000 && packed < 500000, `${packed} bytes`);
  expect(!fresh.faults.length, fresh.faults.join("; "));
  await fresh.context().close();
});

await tap.test("one click from an empty system to the example's verdicts", async () => {
  await page.goto(base);
  await page.click("text=Analyse the bundled example");
  await page.waitForSelector(".jobs .job");
  await eventually("the example is analysed", async () => (await page.locator("table a.name", { hasText: "office.pcap.zst" }).count()) > 0 || "not yet", 60000);
  await page.waitForSelector("table .verdict-bar i");
  await visit(page, base, "overview");
  await eventually("flows on the overview", async () => /[1-9],\d{3}/.test(await text(".tiles")) || await text(".tiles"));
  expect(await page.locator("svg.timeline rect").count() > 50, "a time line");
  noFaults();
});

await tap.test("a damaged file is refused in words", async () => {
  await visit(page, base, "captures");
  await choose({ name: "damaged.pcap", mimeType: "application/octet-stream", buffer: Buffer.from("\0\x01\x02\x03 this is no capture".repeat(50)) });
  await eventually("its failure is told", async () => (await page.locator("tr", { hasText: "damaged.pcap" }).locator(".tag.bad").count()) === 1 || await text("main"), 30000);
  const row = await page.locator("tr", { hasText: "damaged.pcap" }).textContent();
  expect(/capture|pcap|format|bytes/i.test(row.replace("damaged.pcap", "")), row);
  noFaults();
});

await tap.test("markup in a file's name stays text", async () => {
  await choose({ name: `${MARKUP}.pcap`.replaceAll("/", ""), mimeType: "application/octet-stream", buffer: Buffer.from("nothing of a capture") });
  await eventually("the name is there", async () => (await text("main")).includes("<img src=x onerror=window.hacked=1>") || "not yet");
  expect(await page.locator("main img, main td b >> text=bold").count() === 0, "an element was made of it");
  expect(await page.evaluate(() => window.hacked) === undefined, "it ran");
  await eventually("it failed", async () => (await page.locator(".tag.bad").count()) >= 2 || "not yet", 30000);
  noFaults();
});

await tap.test("an upload goes on where it stopped", async () => {
  const capture = readFileSync(join(root, "examples/office.pcap.zst"));
  let pieces = 0;
  await page.route("**/api/v1/uploads/*?offset=*", (route) => ++pieces === 1 ? route.abort("connectionreset") : route.continue());
  await choose({ name: "second.pcap.zst", mimeType: "application/octet-stream", buffer: capture });
  await eventually("it is there", async () => (await page.locator("table a.name", { hasText: "second.pcap.zst" }).count()) === 1 || "not yet", 60000);
  await page.unroute("**/api/v1/uploads/*?offset=*");
  expect(pieces >= 2, `${pieces} pieces`);
  const row = page.locator("tr", { hasText: "second.pcap.zst" });
  await row.getByRole("button", { name: "Delete" }).click();
  await row.getByRole("button", { name: "Delete" }).click();
  await eventually("it is gone", async () => (await row.count()) === 0 || "still there");
  noFaults();
});

// --------------------------------------------------------------------- what was found


if (!only.length && !(await api("GET", "captures")).items.some((c) => c.name === "office.pcap.zst" && c.state === "done")) {
  // Nothing that follows means anything without it.
  console.log("Bail out! the example was not analysed");
  await browser.close();
  await server.stop?.();
  process.exit(1);
}

const capture = (await api("GET", "captures")).items.find((c) => c.state === "done") || {};

await tap.test("flows: filters are in the address, and survive a reload", async () => {
  await visit(page, base, `capture/${capture.id}`);
  await page.waitForSelector(".vt-body .vt-row .badge");
  expect((await text(".vt-foot")).includes(capture.flows.toLocaleString("en")), await text(".vt-foot"));
  await page.selectOption(".vt-head select[aria-label=Class]", "DoS");
  await eventually("only floods", async () => (await page.locator(".vt-body .badge").allTextContents()).every((t) => t === "DoS") && (await page.locator(".vt-body .badge").count()) > 5 || "no");
  expect(page.url().includes("class=DoS"), page.url());
  await page.reload();
  await page.waitForSelector(".vt-body .vt-row .badge");
  expect(await page.inputValue(".vt-head select[aria-label=Class]") === "DoS", "forgotten");
  await page.fill(".vt-head input[aria-label='Source address or network']", "192.0.2.99");
  await page.waitForSelector("text=No flow fits these filters");
  await page.click("text=Clear all filters");
  await eventually("all flows again", async () => (await text(".vt-foot")).includes(capture.flows.toLocaleString("en")) || await text(".vt-foot"));
  noFaults();
});

await tap.test("flows: keys move and open", async () => {
  await page.focus(".vtable");
  for (const key of ["ArrowDown", "ArrowDown", "PageDown", "End"]) await page.keyboard.press(key);
  await eventually("it moved", async () => /row [1-9]\d+/.test(await text(".vt-foot")) || await text(".vt-foot"));
  await eventually("the row is there", async () => (await page.locator(".vt-row[aria-selected=true] .badge").count()) === 1 || "no");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/flow\/\d+/);
  await page.goBack();
  await settle(page);
  noFaults();
});

await tap.test("the time line is zoomed by drawing across it", async () => {
  await visit(page, base, `capture/${capture.id}`);
  // What is above the picture may still grow, and the picture move down, while it is drawn on.
  await eventually("a span in the address", async () => {
    const box = await page.locator("svg.timeline").boundingBox();
    await page.mouse.move(box.x + box.width * .3, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * .6, box.y + 60, { steps: 5 });
    await page.mouse.up();
    return /from=.*to=/.test(page.url()) || page.url();
  });
  await eventually("fewer flows", async () => { const n = Number((await text(".vt-foot")).replace(/,/g, "").match(/^(\d+) flow/)?.[1]); return n > 0 && n < capture.flows || n; });
  await page.click("text=Show all times");
  await eventually("no span", async () => !page.url().includes("from=") || page.url());
  noFaults();
});

await tap.test("conversations lead to their flows", async () => {
  await visit(page, base, `capture/${capture.id}?tab=conversations`);
  await page.waitForSelector("table.matrix td button");
  await page.locator("table.matrix td button").first().click();
  expect(/source=.*destination=/.test(page.url()), page.url());
  noFaults();
});

await tap.test("an alert is decided by keys, undone, and followed to its reason", async () => {
  await visit(page, base, "alerts");
  const selected = page.locator(".alert[aria-selected=true]");
  const id = Number((await selected.getAttribute("id")).replace("alert-", ""));
  await page.keyboard.press("j");
  await eventually("the next one", async () => (await selected.getAttribute("id")) !== `alert-${id}` || "no");
  await page.keyboard.press("k");
  await eventually("the one before", async () => (await selected.getAttribute("id")) === `alert-${id}` || "no");
  const now = () => api("GET", `alerts/${id}`);
  await page.keyboard.press("w");
  await eventually("wrong", async () => (await now()).label === "wrong" || await now());
  await page.keyboard.press("u");
  await eventually("undone", async () => (await now()).label === null || await now());
  await page.keyboard.press("r");
  await eventually("right", async () => (await now()).label === "right" || await now());
  await page.keyboard.press("e");
  await eventually("resolved", async () => (await now()).state === "resolved" || await now());
  await page.keyboard.press("u");
  await eventually("open again", async () => (await now()).state === "open" || await now());
  await page.keyboard.press("c");
  await page.fill("dialog textarea", MARKUP);
  await page.click("dialog button.main");
  await eventually("the comment is kept", async () => (await now()).comment === MARKUP || await now());
  await eventually("and shown as text", async () => (await text("main")).includes(MARKUP) || "no");
  expect(await page.locator("main img").count() === 0 && await page.evaluate(() => window.hacked) === undefined, "markup became an element");
  await page.waitForSelector(".waterfall .words");
  const words = (await page.locator(".waterfall .words").first().textContent()).trim();
  await page.click(".sticky .panel a[href^='#/flow/']");
  await page.waitForURL(/#\/flow\/\d+/);
  await settle(page);
  await page.waitForSelector(".waterfall .words");
  expect((await page.locator(".waterfall .words").allTextContents()).some((w) => w.trim() === words), `the flow's page gives another reason than ${words}`);
  noFaults();
});

await tap.test("alerts are found by a host that is one of many", async () => {
  const { source } = (await api("GET", "flows?class=DoS&alerted=true&limit=1")).items[0];
  await page.goto(`${base}/#/alerts?state=all`);
  await settle(page);
  await page.fill("input[aria-label^='Host']", source);
  await eventually("the flood", async () => (await page.locator(".alert .badge").allTextContents()).join() === "DoS" || await page.locator(".alert .badge").allTextContents());
  expect(page.url().includes(`host=${source}`), page.url());
  await page.click(`text=those of ${source}`);
  await page.waitForSelector(".vt-body .vt-row .badge");
  await visit(page, base, "alerts?state=all&host=192.0.2.77");
  await page.click("text=Alerts of all hosts");
  await eventually("all", async () => (await page.locator(".alert").count()) > 2 || "no");
  await page.fill("input[aria-label^='Host']", "10.0.0");
  await page.waitForSelector("text=expected an address or a network");
  await page.fill("input[aria-label^='Host']", "");
  await eventually("all again", async () => (await page.locator(".alert").count()) > 2 || "no");
  noFaults();
});

await tap.test("a flow's page: detectors, packets, download", async () => {
  await visit(page, base, `flow/${(await api("GET", "flows?alerted=true&class=Probe&sort=score&limit=1")).items[0].id}`);
  expect(await page.locator("text=What each detector says").count() > 0 && await page.locator(".meter b").count() > 0, "scores with thresholds");
  const [got] = await Promise.all([page.waitForEvent("download"), page.click("text=Save its packets")]);
  const bytes = readFileSync(await got.path());
  expect([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a].includes(bytes.readUInt32BE(0)), "that is no capture");
  noFaults();
});

await tap.test("a threshold is foreseen and changed", async () => {
  await visit(page, base, "settings");
  const box = page.locator(".threshold", { has: page.locator("h3", { hasText: "traffic" }) });
  await box.locator(".preview").waitFor();
  const said = await box.locator(".preview").textContent();
  await box.locator("input[type=number]").fill("0.97");
  await eventually("another preview", async () => (await box.locator(".preview").textContent()) !== said || said);
  await box.locator("button", { hasText: "Save" }).click();
  await eventually("it is kept", async () => Math.abs((await api("GET", "settings")).thresholds.traffic - .97) < 1e-4 || "no");
  await box.locator("button", { hasText: "own" }).click();
  await eventually("the model's own again", async () => (await api("GET", "settings")).thresholds.traffic === null || "no");
  noFaults();
});

await tap.test("try it: an example of each class, and what is wrong is said", async () => {
  await visit(page, base, "try");
  for (const [title, name] of [["Port sweep", "Probe"], ["Visit to a web page", "Normal"], ["SYN flood", "DoS"], ["Guessing a password", "R2L"], ["Buffer overflow", "U2R"]]) {
    await page.click(`main .chips button:has-text("${title}")`);
    await eventually(title, async () => (await text(".verdict-now")).trim() === name || await text(".verdict-now"));
  }
  await eventually("probabilities", async () => (await page.locator("ul.ranking li").count()) >= 5 || "none");
  await page.fill("input[name=duration]", "38");
  await eventually("the command follows", async () => (await text("#curl")).includes('"duration":38,') || "no");
  await page.check("text=All 41 features");
  await eventually("41 fields", async () => (await text("#curl")).includes("numroot") || "no");
  await page.fill("input[name=srcbytes]", "");
  await page.waitForSelector("main [role=alert]");
  expect(await page.locator("input[name=srcbytes].wrong").count() === 1, "the field is marked");
  noFaults();
});

await tap.test("a profile is made on request, a map opened from a file", async () => {
  await visit(page, base, `factors?capture=${capture.id}`);
  await page.click("text=Make it");
  await page.waitForSelector(".factor-list li", { timeout: 90000 });
  await visit(page, base, "map");
  await page.setInputFiles("main input[accept='.csv,.html']", { name: "map.csv", mimeType: "text/csv",
    buffer: Buffer.from("row,x,y,class,label\n1,0,0,Normal,normal\n2,1,1,DoS,<b>x\n3,0,1,Probe,p\n") });
  await page.waitForSelector("canvas.map");
  const box = await page.locator("canvas.map").first().boundingBox();
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  for (const [x, y] of [[.98, .01], [.98, .98], [.01, .98]]) await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 4 });
  await page.mouse.up();
  await page.waitForSelector("h2:has-text('chosen'), header:has-text('chosen')");
  noFaults();
});

await tap.test("reports and maps as they are handed out work under their policy", async () => {
  const strict = (policy) => expect(policy.includes("'sha256-") && !policy.includes("unsafe"), policy);
  const { id } = await api("POST", "jobs", { kind: "report", capture: capture.id });
  let job;
  await eventually("the report is made", async () => (job = await api("GET", `jobs/${id}`)).state === "done" || job.state, 60000);
  const answer = await page.goto(`${base}/api/v1/artefacts/${job.artefact}`);
  const policy = answer.headers()["content-security-policy"];
  expect(policy.startsWith("sandbox allow-scripts;"), policy);
  strict(policy);
  await page.waitForSelector("h2");
  expect((await page.evaluate(() => getComputedStyle(document.body).fontFamily)).includes("system-ui"), "no style");
  expect(await page.evaluate(() => window.origin) === "null", "of our origin");
  await page.screenshot({ path: join(shots, "report-handed-out.png") });
  noFaults();
  // A map is made by the command; the server hands out the same page.
  const table = join(folder, "table.csv"), map = join(folder, "map.html");
  writeFileSync(table, `a,b,class\n${Array.from({ length: 120 }, (_, i) => `${i % 9},${(i * 7) % 11},${i % 2 ? "x" : "y"}`).join("\n")}\n`);
  execFileSync(program, ["embed", "--quiet", "--data", table, "--label", "class", "-w", map]);
  strict(readFileSync(map, "utf8").match(/Content-Security-Policy" content="([^"]*)"/)[1]);
  const view = await openPage(browser, `file://${map}`);
  await view.goto(`file://${map}`);
  await view.waitForSelector("canvas");
  expect((await view.evaluate(() => document.title)).length > 0, "its script does not run");
  expect(!view.faults.length, view.faults.join("; "));
  await view.context().close();
});

await tap.test("a capture is played again", async () => {
  await visit(page, base, `live?capture=${capture.id}&speed=100`);
  await eventually("flows come", async () => (await page.locator(".feed li").count()) > 20 || "none");
  noFaults();
});

await tap.test("an interface: flows as they come, stopping asks once more", async () => {
  // What the server really sees of an interface is for test/serve/test_live.
  const view = await openPage(browser, base);
  const second = (i, more = {}) => ({ time: new Date(Date.now() - 1000 * (60 - i)).toISOString(), packets: 100 + i * 7 % 50, bytes: 90000, drops: 0, flows: 3, alerts: 1, delay: 10.5, delay_max: 12, ...more });
  const one = { interface: "eth0", state: "running", error: null, since: second(0).time, retry: null, recording: { since: second(0).time, bytes: 123456 }, capture: null,
    total: { packets: 9000, bytes: 9e6, drops: 12, flows: 40, alerts: 7, active_flows: 21, by_class: { Normal: 33, Probe: 7 } } };
  const history = Array.from({ length: 60 }, (_, i) => second(i));
  const items = [{ ...one, history }, { ...one, interface: "eth9", state: "failed", error: "eth9: no such interface", retry: second(70).time, history: [] }];
  const flow = (await api("GET", "flows?limit=1&class=Probe")).items[0];
  const flows = [{ ...flow, id: 0, capture: 0, alert: null, words: MARKUP, destination_name: MARKUP }, { ...flow, id: 0, class: "Normal", words: null }];
  let asked = [];
  await view.route("**/api/v1/live", (r) => r.fulfill({ json: { every: 300, items } }));
  await view.route("**/api/v1/live/*/*", (r) => { asked.push(new URL(r.request().url()).pathname); items[0].state = "stopped"; return r.fulfill({ status: 204 }); });
  await view.route("**/api/v1/events?topics=live", (r) => r.fulfill({ contentType: "text/event-stream", body: `event: live\ndata: ${JSON.stringify({ ...one, second: second(61), flows })}\n\n` }));
  await visit(view, base, "live");
  await eventually("flows", async () => (await view.locator(".live-feed li").count()) >= 2 || "none");
  expect((await view.textContent(".live-feed")).includes(MARKUP) && await view.locator("main img").count() === 0, "markup became an element");
  expect((await view.textContent(".tiles")).includes("10 s") || (await view.textContent(".tiles")).includes("11 s"), await view.textContent(".tiles"));
  await view.screenshot({ path: join(shots, "interface-1440.png"), fullPage: true });
  await accessible(view);
  await view.check(".panel:has(.live-feed) input[type=checkbox]");
  expect((await view.locator(".live-feed .badge").allTextContents()).every((t) => t === "Probe"), "others than alerts");
  await view.click("button:has-text('eth9')");
  await view.waitForSelector("text=no such interface");
  await view.click("button:has-text('eth0')");
  await view.click("button:has-text('Stop')");
  expect(!asked.length, "it did not ask");
  await view.click("button:has-text('Stop watching?')");
  await view.waitForSelector("button:has-text('Watch eth0')");
  expect(asked.join() === "/api/v1/live/eth0/stop", asked);
  await view.setViewportSize({ width: 360, height: 780 });
  expect(await view.evaluate(() => document.documentElement.scrollWidth - innerWidth) <= 0, "wider than the window");
  const faults = view.faults.splice(0);
  expect(!faults.length, faults.join("; "));
  await view.context().close();
});

await tap.test("a million flows are a hundred rows", async () => {
  const N = 1000000, one = (await api("GET", "flows?limit=1")).items[0];
  await page.route("**/api/v1/flows?*", (route) => {
    const q = new URL(route.request().url()).searchParams, at = Number(q.get("cursor") || 0), n = Number(q.get("limit"));
    const count = q.get("class") ? N / 10 : N;
    route.fulfill({ json: { items: Array.from({ length: Math.min(n, count - at) }, (_, i) => ({ ...one, id: at + i + 1, source_port: (at + i) % 65536 })), next: at + n < count ? String(at + n) : null } });
  });
  await visit(page, base, "capture");
  for (let i = 0; i < 12; i++) {
    await page.evaluate(() => { const t = document.querySelector(".vtable"); t.scrollTop = t.scrollHeight; });
    await sleep(60);
  }
  await eventually("rows beyond 3,000", async () => Number((await text(".vt-body .vt-row:last-child .vt-cell:nth-child(4)")).split(":").at(-1)) > 3000 || "no");
  expect(await page.locator(".vt-body .vt-row").count() < 120, `${await page.locator(".vt-body .vt-row").count()} rows exist`);
  await page.selectOption(".vt-head select[aria-label=Class]", "Probe");
  await eventually("filtered from the top", async () => (await page.evaluate(() => document.querySelector(".vtable").scrollTop)) === 0 || "no");
  await page.unroute("**/api/v1/flows?*");
  noFaults();
});

// ----------------------------------------------------------------------- what goes wrong

await tap.test("the server is lost and comes back", async () => {
  if (remote) return "the server is not ours";
  await visit(page, base, "overview");
  const before = await text(".tiles");
  await server.stop();
  await page.click("nav >> text=Alerts");
  await page.waitForSelector(".lost");
  await page.click("nav >> text=Overview");
  await server.start();
  await page.waitForSelector(".lost", { state: "detached", timeout: 20000 });
  await eventually("all is there again", async () => (await text(".tiles").catch(() => "")) === before || await text("main"));
  noFaults();
});

await tap.test("the first administrator, logging out and in", async () => {
  if (remote) return "the server is not ours";
  const guarded = await new Server(program, ["--auth", "--models", join(root, "models"), "--state", join(folder, "guarded")]).start();
  const fresh = await openPage(browser, guarded.url);
  const enter = async (values) => {
    for (const [name, value] of Object.entries(values)) await fresh.fill(`input[name=${name}]`, value);
    await fresh.click("main button.main");
  };
  const cookie = async () => (await fresh.context().cookies()).find((c) => c.name === "lapwing_session");
  const faults = () => { const f = fresh.faults.splice(0); expect(!f.length, f.join("; ")); };
  const shot = (name) => fresh.screenshot({ path: join(shots, `${name}-1440.png`) });
  const ann = { name: "ann", password: "correct horse" };
  try {
    await fresh.goto(`${guarded.url}/#/settings`);
    await fresh.waitForSelector("h1:has-text('first administrator')");
    await accessible(fresh);
    await shot("first");
    await enter({ token: "lw_guess", ...ann, again: "correct horsf" });
    await fresh.waitForSelector("#login-error:has-text('not the same')");
    await enter({ again: ann.password });
    await fresh.waitForSelector("#login-error:has-text('printed')");
    // Once in, the page asks who is there, which changes the secret.
    const secretOf = async (r) => /=([0-9a-f]{64});/.exec((await r.allHeaders())["set-cookie"] ?? "")?.[1];
    const given = fresh.waitForResponse((r) => r.url().endsWith("/api/v1/administrator") && r.status() === 201);
    const changed = fresh.waitForResponse(async (r) => r.url().endsWith("/api/v1/session") && Boolean(await secretOf(r)));
    await enter({ token: guarded.said.match(/lw_[0-9a-f]{64}/)[0] });
    const [before, after] = [await secretOf(await given), await secretOf(await changed)];
    expect(before && after && before !== after, "the secret stayed the same");
    await fresh.waitForSelector("h1:has-text('Settings')");
    await eventually("the name is shown", async () => (await fresh.textContent(".side-foot")).includes("ann") || "no");
    const first = await cookie();
    expect(first.httpOnly && first.sameSite === "Strict" && first.value.length === 64, first);
    // What changes something needs more than the cookie.
    const bare = await fresh.evaluate(() => fetch("/api/v1/tokens", { method: "POST", body: '{"name":"x","scope":"read"}' }).then((r) => r.status));
    expect(bare === 403, bare);
    // Somebody else, who then may more, and then nothing.
    await fresh.fill("input[aria-label='Name of the person']", "bob");
    await fresh.fill("input[aria-label='Password of the person']", "battery staple");
    await fresh.click("button:has-text('Add a person')");
    const bob = fresh.locator("tr:has(td:has-text('bob')):has(select)");
    await fresh.selectOption("select[aria-label='What bob may']", "admin");
    await eventually("bob is an administrator", async () => (await (await fetch(`${guarded.url}/api/v1/users`, { headers: { Cookie: `lapwing_session=${(await cookie()).value}` } })).json()).items.some((u) => u.name === "bob" && u.scope === "admin") || "no");
    await bob.locator("button:has-text('Password…')").click();
    await fresh.fill("dialog input", "another staple");
    await accessible(fresh);
    await shot("people");
    await fresh.click("dialog button:has-text('Save')");
    await bob.locator("button:has-text('Lock out')").click();
    await fresh.waitForSelector("td:has-text('no more')");
    await bob.locator("button:has-text('Remove')").click();
    await bob.locator("button:has-text('Remove?')").click();
    await eventually("bob is gone", async () => await bob.count() === 0 || "no");
    await fresh.fill("input[aria-label='Name of the token']", "dashboard");
    await fresh.click("button:has-text('Make a token')");
    const token = (await fresh.textContent("code.name")).trim();
    await fresh.reload();
    await fresh.waitForSelector("td:has-text('dashboard')");
    await shot("settings-ann");
    const second = await cookie();
    await fresh.click("text=Log out");
    await fresh.waitForSelector("h1:has-text('Log in')");
    expect(!(await cookie()), "the cookie is still there");
    expect((await fetch(`${guarded.url}/api/v1/captures`, { headers: { Cookie: `lapwing_session=${second.value}` } })).status === 401, "the session goes on");
    await accessible(fresh);
    await enter({ ...ann, password: "wrong horse" });
    await fresh.waitForSelector("#login-error");
    await shot("login");
    await enter(ann);
    await fresh.waitForSelector("h1:has-text('Settings')");
    await fresh.waitForSelector("td:has-text('401')"); // the audit log
    await fresh.click("text=Log out");
    await fresh.click("button:has-text('With a token')");
    await enter({ token });
    await fresh.waitForSelector("h1:has-text('Settings')");
    await eventually("what it may is shown", async () => (await fresh.textContent(".side-foot")).includes("dashboard (read)") || "no");
    expect(await fresh.locator("h2:has-text('Audit log')").count() === 0, "a reader sees the audit log");
    faults();
    // The session ended elsewhere: the page asks again, and goes on where it was.
    await fresh.context().clearCookies();
    await fresh.click("nav >> text=Captures");
    await fresh.waitForSelector("h1:has-text('Log in')");
    await enter(ann);
    await fresh.waitForSelector("h1:has-text('Captures')");
    faults();
  } finally {
    await fresh.context().close();
    await guarded.stop();
  }
});

await tap.test("appearance is chosen and kept", async () => {
  await visit(page, base, "settings");
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.click("button:has-text('Dark')");
  expect(await paper() !== light, "dark is not dark");
  await page.reload();
  await settle(page);
  expect(await page.getAttribute("html", "data-theme") === "dark", "forgotten");
  await page.click("button:has-text('High contrast')");
  expect(await page.evaluate(() => getComputedStyle(document.body).color) === "rgb(0, 0, 0)", "not black on white");
  await page.selectOption("select:has(option[value=UTC])", "UTC");
  await eventually("the zone is said", async () => (await text(".side-foot")).includes("UTC") || "no");
  await page.evaluate(() => localStorage.clear());
  noFaults();
});

// ------------------------------------------------------- every page, at two sizes, for all

/** axe finds nothing serious. */
async function accessible(view) {
  await view.evaluate(`${axeSource}; 0`);
  const found = await view.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id} at ${v.nodes.slice(0, 3).map((n) => `${n.target} (${n.failureSummary.split("\n")[1]?.trim()})`).join(", ")}`));
  expect(!found.length, found.join("; "));
}

const flow = (await api("GET", "flows?alerted=true&class=Probe&sort=score&limit=1")).items[0]?.id;
const model = (await api("GET", "models")).items[0]?.id;
const PAGES = [["overview", "overview"], ["captures", "captures"], ["flows", `capture/${capture.id}`], ["conversations", `capture/${capture.id}?tab=conversations`],
  ["flow", `flow/${flow}`], ["alerts", "alerts"], ["live", `live?capture=${capture.id}&speed=100`], ["factors", `factors?capture=${capture.id}`], ["map", `map?capture=${capture.id}`],
  ["models", "models"], ["model", `models/${model}`], ["evaluation", "models?tab=evaluation"], ["try", "try"], ["settings", "settings"], ["nowhere", "capture/999999"]];
await tap.test("dialogs: axe finds nothing serious, Escape closes", async () => {
  for (const [where, button, wait] of [["alerts", "Thresholds…", ".threshold"], ["alerts", "Not again…", "dialog input"],
    [`capture/${capture.id}`, "Export…", "dialog pre"]]) {
    await visit(page, base, where);
    await page.locator(`main button:has-text("${button}")`).first().click();
    await page.waitForSelector(wait);
    await accessible(page);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  }
  noFaults();
});

for (const [width, height, colorScheme] of SIZES) {
  const view = await openPage(browser, base, { viewport: { width, height }, colorScheme });
  for (const [name, where] of PAGES)
    await tap.test(`${name} at ${width} pixels, ${colorScheme}: nothing sticks out, and axe finds nothing serious`, async () => {
      await visit(view, base, where);
      await sleep(name === "live" ? 1500 : 500);
      await view.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true });
      const over = await view.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over <= 0, `${over} pixels wider than the window`);
      // In the dark and on a telephone the parts are the same: those pages that have most of them.
      if (width > 1000 || ["overview", "flow", "alerts", "try"].includes(name)) await accessible(view);
      const faults = view.faults.splice(0);
      expect(!faults.length, faults.join("; "));
    });
  await view.context().close();
}

tap.end();
await browser.close();
if (!remote) await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(tap.failed ? 1 : 0);
