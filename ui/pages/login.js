// SPDX-License-Identifier: Apache-2.0
import { html, useState } from "../lib/html.js";
import { api } from "../lib/api.js";
import { PageHead, Panel } from "../lib/parts.js";

export default function Login({ onSession }) {
  const [token, set] = useState("");
  const [error, fail] = useState(null);
  const [busy, setBusy] = useState(false);
  const enter = async (e) => {
    e.preventDefault();
    setBusy(true);
    fail(null);
    try {
      onSession(await api("POST", "session", { json: { token: token.trim() } }));
    } catch (problem) {
      fail(problem.status === 401 || problem.status === 403 ? "That token is not known here, has run out or was revoked." : problem.message);
    }
    setBusy(false);
  };
  return html`<div style=${{ maxWidth: "30rem", margin: "8vh auto" }}><${PageHead} title="Log in" sub="This server wants a token." />
    <${Panel}><form onSubmit=${enter}>
      <label class="field">Token<input type="password" required autocomplete="current-password" autofocus value=${token} maxlength="200" aria-invalid=${error !== null}
        aria-describedby=${error ? "login-error" : undefined} onInput=${(e) => set(e.currentTarget.value)} /></label>
      ${error && html`<p id="login-error" class="bad" role="alert" style=${{ marginTop: ".5rem" }}>${error}</p>`}
      <p style=${{ margin: ".9rem 0" }}><button class="main" disabled=${busy}>Log in</button></p></form>
      <p class="note">A token is made on the server's machine; <code>lapwing token --help</code> says how.</p><//></div>`;
}
