// SPDX-License-Identifier: Apache-2.0
// The features of a KDD Cup 1999 connection record, what they mean, and a record that is
// typical of each class.

const f = (name, words, kind = "count") => ({ name, words, kind });

export const GROUPS = [
  ["The connection", [
    f("protocol", "protocol", "word"), f("service", "service", "word"), f("flag", "how it ended", "word"),
    f("duration", "duration, s"), f("srcbytes", "bytes from source"), f("dstbytes", "bytes from destination"),
    f("land", "source is destination", "bit"), f("wrongfragment", "wrong fragments"), f("urgent", "urgent packets"),
  ]],
  ["Its content", [
    f("loggedin", "logged in", "bit"), f("hot", "sensitive actions"), f("numfailedlogins", "failed logins"),
    f("numcompromised", "signs of compromise"), f("rootshell", "root shell obtained", "bit"), f("suattempted", "su root tried"),
    f("numroot", "actions as root"), f("numfilecreations", "files created"), f("numshells", "shell prompts"),
    f("numaccessfiles", "access-control files used"), f("numoutboundcmds", "outbound FTP commands"),
    f("ishostlogin", "login on the hot list", "bit"), f("isguestlogin", "guest login", "bit"),
  ]],
  ["The last 2 seconds", [
    f("count", "connections to this host"), f("srvcount", "to this service"),
    f("serrorrate", "with SYN errors", "rate"), f("srvserrorrate", "service: SYN errors", "rate"),
    f("rerrorrate", "refused", "rate"), f("srvrerrorrate", "service: refused", "rate"),
    f("samesrvrate", "same service", "rate"), f("diffsrvrate", "other services", "rate"),
    f("srvdiffhostrate", "service: other hosts", "rate"),
  ]],
  ["The last connections to the destination", [
    f("dsthostcount", "connections, up to 255"), f("dsthostsrvcount", "to this service"),
    f("dsthostsamesrvrate", "same service", "rate"), f("dsthostdiffsrvrate", "other services", "rate"),
    f("dsthostsamesrcportrate", "same source port", "rate"), f("dsthostsrvdiffhostrate", "service: from other hosts", "rate"),
    f("dsthostserrorrate", "with SYN errors", "rate"), f("dsthostsrvserrorrate", "service: SYN errors", "rate"),
    f("dsthostrerrorrate", "refused", "rate"), f("dsthostsrvrerrorrate", "service: refused", "rate"),
  ]],
];

/** In the record of 41 features, not in that of 31. */
export const WIDE_ONLY = new Set(["numroot", "numoutboundcmds", "isguestlogin", "srvserrorrate", "srvrerrorrate",
  "dsthostsamesrvrate", "dsthostserrorrate", "dsthostsrvserrorrate", "dsthostrerrorrate", "dsthostsrvrerrorrate"]);

export const FLAGS = {
  SF: "normal end", S0: "no answer", S1: "never closed", S2: "closed by the source only", S3: "closed by the destination only",
  REJ: "refused", RSTO: "reset by the source", RSTR: "reset by the destination", RSTOS0: "SYN, then reset",
  SH: "half opened, closed", OTH: "seen in the middle",
};

export const SERVICES = ("IRC X11 Z39_50 aol auth bgp courier csnet_ns ctf daytime discard domain domain_u echo eco_i ecr_i efs exec "
  + "finger ftp ftp_data gopher harvest hostnames http http_2784 http_443 http_8001 imap4 iso_tsap klogin kshell ldap link login "
  + "mtp name netbios_dgm netbios_ns netbios_ssn netstat nnsp nntp ntp_u other pm_dump pop_2 pop_3 printer private red_i remote_job "
  + "rje shell smtp sql_net ssh sunrpc supdup systat telnet tftp_u tim_i time urh_i urp_i uucp uucp_path vmnet whois").split(" ");

export const DEFAULTS = Object.fromEntries(GROUPS.flatMap(([, fields]) => fields.map(({ name }) => [name, 0])));
Object.assign(DEFAULTS, { protocol: "tcp", service: "http", flag: "SF" });

/** What is not said is 0. */
export const EXAMPLES = [
  { title: "Port sweep", of: "Probe", record: {
    duration: 38044, srcbytes: 1, count: 2, srvcount: 2, rerrorrate: 1, srvrerrorrate: 1, samesrvrate: 1,
    dsthostcount: 255, dsthostsrvcount: 2, dsthostsamesrvrate: .01, dsthostdiffsrvrate: .5, dsthostsamesrcportrate: 1,
    dsthostrerrorrate: .5, dsthostsrvrerrorrate: 1, protocol: "tcp", service: "Z39_50", flag: "RSTR" } },
  { title: "Visit to a web page", of: "Normal", record: {
    srcbytes: 240, dstbytes: 5300, loggedin: 1, count: 4, srvcount: 4, samesrvrate: 1, dsthostcount: 40,
    dsthostsrvcount: 255, dsthostsamesrvrate: 1, dsthostsamesrcportrate: .03, dsthostsrvdiffhostrate: .02,
    protocol: "tcp", service: "http", flag: "SF" } },
  { title: "SYN flood", of: "DoS", record: {
    count: 220, srvcount: 8, serrorrate: 1, srvserrorrate: 1, samesrvrate: .04, diffsrvrate: .06, dsthostcount: 255,
    dsthostsrvcount: 8, dsthostsamesrvrate: .03, dsthostdiffsrvrate: .06, dsthostserrorrate: 1, dsthostsrvserrorrate: 1,
    protocol: "tcp", service: "private", flag: "S0" } },
  { title: "Guessing a password", of: "R2L", record: {
    duration: 2, srcbytes: 125, dstbytes: 179, hot: 1, numfailedlogins: 1, count: 1, srvcount: 1, rerrorrate: 1,
    srvrerrorrate: 1, samesrvrate: 1, dsthostcount: 4, dsthostsrvcount: 4, dsthostsamesrvrate: 1,
    dsthostsamesrcportrate: .25, dsthostserrorrate: .25, dsthostsrvserrorrate: .25, dsthostrerrorrate: .75,
    dsthostsrvrerrorrate: .75, protocol: "tcp", service: "telnet", flag: "RSTO" } },
  { title: "Buffer overflow", of: "U2R", record: {
    duration: 98, srcbytes: 621, dstbytes: 8356, hot: 1, loggedin: 1, numcompromised: 5, rootshell: 1, numroot: 14,
    numfilecreations: 1, count: 1, srvcount: 1, samesrvrate: 1, dsthostcount: 255, dsthostsrvcount: 4,
    dsthostsamesrvrate: .02, dsthostdiffsrvrate: .02, protocol: "tcp", service: "telnet", flag: "SF" } },
];
