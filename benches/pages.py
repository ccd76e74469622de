#!/usr/bin/env python3
"""Reads every page of figures that a signed-in reader is led to, and prints how long they took: the first time, and once more.

pages.py --config WEIR.TOML --email E --password P [--weir PATH] [--port N] [--readers N] [--save DIR] [--most N]

It starts `weir serve`, signs in, and follows the links of the pages of schools, figures, groups and methods, `--readers` at once. A page is the
whole answer, as its reader waits for it. With --save each page is kept as a file, so that two programs' pages can be compared.
"""
import argparse
import hashlib
import http.client
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
import estate_of_events as estate

# Only pages of figures: whatever is written or downloaded elsewhere is not read here.
PAGES = re.compile(r"^/$|^/method$|^/group/[^/]+/[^/]+$|^/school/[^/]+/\d{4}-\d\d(/review|/figure/[^/]+)?$")


def get(connection, path, cookie):
    """status, seconds and body of a page; what redirects is followed"""
    begin = time.perf_counter()
    for _ in range(3):
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status not in (302, 303, 307):
            break
        path = answer.getheader("location")
    return answer.status, time.perf_counter() - begin, body


def sign_in(port, email, password):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/sign-in", urllib.parse.urlencode({"email": email, "password": password}),
                       {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    if answer.status != 303 or not cookies:
        sys.exit(f"signing in: status {answer.status}; use somebody's e-mail and password who needs no second step")
    return "; ".join(cookies)


def links(body):
    found = (one.split("#")[0].split("?")[0] for one in re.findall(r'href="([^"]+)"', body.decode("utf-8", "replace")))
    return sorted({one for one in found if PAGES.match(one)})


def read_all(port, cookie, readers, wanted, most, save):
    """seconds of each page; without a list of what is wanted, links are followed"""
    seconds, lock = {}, threading.Lock()
    waiting, known, busy = list(wanted or ["/"]), set(wanted or ["/"]), [0]

    def work():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                path = waiting.pop(0) if waiting else None
                if path is None and not busy[0]:
                    return
                busy[0] += path is not None
            if path is None:
                time.sleep(0.01)
                continue
            status, took, body = get(connection, path, cookie)
            with lock:
                busy[0] -= 1
                if status != 200:
                    print(f"{path}: status {status}", flush=True)
                    continue
                seconds[path] = took
                for link in [] if wanted else links(body):
                    if link not in known and len(known) < most:
                        known.add(link)
                        waiting.append(link)
                if save:
                    with open(os.path.join(save, hashlib.sha256(path.encode()).hexdigest()[:16] + ".html"), "wb") as f:
                        f.write(path.encode() + b"\n" + body)

    threads = [threading.Thread(target=work) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def told(what, seconds):
    ordered = sorted(seconds.values())
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
    worst = max(seconds, key=seconds.get)
    print(f"{what}: {len(ordered)} pages, median {at(0.5):.0f} ms, 95th percentile {at(0.95):.0f} ms, longest {at(1):.0f} ms ({worst})", flush=True)


def main():
    release = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "target")), "release")
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--config", required=True)
    ap.add_argument("--email", required=True)
    ap.add_argument("--password", required=True)
    ap.add_argument("--weir", default=os.path.join(release, "weir"))
    ap.add_argument("--port", type=int, default=8677)
    ap.add_argument("--readers", type=int, default=1)
    ap.add_argument("--most", type=int, default=100_000, help="read so many pages at most")
    ap.add_argument("--save", help="folder for the pages as they came")
    a = ap.parse_args()
    if a.save:
        os.makedirs(a.save, exist_ok=True)
    server = subprocess.Popen([a.weir, "--config", a.config, "serve", "--port", str(a.port)], stdout=subprocess.DEVNULL,
                              env={"WEIR_NOW": estate.NOW, **os.environ})
    try:
        for _ in range(600):
            try:
                http.client.HTTPConnection("127.0.0.1", a.port).connect()
                break
            except OSError:
                time.sleep(0.1)
        cookie = sign_in(a.port, a.email, a.password)
        first = read_all(a.port, cookie, a.readers, None, a.most, a.save)
        told("first visits", first)
        told("second visits", read_all(a.port, cookie, a.readers, sorted(first), a.most, None))
        with open(f"/proc/{server.pid}/status", encoding="ascii") as f:
            print("largest memory:", next(line.split(":")[1].strip() for line in f if line.startswith("VmHWM")))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
