"""One minute of fire: parts are killed, the disk fills, lines drop; what was acknowledged is there exactly once."""

import errno
import resource
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fire import burning, fire

MINUTES = 1.0


@pytest.mark.article("S3", "C12", "P26")
class TestFire:
    def test_loses_nothing_doubles_nothing_and_leaves_nothing_behind(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = fire.burn(minutes=MINUTES, seed=secrets.randbelow(2**31))
        said = "\n".join(report.lines())
        with capsys.disabled():
            print(f"\n{said}")
        assert report.is_clean, said
        assert report.kills >= 2 and report.cases > 0 and report.tally.retries > 0, (
            "no fire: it proves nothing"
        )


class TestFilling:
    def test_without_root_a_process_is_kept_from_writing_and_let_write_again(self, tmp_path: Path) -> None:
        """Where no disk may be mounted: the way of equal effect."""
        write = (
            "import sys\n"
            "for line in sys.stdin:\n"
            "    try:\n"
            f"        open({str(tmp_path / 'file')!r}, 'wb', buffering=0).write(b'x')\n"
            "        print('written', flush=True)\n"
            "    except OSError as error:\n"
            "        print(error.errno, flush=True)\n"
        )
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", write], stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin and process.stdout
            said = []
            for size in (0, resource.RLIM_INFINITY):
                burning._limit([process.pid], size)
                process.stdin.write("go\n")
                process.stdin.flush()
                said.append(process.stdout.readline().strip())
            process.stdin.close()
        assert said == [str(errno.EFBIG), "written"]
