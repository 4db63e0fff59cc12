// SPDX-License-Identifier: Apache-2.0
// Who may log in: a part of the settings, for administrators.
import { html, useState } from "../lib/html.js";
import { api } from "../lib/api.js";
import * as f from "../lib/format.js";
import { Dialog, Empty, Loaded, Sure, Table, attempt } from "../lib/parts.js";

export const SCOPES = [["read", "read"], ["analyse", "analyse (and read)"], ["admin", "admin (everything)"]];
const PASSWORD = { type: "password", required: true, minlength: 10, maxlength: 256, autocomplete: "new-password" };

function NewPassword({ user, onSave, onClose }) {
  const [password, set] = useState("");
  return html`<${Dialog} title=${`Another password for ${user.name}`} onClose=${onClose}>
    <form onSubmit=${(e) => { e.preventDefault(); onSave({ password }); onClose(); }}>
      <p class="note">${user.name} is logged out at once.</p>
      <label class="field">Password, at least 10 characters<input ...${PASSWORD} autofocus value=${password} onInput=${(e) => set(e.currentTarget.value)} /></label>
      <p class="row"><button class="main">Save</button></p></form><//>`;
}

function AddPerson({ list }) {
  const empty = { name: "", password: "", scope: "analyse" };
  const [values, set] = useState(empty);
  const of = (name) => ({ value: values[name], onInput: (e) => set({ ...values, [name]: e.currentTarget.value }) });
  const add = async (e) => {
    e.preventDefault();
    const form = e.currentTarget;
    if (await attempt(() => api("POST", "users", { json: values }), `${values.name} can log in`)) {
      set(empty);
      form.reset(); // what is empty again is not wrong
      list.reload();
    }
  };
  return html`<form class="row" onSubmit=${add} style=${{ marginBottom: ".8rem" }}>
    <input required maxlength="64" pattern="[ -~]+" placeholder="name" aria-label="Name of the person" autocomplete="off" ...${of("name")} />
    <input ...${PASSWORD} placeholder="password, 10 characters or more" aria-label="Password of the person" ...${of("password")} />
    <select aria-label="What the person may" ...${of("scope")}>${SCOPES.map(([id, words]) => html`<option key=${id} value=${id}>${words}</option>`)}</select>
    <button class="main">Add a person</button></form>`;
}

/** `list`: the query of all people; `me`: the name of who looks at it. */
export function People({ list, me }) {
  const [asked, ask] = useState(null);
  const change = (u, json, done) => attempt(() => api("PATCH", `users/${u.id}`, { json }), done).then(list.reload);
  const scope = (u) => html`<select class="small" aria-label=${`What ${u.name} may`} value=${u.scope}
    onChange=${(e) => change(u, { scope: e.currentTarget.value }, `${u.name}: ${e.currentTarget.value}`)}>${SCOPES.map(([id]) => html`<option key=${id} value=${id}>${id}</option>`)}</select>`;
  return html`<${AddPerson} list=${list} />
    <${Loaded} query=${list} what="the people" empty=${(d) => !d.items.length && html`<${Empty} title="Nobody yet">Programs log in with tokens.<//>`}>${(d) => html`<${Table} caption="People" rows=${d.items} columns=${[
      ["Name", (u) => html`<b>${u.name}</b>${u.name === me && html` <span class="faint">(you)</span>`}`, { class: "wrap" }], ["May", scope], ["Since", (u) => f.time(u.created)], ["Logs in", (u) => u.disabled ? "no more" : "yes"],
      ["", (u) => html`<span class="row"><button class="small" onClick=${() => ask(u)}>Password…</button>
        <button class="small" onClick=${() => change(u, { disabled: !u.disabled }, u.disabled ? `${u.name} can log in` : `${u.name} cannot log in`)}>${u.disabled ? "Let in" : "Lock out"}</button>
        <${Sure} class="small" ask="Remove?" onSure=${() => attempt(() => api("DELETE", `users/${u.id}`), "Removed").then(list.reload)}>Remove<//></span>`]]} />`}<//>
    ${asked && html`<${NewPassword} user=${asked} onSave=${(json) => change(asked, json, "The new password counts")} onClose=${() => ask(null)} />`}`;
}
