#!/usr/bin/env python3
"""Sends a million lines to `weir listen` as fast as they are taken, over TCP, TLS and UDP, and counts what arrived.

    receiving.py --weir target/release/weir --sample-data target/release/sample-data [--lines 1000000] [--connections 2]

TCP and TLS: every line must be in the spool, byte for byte. UDP: lines received and lines counted as dropped must be the lines sent.
The sender runs on the same cores. Prints one table; raw results as JSON with --json.
"""
import argparse, hashlib, json, os, pathlib, platform, re, signal, socket, ssl, subprocess, sys, tempfile, threading, time, urllib.request


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, **options)


def certificates(folder):
    def openssl(text):
        run("openssl", *text.split(), cwd=folder)
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl(f"req -x509 {curve} -days 2 -subj /CN=bench -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE")
    for name in ("localhost", "gate.example"):
        openssl(f"req {curve} -subj /CN={name} -keyout {name}.key -out {name}.csr")
        (folder / "names").write_text(f"subjectAltName=DNS:{name}")
        openssl(f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {name}.pem")
        (folder / f"{name}.key").chmod(0o600)


class Receiver:
    def __init__(self, weir, home):
        self.process = subprocess.Popen([weir, "--config", home / "weir.toml", "listen"], stdout=subprocess.PIPE, text=True)
        self.at = {}
        for line in self.process.stdout:
            if found := re.match(r"listening: (\w+) on .*:(\d+)$", line.strip()):
                self.at[found[1]] = int(found[2])
            if line.startswith("metrics: "):
                self.metrics_address = line.split()[1]
            if "Ctrl-C" in line:
                break

    def number(self, name):
        text = urllib.request.urlopen(self.metrics_address).read().decode()
        return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("weir_listen_" + name))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        self.process.wait()


def estate(weir, folder):
    home = folder / "estate"
    run(weir, "init", home)
    text = (home / "weir.toml").read_text()
    here = '"127.0.0.1:0"'
    listen = (f"[listen]\nudp = [{here}]\ntcp = [{here}]\ntls = [{here}]\nmetrics = {here}\n"
              f'certificate = "../localhost.pem"\nkey = "../localhost.key"\nclient_ca = "../ca.pem"\n\n')
    text = text.replace("[[source]]\n", listen + '[[source]]\nfrom = ["127.0.0.1", "gate.example"]\n', 1)
    (home / "weir.toml").write_text(text)
    return home


def stream(receiver, way, parts, folder):
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "gate.example.pem", folder / "gate.example.key")

    def send(part):
        plain = socket.create_connection(("127.0.0.1", receiver.at[way]))
        connection = context.wrap_socket(plain, server_hostname="localhost") if way == "tls" else plain
        view = memoryview(part)
        for at in range(0, len(view), 1 << 18):
            connection.sendall(view[at:at + (1 << 18)])
        if way == "tls":
            try:
                connection.unwrap()
            except ssl.SSLError:
                pass  # Our farewell is sent; the receiver gives none back.
        connection.close()

    threads = [threading.Thread(target=send, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def spooled(home):
    """Lines of the spool, sorted, as one digest; connections may have been interleaved."""
    lines = []
    for path in sorted((home / "spool" / "my-school-filter").glob("*")):
        lines.extend(path.read_bytes().splitlines())
    return len(lines), digest(lines)


def digest(lines):
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True, type=pathlib.Path)
    parser.add_argument("--sample-data", required=True, type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--udp-rate", type=int, nargs="*", default=[0, 100_000, 20_000], help="lines a second; 0 is as fast as can be")
    parser.add_argument("--folder", type=pathlib.Path, help="where to work; a temporary folder by default")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    weir, results = options.weir.resolve(), []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        folder = pathlib.Path(folder)
        certificates(folder)
        run(options.sample_data.resolve(), "--format", "fortigate", "--rows", options.lines, "--seed", 7, "--out", folder / "sent.log")
        lines = (folder / "sent.log").read_bytes().splitlines()[:options.lines]
        wanted = digest(lines)
        size = sum(map(len, lines)) + len(lines)
        for way in ("tcp", "tls"):
            home = estate_in(weir, folder, way)
            receiver = Receiver(weir, home)
            each = -(-len(lines) // options.connections)
            parts = [b"\n".join(lines[at:at + each]) + b"\n" for at in range(0, len(lines), each)]
            began = time.monotonic()
            stream(receiver, way, parts, folder)
            while receiver.number("lines_total") < len(lines):
                assert time.monotonic() - began < 300, f"{way}: {receiver.number('lines_total')} of {len(lines)} lines"
                time.sleep(0.01)
            seconds = time.monotonic() - began
            busy = receiver.processor_seconds()
            receiver.stop()
            count, found = spooled(home)
            assert (count, found) == (len(lines), wanted), f"{way}: the spool holds {count} lines, and not those sent"
            results.append({"way": way, "lines": len(lines), "MB": round(size / 1e6), "seconds": round(seconds, 2), "lines_a_second": round(len(lines) / seconds),
                            "receiver_processor_seconds": round(busy, 2), "lost": 0})
        for rate in options.udp_rate:
            home = estate_in(weir, folder, f"udp{rate}")
            receiver = Receiver(weir, home)
            to, sender = ("127.0.0.1", receiver.at["udp"]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sent = lines[:max(rate * 5, 1)] if rate else lines
            began = time.monotonic()
            for number, line in enumerate(sent):
                sender.sendto(line, to)
                if rate and number % 100 == 99:
                    time.sleep(max(0, began + number / rate - time.monotonic()))
            seconds = time.monotonic() - began
            time.sleep(3)
            received, kernel, own = (receiver.number(name) for name in ("lines_total", "kernel_dropped_total", "dropped_total"))
            receiver.stop()
            count, _ = spooled(home)
            assert count == received and received + kernel + own == len(sent), (count, received, kernel, own, len(sent))
            results.append({"way": "udp", "rate": rate or "as fast as can be", "lines": len(sent), "seconds": round(seconds, 2),
                            "lines_a_second": round(len(sent) / seconds), "received": received, "dropped_by_the_system": kernel, "dropped_by_weir": own})
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}"
    print(machine)
    for result in results:
        print("  ".join(f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}" for key, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1))


def estate_in(weir, folder, name):
    inner = folder / name
    inner.mkdir()
    for path in list(folder.glob("*.pem")) + list(folder.glob("*.key")):
        (inner / path.name).write_bytes(path.read_bytes())
        (inner / path.name).chmod(0o600)
    return estate(weir, inner)


if __name__ == "__main__":
    sys.exit(main())
