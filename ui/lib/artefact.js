// SPDX-License-Identifier: Apache-2.0
// What a job makes of a capture (a profile, a map): found, or made on request; or a file
// that the command printed, brought along and read here.
import { html, useEffect, useState } from "./html.js";
import { api, get, send, useEvent, useQuery } from "./api.js";
import * as f from "./format.js";
import { Empty, Failed, Loading, attempt } from "./parts.js";
import { setQuery } from "./router.js";

/** {state, text, error, make(), captures, capture}: the latest artefact of that kind. */
export function useArtefact(kind, capture) {
  const list = useQuery(capture ? "artefacts" : null, { kind, capture, limit: 1 });
  const [text, setText] = useState(null);
  const [error, fail] = useState(null);
  const [job, setJob] = useState(null);
  const found = list.data?.items[0];
  useEvent("job", (j) => {
    if (j.kind !== kind || j.capture !== Number(capture)) return;
    setJob(j);
    if (j.state === "done") list.reload();
  });
  useEffect(() => {
    setText(null);
    if (!found) return undefined;
    const abort = new AbortController();
    send("GET", `artefacts/${found.id}`, { signal: abort.signal }).then(async (r) => {
      if (!r.ok) throw new Error(`The server answered ${r.status}.`);
      setText(await r.text());
      fail(null);
    }).catch((e) => e.name !== "AbortError" && fail(e));
    return () => abort.abort();
  }, [found?.id]);
  useEffect(() => setJob(null), [capture, kind]);
  const make = async () => {
    const made = await attempt(() => api("POST", "jobs", { json: { kind, capture: Number(capture) } }));
    if (made) { setJob(made); if (made.state === "done") list.reload(); }
  };
  // Events may be missed; a job that runs is asked after, too.
  useEffect(() => {
    if (!job || ["done", "failed", "cancelled"].includes(job.state)) return undefined;
    const timer = setInterval(() => get(`jobs/${job.id}`).then((j) => { setJob(j); if (j.state === "done") list.reload(); }, () => {}), 2000);
    return () => clearInterval(timer);
  }, [job?.id, job?.state]);
  const busy = job && ["queued", "running"].includes(job.state);
  return { text, error: error || list.error || (job?.state === "failed" ? new Error(job.error || "It failed.") : null), make, busy, job,
    isMissing: Boolean(capture) && list.data !== null && !found && !busy, created: found?.created };
}

export function CapturePicker({ value }) {
  const captures = useQuery("captures", { limit: 200 });
  useEvent("capture", captures.reload);
  const done = (captures.data?.items || []).filter((c) => c.state === "done");
  // Not chosen yet: the latest.
  useEffect(() => { if (!value && done.length) setQuery({ capture: done[0].id }); }, [value, captures.data]);
  return html`<label class="row">Capture <select aria-label="Capture" value=${value || ""} onChange=${(e) => setQuery({ capture: e.currentTarget.value })}>
    ${!done.length && html`<option value="">none analysed yet</option>`}${done.map((c) => html`<option key=${c.id} value=${c.id}>${c.name} (${f.plural(c.flows, "flow")})</option>`)}</select></label>`;
}

/** Picks a file from this machine; its text goes to `onText`. */
export const FilePicker = ({ accept, label, onText }) => html`<label class="button">${label}<input type="file" class="away" accept=${accept} onChange=${async (e) => {
  const file = e.currentTarget.files[0];
  if (file) onText(await file.text(), file.name);
}} /></label>`;

/** What stands there until there is something to show. */
export function ArtefactState({ artefact, capture, what, title, children }) {
  if (artefact.busy) return html`<${Empty} icon="◔" title=${`${title} is being made`}>${artefact.job.progress > 0 ? f.percent(artefact.job.progress) : "a moment"}<//>`;
  if (artefact.error) return html`<${Failed} error=${artefact.error} what=${what} retry=${artefact.make} />`;
  if (artefact.isMissing) return html`<${Empty} title=${`No ${what} of this capture yet`}><p>${children}</p><p style=${{ marginTop: ".8rem" }}><button class="main" onClick=${artefact.make}>Make it</button></p><//>`;
  if (!capture) return html`<${Empty} title="Choose a capture">Or open what the command wrote.<//>`;
  return html`<${Loading} lines=${6} />`;
}
