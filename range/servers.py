# SPDX-License-Identifier: Apache-2.0
"""The real servers of a range, each started by its name in a scenario: `start(host)`."""
import os
import shutil
import socketserver
import subprocess
import sys

from world import is_installed, run, write

USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
DOMAIN = "corp.test"


def password(user):
    return f"{user}-Kiebitz-77"


def prepare(rng):
    """Users, keys, certificate and contents that several servers share."""
    for user in USERS:
        run("useradd", "-m", "-s", "/bin/sh", user)
        run("chpasswd", input=f"{user}:{password(user)}\n")
        home = f"/home/{user}"
        os.makedirs(f"{home}/.ssh", mode=0o700)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{home}/.ssh/id_ed25519")
        shutil.copy(f"{home}/.ssh/id_ed25519.pub", f"{home}/.ssh/authorized_keys")
        os.makedirs(f"{home}/Maildir")
        write(f"{home}/notes.txt", "remember the milk\n" * rng.randint(100, 800))
        run("chown", "-R", f"{user}:{user}", home)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", f"/CN=www.{DOMAIN}", "-keyout", "/srv/web.key", "-out", "/srv/web.crt")
    make_site(rng)
    for size in (1, 4, 16):
        write(f"/srv/www/big{size}.bin", rng.randbytes(size << 20))


def make_site(rng):
    """40 pages of text and pictures, 200 bytes to 200 KB, as pages of the Web are."""
    words = "report plan meeting office network printer budget travel lunch".split()
    for i in range(40):
        text = " ".join(rng.choice(words) for _ in range(rng.randint(200, 4000)))
        write(f"/srv/www/page{i}.html", f"<!doctype html><title>{i}</title><p>{text}</p>\n")
    for i in range(60):
        write(f"/srv/www/part{i}.bin", rng.randbytes(int(min(2e5, rng.lognormvariate(9, 1.2)))))
    shutil.copy("/srv/www/page0.html", "/srv/www/index.html")


def web(host):
    """nginx on 80, 443 (HTTP/2) and 8080; /private/ asks for a password, /api answers."""
    run("sh", "-c", f"echo admin:$(openssl passwd -apr1 {password('admin')}) >/srv/htpasswd")
    write(f"/srv/nginx-{host.name}.conf", f"""
daemon off; pid /run/nginx-{host.name}.pid; error_log /dev/null; user www-data;
worker_processes 2; events {{ worker_connections 512; }}
http {{
  access_log off; include /etc/nginx/mime.types; client_max_body_size 64m;
  client_body_temp_path /run/nginx-{host.name}-body;
  server {{
    listen 80 backlog=256; listen 8080; listen 443 ssl http2; root /srv/www;
    ssl_certificate /srv/web.crt; ssl_certificate_key /srv/web.key;
    location /private/ {{ auth_basic "staff"; auth_basic_user_file /srv/htpasswd; }}
    location /api/ {{ default_type application/json; return 200 '{{"ok":true}}\\n'; }}
    location /upload {{ return 204; }}
  }}
}}
""")
    host.start("nginx", "-c", f"/srv/nginx-{host.name}.conf")


def names(host, world):
    """dnsmasq: the hosts of the range by name, nothing else; chrony for the time."""
    records = [f"--host-record={h.name}.{'example.net' if h.is_outside else DOMAIN},{h.address}"
               for h in world.hosts.values()]
    host.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
               "--no-hosts", "--local=/#/", "--user=root",
               f"--pid-file=/run/dnsmasq-{host.name}.pid",
               f"--mx-host={DOMAIN},mail.{DOMAIN},10", *records)
    write("/srv/chrony.conf", "local stratum 8\nallow all\ncmdport 0\n"
          "pidfile /run/chronyd-server.pid\ndriftfile /srv/chrony.drift\n")
    if is_installed("chronyd"):
        host.start("chronyd", "-d", "-x", "-f", "/srv/chrony.conf")
    world.name_server(host.address)


def ssh(host):
    write(f"/srv/sshd-{host.name}", "HostKey /srv/ssh_host_key\nPasswordAuthentication yes\n"
          "UsePAM yes\nSubsystem sftp internal-sftp\nPidFile none\nMaxStartups 60\n")
    if not os.path.exists("/srv/ssh_host_key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/srv/ssh_host_key")
    os.makedirs("/run/sshd", exist_ok=True)
    host.start("/usr/sbin/sshd", "-D", "-f", f"/srv/sshd-{host.name}")


def ftp(host):
    os.makedirs("/srv/ftp/pub", exist_ok=True)
    for i in range(4):
        write(f"/srv/ftp/pub/data{i}.bin", os.urandom(8000 << i))
    write("/srv/ftp/pub/README", "Files of the office.\n" * 60)
    os.makedirs("/run/vsftpd-empty", exist_ok=True)
    write(f"/srv/vsftpd-{host.name}.conf", "listen=YES\nlisten_ipv6=NO\nanonymous_enable=YES\n"
          "local_enable=YES\nwrite_enable=YES\nanon_root=/srv/ftp\nxferlog_enable=NO\n"
          "seccomp_sandbox=NO\nbackground=NO\npam_service_name=vsftpd\n"
          "secure_chroot_dir=/run/vsftpd-empty\n")
    host.start("vsftpd", f"/srv/vsftpd-{host.name}.conf")


def mail(host):
    """OpenSMTPD takes mail, dovecot gives it out by IMAP and POP3."""
    write("/srv/smtpd.conf", f"listen on 0.0.0.0 hostname mail.{DOMAIN}\n"
          'action "local" maildir\n'
          f'match from any for domain "{DOMAIN}" action "local"\n')
    host.start("smtpd", "-d", "-f", "/srv/smtpd.conf")
    write("/srv/dovecot.conf", """
protocols = imap pop3
listen = *
ssl = no
disable_plaintext_auth = no
base_dir = /run/dovecot
mail_location = maildir:~/Maildir
log_path = /dev/null
auth_failure_delay = 1 secs
passdb {
  driver = pam
}
userdb {
  driver = passwd
}
""")
    host.start("dovecot", "-F", "-c", "/srv/dovecot.conf")


def files(host):
    """Samba with one share."""
    os.makedirs("/srv/share", exist_ok=True)
    for i in range(12):
        write(f"/srv/share/document{i}.odt", os.urandom(4000 * (i + 1)))
    os.chmod("/srv/share", 0o777)
    os.makedirs("/run/samba", exist_ok=True)
    write("/srv/smb.conf", """[global]
server role = standalone server
log file = /dev/null
pid directory = /run/samba
lock directory = /run/samba
state directory = /run/samba
cache directory = /run/samba
private dir = /run/samba
map to guest = never
disable spoolss = yes
[share]
path = /srv/share
read only = no
""")
    for user in USERS:
        run("smbpasswd", "-c", "/srv/smb.conf", "-s", "-a", user,
            input=f"{password(user)}\n" * 2)
    host.start("smbd", "-F", "--no-process-group", "-s", "/srv/smb.conf")


def database(host):
    """PostgreSQL with one table of orders."""
    home = "/srv/postgres"
    os.makedirs(home)
    os.makedirs("/run/postgresql", exist_ok=True)
    run("chown", "postgres", home, "/run/postgresql")
    tools = sorted(p for p in os.listdir("/usr/lib/postgresql"))[-1]
    tools = f"/usr/lib/postgresql/{tools}/bin"
    write("/srv/postgres.pw", password("postgres"))
    os.chmod("/srv/postgres.pw", 0o644)
    run("su", "postgres", "-c", f"{tools}/initdb -D {home}/data -A scram-sha-256 -U postgres "
        "--pwfile=/srv/postgres.pw --no-sync")
    write(f"{home}/data/pg_hba.conf", "local all all trust\nhost all all 0.0.0.0/0 scram-sha-256\n")
    run("chown", "postgres", f"{home}/data/pg_hba.conf")
    host.start("su", "postgres", "-c", f"{tools}/postgres -D {home}/data -h 0.0.0.0 "
               "-c unix_socket_directories=/run/postgresql -c fsync=off")
    for _ in range(40):
        done = subprocess.run(host.command(
            "su", "postgres", "-c", "psql -h /run/postgresql -U postgres -qc \"create table "
            "orders as select i, md5(i::text) item, i % 97 n from generate_series(1, 20000) "
            "i\""), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        subprocess.run(["sleep", "0.25"], check=True)
    raise RuntimeError("postgres does not start: " + done.stderr)


def broker(host):
    write("/srv/mosquitto.conf", "listener 1883 0.0.0.0\nallow_anonymous true\nuser root\n")
    host.start("mosquitto", "-c", "/srv/mosquitto.conf")


def agent(host):
    """snmpd, read-only."""
    write(f"/srv/snmpd-{host.name}.conf", "rocommunity public\nagentaddress udp:161\n"
          "syslocation range\n")
    host.start("snmpd", "-f", "-Lo", "-C", "-c", f"/srv/snmpd-{host.name}.conf",
               "-p", f"/run/snmpd-{host.name}.pid")


def telnet(host):
    """telnetd behind a small super-server: one process a connection."""
    host.start(sys.executable, os.path.abspath(__file__), "inetd", "23",
               "/usr/sbin/telnetd" if os.path.exists("/usr/sbin/telnetd")
               else "/usr/sbin/in.telnetd")


def sink(host):
    """Takes UDP on 514 (logs) and 5004 (video), answers nothing."""
    host.start(sys.executable, os.path.abspath(__file__), "sink", "514", "5004")


def tunnel(host):
    """iodine's end of a tunnel in DNS."""
    host.start("iodined", "-f", "-c", "-P", "secret", "10.99.0.1/27", "t.example.net")


def dns2tcp(host):
    """dns2tcp's end of one: leads to the web server of the same host."""
    write("/srv/dns2tcpd.conf", f"listen = {host.address}\nport = 53\nuser = nobody\n"
          "chroot = /srv/empty\nkey = secret\ndomain = d.example.net\n"
          "resources = web:127.0.0.1:80\n")
    os.makedirs("/srv/empty", exist_ok=True)
    host.start("dns2tcpd", "-F", "-f", "/srv/dns2tcpd.conf")


BY_NAME = {f.__name__: f for f in (web, ssh, ftp, mail, files, database, broker, agent,
                                   telnet, sink, tunnel, dns2tcp)}

# ------------------------------------------------------------------- in a process of its own


def inetd(port, program):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            fd = self.request.fileno()
            subprocess.run([program], stdin=fd, stdout=fd, stderr=subprocess.DEVNULL,
                           check=False)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    Server(("0.0.0.0", int(port)), Handler).serve_forever()


def swallow(*ports):
    import select
    import socket
    all_of_them = []
    for port in ports:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("0.0.0.0", int(port)))
        all_of_them.append(s)
    while True:
        for s in select.select(all_of_them, (), ())[0]:
            s.recv(65535)


if __name__ == "__main__":
    {"inetd": inetd, "sink": swallow}[sys.argv[1]](*sys.argv[2:])
