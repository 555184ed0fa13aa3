"""What the product is built of, shown to those who must answer for it.

python -m tongban.command.supply licences   fail when a part comes under a licence that is not on the list
python -m tongban.command.supply audit      fail when a part has a known hole; say so when nobody can be asked
python -m tongban.command.supply sbom       write build/sbom.cdx.json, a CycloneDX bill of materials
"""

import argparse
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from tongban.command import licences

BILL = licences.CHECKOUT / "build/sbom.cdx.json"
PATIENCE = 120.0  # seconds that an audit may take
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


@dataclass
class Audit:
    """What was asked of a service of known holes: how many parts it knew, what it found, or why it said nothing."""

    what: str
    known: int = 0
    unknown: int = 0
    holes: list[str] = field(default_factory=list)
    silence: str = ""

    def lines(self) -> list[str]:
        """Say it, a sentence a line."""
        if self.silence:
            return [f"{self.what}: the audit could not be had ({self.silence})."]
        said = [f"{self.what}: {len(self.holes)} known holes in {self.known} parts."]
        if self.unknown:
            said.append(f"{self.what}: {self.unknown} parts are not known to the service.")
        return [*said, *self.holes]


def audit_python(run: Run | None = None) -> Audit:
    """Ask PyPI's service for known holes in what requirements.lock names."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format=json"]
    command += ["--progress-spinner=off", f"--requirement={licences.PYTHON_LOCK}", "--timeout=10"]
    found = Audit("Python")
    said = _said(command, found, run=run or _run)
    for part in said.get("dependencies", []):
        if "vulns" not in part:
            found.unknown += 1
            continue
        found.known += 1
        for hole in part["vulns"]:
            mended = ", ".join(hole.get("fix_versions") or []) or "no release"
            found.holes.append(f"{part['name']} {part['version']}: {hole['id']}, mended in {mended}")
    if not found.silence and not found.known:
        found.silence = "the service knows none of the parts"
    return found


def audit_npm(run: Run | None = None) -> Audit:
    """Ask npm's service for known holes in what package-lock.json names."""
    found = Audit("npm")
    npm = shutil.which("npm")
    if npm is None:
        found.silence = "npm is not installed"
        return found
    command = [npm, "audit", "--json", "--package-lock-only", "--fetch-retries=0", "--fetch-timeout=10000"]
    said = _said(command, found, run=run or _run)
    if found.silence:
        return found
    if "vulnerabilities" not in said:
        found.silence = str(said.get("message") or "no answer").split(" - ")[0]
        return found
    found.known = int(said.get("metadata", {}).get("dependencies", {}).get("total", 0))
    for name, hole in said["vulnerabilities"].items():
        titles = [via["title"] for via in hole.get("via", []) if isinstance(via, Mapping)]
        found.holes += [f"{name} {hole.get('range', '')}: {title}" for title in titles]
    return found


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=licences.CHECKOUT
    )


def _said(command: Sequence[str], audit: Audit, *, run: Run) -> dict[str, Any]:
    """Run a program that answers in JSON; what keeps it from answering is noted as the audit's silence."""
    try:
        done = run(command)
        said = json.loads(done.stdout or "null")
    except subprocess.TimeoutExpired:
        audit.silence = f"no answer within {PATIENCE:.0f} s"
        return {}
    except (OSError, ValueError):
        said = None
        done = None
    if not isinstance(said, dict):
        last = (done.stderr if done else "").strip().splitlines()[-1:]
        audit.silence = re.sub(r"https?://\S+", "the service", last[0])[:160] if last else "no answer"
        return {}
    return said


def bill() -> dict[str, Any]:
    """Give the bill of materials: every locked part with version, digests, licence, and who needs it."""
    parts = [*licences.python_parts(), *licences.npm_parts()]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _fingerprint())}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "tongban",
                "name": "tongban",
                "version": importlib.metadata.version("tongban"),
            },
        },
        "components": [_component(part) for part in parts],
        "dependencies": _dependencies(parts),
    }


def _fingerprint() -> str:
    """Name the two locks: the same locks make the same bill."""
    return f"{licences.PYTHON_LOCK.read_text()}{licences.NPM_LOCK.read_text()}"


def _component(part: licences.Part) -> dict[str, Any]:
    reference = _reference(part)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": part.name,
        "version": part.version,
        "purl": reference,
        # "excluded" is CycloneDX's word for what is used to build and test, and is not deployed.
        "scope": "excluded" if part.is_for_development else "required",
        "licenses": [{"expression": part.licence}] if part.licence != licences.UNKNOWN else [],
    }
    if part.source == "npm":
        component["hashes"] = [{"alg": "SHA-512", "content": digest} for digest in part.digests]
    else:  # a release on PyPI is many files; each has a digest of its own
        page = f"https://pypi.org/project/{part.name}/{part.version}/"
        hashes = [{"alg": "SHA-256", "content": digest} for digest in part.digests]
        component["externalReferences"] = [{"type": "distribution", "url": page, "hashes": hashes}]
    return component


def _reference(part: licences.Part) -> str:
    return f"pkg:{part.source}/{part.name.replace('@', '%40')}@{part.version}"


def _dependencies(parts: Sequence[licences.Part]) -> list[dict[str, Any]]:
    """Say which part needs which, as far as the locks and the installed packages tell."""
    python = {part.name: _reference(part) for part in parts if part.source == "pypi"}
    rows = [
        {
            "ref": "tongban",
            "dependsOn": sorted(
                python[name] for name in _direct(licences.project()["dependencies"]) if name in python
            )
            + sorted(_reference(p) for p in parts if p.source == "npm" and not p.is_for_development),
        }
    ]
    for name, reference in python.items():
        try:
            wanted = _direct(importlib.metadata.requires(name) or [])
        except importlib.metadata.PackageNotFoundError:
            wanted = set()
        rows.append({"ref": reference, "dependsOn": sorted(python[w] for w in wanted if w in python)})
    return rows + [{"ref": _reference(part)} for part in parts if part.source == "npm"]


def _direct(wanted: Sequence[str]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in licences.held(wanted)}


def _licences() -> int:
    unfit = licences.unfit([*licences.python_parts(), *licences.npm_parts()])
    for line in unfit:
        print(f"A licence that is not on the list: {line}", file=sys.stderr)
    return 1 if unfit else 0


def _audit() -> int:
    audits = [audit_python(), audit_npm()]
    for line in [line for audit in audits for line in audit.lines()]:
        print(f"audit: {line}")
    return 1 if any(audit.holes for audit in audits) else 0


def _sbom() -> int:
    BILL.parent.mkdir(parents=True, exist_ok=True)
    BILL.write_text(json.dumps(bill(), indent=2, ensure_ascii=False) + "\n")
    print(f"{BILL.relative_to(licences.CHECKOUT)}: {len(bill()['components'])} parts")
    return 0


ACTIONS = {"licences": _licences, "audit": _audit, "sbom": _sbom}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=ACTIONS)
    return ACTIONS[parser.parse_args(arguments).action]()


if __name__ == "__main__":
    sys.exit(main())
