// SPDX-License-Identifier: Apache-2.0
// The form of one connection record: made from the table below, sent as JSON.

const GROUPS = [
  ["The connection", [
    ["duration", "length in seconds"],
    ["protocol", "tcp, udp or icmp"],
    ["service", "service on the destination: http, smtp, domain_u, private, ..."],
    ["flag", "how it ended: SF normal, S0 no answer, REJ refused, RSTR reset, ..."],
    ["srcbytes", "data bytes from source to destination"],
    ["dstbytes", "data bytes from destination to source"],
    ["land", "1 if source and destination are the same"],
    ["wrongfragment", "fragments that fit no datagram"],
    ["urgent", "urgent packets"],
  ]],
  ["Its content", [
    ["hot", "sensitive actions"],
    ["numfailedlogins", "failed login attempts"],
    ["loggedin", "1 if logged in"],
    ["numcompromised", "signs of a compromise"],
    ["rootshell", "1 if a root shell was obtained"],
    ["suattempted", "1 if su root was tried"],
    ["numfilecreations", "files created"],
    ["numshells", "shell prompts"],
    ["numaccessfiles", "operations on access control files"],
    ["ishostlogin", "1 if the login is on the host list"],
  ]],
  ["The last 2 seconds", [
    ["count", "connections to the same host"],
    ["srvcount", "connections to the same service"],
    ["serrorrate", "share with SYN errors"],
    ["rerrorrate", "share refused"],
    ["samesrvrate", "share to the same service"],
    ["diffsrvrate", "share to other services"],
    ["srvdiffhostrate", "of the same service: share to other hosts"],
  ]],
  ["The last connections to the destination", [
    ["dsthostcount", "connections to the host, at most 255"],
    ["dsthostsrvcount", "of them to the same service"],
    ["dsthostdiffsrvrate", "share to other services"],
    ["dsthostsamesrcportrate", "share from the same source port"],
    ["dsthostsrvdiffhostrate", "of the same service: share from other hosts"],
  ]],
];
const TEXTS = new Set(["protocol", "service", "flag"]);

// Fields that are not said are 0.
const EXAMPLES = {
  "Port sweep": {
    duration: 38044, srcbytes: 1, count: 2, srvcount: 2, rerrorrate: 1, samesrvrate: 1,
    dsthostcount: 255, dsthostsrvcount: 2, dsthostdiffsrvrate: 0.5,
    dsthostsamesrcportrate: 1, protocol: "tcp", service: "Z39_50", flag: "RSTR",
  },
  "Visit to a web page": {
    srcbytes: 240, dstbytes: 5300, loggedin: 1, count: 4, srvcount: 4, samesrvrate: 1,
    dsthostcount: 40, dsthostsrvcount: 255, dsthostsamesrcportrate: 0.03,
    dsthostsrvdiffhostrate: 0.02, protocol: "tcp", service: "http", flag: "SF",
  },
  "SYN flood": {
    count: 220, srvcount: 8, serrorrate: 1, samesrvrate: 0.04, diffsrvrate: 0.06,
    dsthostcount: 255, dsthostsrvcount: 8, dsthostdiffsrvrate: 0.06, protocol: "tcp",
    service: "private", flag: "S0",
  },
};

const form = document.getElementById("record");
const answer = document.getElementById("answer");

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

function makeForm() {
  for (const [title, fields] of GROUPS) {
    const set = element("fieldset", {}, element("legend", {}, title));
    for (const [name, meaning] of fields)
      set.append(element("label", { title: meaning }, name,
        element("input", { name, autocomplete: "off", spellcheck: false })));
    document.getElementById("groups").append(set);
  }
  for (const [title, record] of Object.entries(EXAMPLES))
    document.getElementById("examples").append(
      element("button", { type: "button", onclick: () => judge(record) }, title));
}

function fill(record) {
  for (const input of form.querySelectorAll("input"))
    input.value = record[input.name] ?? 0;
  show("", false);
  showRequest();
}

function judge(record) {
  fill(record);
  form.requestSubmit();
}

// What is no number stays a text: the server says what is wrong with it.
function read() {
  const record = {};
  for (const { name, value } of form.querySelectorAll("input")) {
    const number = Number(value);
    const isText = TEXTS.has(name) || value.trim() === "" || !Number.isFinite(number);
    record[name] = isText ? value.trim() : number;
  }
  return record;
}

function show(text, isProblem, field) {
  answer.textContent = text;
  answer.classList.toggle("problem", isProblem);
  for (const input of form.querySelectorAll("input"))
    input.classList.toggle("wrong", input.name === field);
}

function showRequest() {
  const body = JSON.stringify(read()).replaceAll("'", "'\\''");
  document.getElementById("request").textContent =
    `curl -H 'Content-Type: application/json' -d '${body}' ${location.origin}/classify`;
}

async function classify(event) {
  event.preventDefault();
  try {
    const response = await fetch("/classify", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(read()),
    });
    const said = await response.json();
    if (response.ok)
      show(said["Attack Type"], false);
    else
      show(said.detail, true, said.field);
  } catch (error) {
    show(`The server does not answer: ${error.message}`, true);
  }
}

makeForm();
form.addEventListener("submit", classify);
form.addEventListener("input", showRequest);
judge(EXAMPLES["Port sweep"]);
