// SPDX-License-Identifier: Apache-2.0
// Logging in, by name and password or with a token; on a server that nobody has been on, the
// first administrator.
import { html, useState } from "../lib/html.js";
import { api } from "../lib/api.js";
import { PageHead, Panel } from "../lib/parts.js";

const PASSWORD_MIN = 10;

function said(problem, path, values) {
  if (problem.status === 401 && path === "administrator") return "That is not the token that the server printed.";
  if (problem.status === 401) return values.name ? "That name with that password is not known here." : "That token is not known here, has run out or was revoked.";
  if (problem.status === 429) return "Too many attempts. Wait half a minute, then try once more.";
  return problem.message;
}

/** A form that posts what stands in its fields to `path`; what comes back is the session. */
function Ask({ path, fields, button, onSession, check }) {
  const [values, set] = useState({});
  const [error, fail] = useState(null);
  const [busy, setBusy] = useState(false);
  const enter = async (e) => {
    e.preventDefault();
    const wrong = check?.(values);
    if (wrong) { fail(wrong); return; }
    setBusy(true);
    fail(null);
    const wanted = fields.filter((f) => !f.only).map((f) => [f.name, f.plain ? values[f.name]?.trim() : values[f.name]]);
    try {
      onSession(await api("POST", path, { json: Object.fromEntries(wanted) }));
    } catch (problem) {
      fail(said(problem, path, values));
      setBusy(false);
    }
  };
  return html`<form onSubmit=${enter}>
    ${fields.map((f, i) => html`<label key=${f.name} class="field login-field">${f.label}<input type=${f.type} name=${f.name} required maxlength="256" minlength=${f.min}
      autocomplete=${f.complete} autofocus=${i === 0} value=${values[f.name] ?? ""} aria-invalid=${error !== null} spellcheck=${false} autocapitalize="none"
      aria-describedby=${error ? "login-error" : undefined} onInput=${(e) => set({ ...values, [f.name]: e.currentTarget.value })} /></label>`)}
    ${error && html`<p id="login-error" class="bad" role="alert">${error}</p>`}
    <p class="login-go"><button class="main" disabled=${busy}>${button}</button></p></form>`;
}

const NAME = { name: "name", label: "Name", type: "text", complete: "username", plain: true };
const PASSWORD = { name: "password", label: "Password", type: "password", complete: "current-password" };
const TOKEN = { name: "token", label: "Token", type: "password", complete: "off", plain: true };

function First({ onSession }) {
  return html`<${PageHead} title="The first administrator" sub="Nobody has been here yet." />
    <${Panel}><${Ask} path="administrator" button="Make me the administrator" onSession=${onSession}
      check=${(v) => v.password !== v.again && "The two passwords are not the same."}
      fields=${[{ ...TOKEN, label: "One-time token", type: "text" }, NAME,
        { ...PASSWORD, label: `Password, at least ${PASSWORD_MIN} characters`, complete: "new-password", min: PASSWORD_MIN },
        { ...PASSWORD, name: "again", label: "The password again", complete: "new-password", only: true }]} />
      <p class="note">The server printed the token when it started.</p><//>`;
}

export default function Login({ session, onSession }) {
  const [withToken, set] = useState(false);
  if (session?.first) return html`<div class="login"><${First} onSession=${onSession} /></div>`;
  return html`<div class="login"><${PageHead} title="Log in" />
    <${Panel}><${Ask} key=${withToken} path="session" button="Log in" onSession=${onSession} fields=${withToken ? [TOKEN] : [NAME, PASSWORD]} />
      <p class="login-go"><button type="button" class="small" onClick=${() => set(!withToken)}>${withToken ? "With a name and a password" : "With a token"}</button></p>
      <p class="note">${withToken ? html`Tokens are made in the settings, or on the server's machine with <code>lapwing token</code>.`
        : html`Forgotten? On the server's machine, <code>lapwing user password</code> sets another.`}</p><//></div>`;
}
