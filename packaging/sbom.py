#!/usr/bin/env python3
"""Writes what is built into weir as a CycloneDX 1.5 bill of materials, from Cargo's own data, without a network.

packaging/sbom.py > weir.cdx.json          the ordinary build
packaging/sbom.py cluster > weir.cdx.json  with the feature cluster
"""
import json
import re
import subprocess
import sys


def main() -> None:
    features = [f"weir/{name}" for name in sys.argv[1:]]
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host()]
    command += ["--features", ",".join(features)] if features else []
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = next(id for id, package in packages.items() if package["name"] == "weir" and package["source"] is None)
    reached, waiting = set(), [root]
    while waiting:
        at = waiting.pop()
        if at not in reached:
            reached.add(at)
            waiting.extend(built_with(nodes[at]))
    checksums = locked_checksums(metadata["workspace_root"] + "/Cargo.lock")
    components = [component(packages[id], checksums) for id in sorted(reached - {root}, key=lambda id: reference(packages[id]))]
    own = packages[root]
    print(json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": reference(own), "name": "weir", "version": own["version"],
                                   "licenses": licences(own)}},
        "components": components,
        "dependencies": [
            {"ref": reference(packages[id]), "dependsOn": sorted(reference(packages[other]) for other in built_with(nodes[id]))}
            for id in sorted(reached, key=lambda id: reference(packages[id]))
        ],
    }, indent=1))


def host() -> str:
    told = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return re.search(r"^host: (\S+)$", told, re.M).group(1)


def built_with(node: dict) -> list:
    """What goes into the program, or is run to build it; not what only tests use."""
    return [dep["pkg"] for dep in node["deps"] if any(kind["kind"] in (None, "build") for kind in dep["dep_kinds"])]


def reference(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, checksums: dict) -> dict:
    found = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"],
             "purl": reference(package), "licenses": licences(package)}
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def licences(package: dict) -> list:
    expression = (package.get("license") or "").replace("/", " OR ")
    return [{"expression": expression}] if expression else []


def locked_checksums(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    pattern = r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"'
    return {(name, version): checksum for name, version, checksum in re.findall(pattern, text)}


main()
