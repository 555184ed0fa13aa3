"""`tongban verify`: one document with nothing but the public key, or the whole journal with its seals."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from tongban.command.problems import Problem
from tongban.kernel import crypto, ids

if TYPE_CHECKING:
    from tongban.journal.operations import Fault

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban verify` understands."""
    parser.add_argument(
        "document",
        nargs="?",
        metavar="FILE",
        help="the PDF of a notice, or in quotes what its QR code holds; without it the journal is verified",
    )
    parser.add_argument(
        "--key", metavar="PEM", help="the published public key; default: this installation's own"
    )


def needs_database(options: argparse.Namespace) -> bool:
    """Only the journal lies in the database; a document proves itself."""
    return options.document is None


def run(options: argparse.Namespace) -> int:
    """Verify and print the finding; 0: all is genuine, 1: it is not."""
    if options.document is None:
        return _verify_journal()
    return _verify_document(options.document, _public_key(options.key))


def _public_key(path: str | None) -> str:
    place = Path(path) if path else Path(settings.TONGBAN_KEYS) / "public.pem"
    try:
        return place.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"The public key cannot be read from {place}; name its file with --key.") from error


def _verify_document(document: str, public_pem: str) -> int:
    from tongban.notices import signature

    try:
        if "?s=" in document:
            said: signature.Verified | signature.Statement
            said = signature.verify_statement(document, public_pem)
        else:
            said = signature.verify_file(_content(Path(document)), public_pem)
    except signature.NotGenuine:
        print("NOT GENUINE: not signed with this key, or changed since.")
        return 1
    except crypto.BadKey:
        raise Problem("That file holds no SM2 public key in PEM form.") from None
    print(
        f"Genuine: {said.kind} {ids.number_of(said.serial)} of case {said.number},"
        f" {said.issued_at.isoformat(timespec='minutes')}."
    )
    print("Whether it still counts, or was ever issued, only the /verify/ page can tell.")
    return 0


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error


def _verify_journal() -> int:
    from tongban.cases import queries as cases
    from tongban.journal import operations as journal

    faults = 0
    for fault in journal.verify(heads=cases.heads()):
        faults += 1
        if faults <= _SHOWN:
            print(f"BROKEN: {_place_of(fault)}: {fault.what}.")
    if faults > _SHOWN:
        print(f"… and {faults - _SHOWN} more.")
    if not faults:
        print("The journal is whole: every entry, every chain and every seal is as it was written.")
    return 1 if faults else 0


def _place_of(fault: "Fault") -> str:
    if fault.chain_id is None:
        return f"seal {fault.seq}"
    chain = f"case {ids.number_of(fault.chain_id)}" if fault.chain_id > 0 else f"chain {fault.chain_id}"
    return f"{chain}, entry {fault.seq}" if fault.seq is not None else chain
