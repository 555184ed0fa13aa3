import builtins
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.kernel import crypto

TONGSUO = crypto.TongsuoEngine()
GMALG = crypto.GmalgEngine()
ENGINES = pytest.mark.parametrize("engine", [TONGSUO, GMALG], ids=["tongsuopy", "gmalg"])

# GB/T 32918.5-2017, annex A: key, message and signature on the recommended curve.
SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
POINT = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


class TestSm3:
    def test_gives_the_digests_of_the_standard(self) -> None:
        # GB/T 32905-2016, annex A
        assert crypto.sm3(b"abc").hex() == (
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        )
        assert crypto.sm3(b"abcd" * 16).hex() == (
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
        )

    def test_keyed_digest_follows_the_definition_of_hmac(self) -> None:
        key = b"k" * 32
        inner = bytes(b ^ 0x36 for b in key.ljust(64, b"\0"))
        outer = bytes(b ^ 0x5C for b in key.ljust(64, b"\0"))
        assert crypto.hmac_sm3(key, b"text") == crypto.sm3(outer + crypto.sm3(inner + b"text"))


class TestSeal:
    @given(plain=st.binary(max_size=200), about=st.binary(max_size=20))
    def test_opens_to_what_was_sealed(self, plain: bytes, about: bytes) -> None:
        key = crypto.new_key()
        assert crypto.open_sealed(key, crypto.seal(key, plain, about=about), about=about) == plain

    def test_never_seals_twice_alike(self) -> None:
        key = crypto.new_key()
        assert crypto.seal(key, b"x", about=b"") != crypto.seal(key, b"x", about=b"")

    def test_refuses_when_any_bit_changed(self) -> None:
        key = crypto.new_key()
        sealed = crypto.seal(key, b"text", about=b"a")
        for bit in range(len(sealed) * 8):
            changed = bytearray(sealed)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(crypto.Tampered):
                crypto.open_sealed(key, bytes(changed), about=b"a")

    def test_refuses_when_cut_short(self) -> None:
        key = crypto.new_key()
        sealed = crypto.seal(key, b"text", about=b"a")
        for length in range(len(sealed)):
            with pytest.raises(crypto.Tampered):
                crypto.open_sealed(key, sealed[:length], about=b"a")

    def test_refuses_another_key_or_another_place(self) -> None:
        key = crypto.new_key()
        sealed = crypto.seal(key, b"text", about=b"a")
        with pytest.raises(crypto.Tampered):
            crypto.open_sealed(crypto.new_key(), sealed, about=b"a")
        with pytest.raises(crypto.Tampered):
            crypto.open_sealed(key, sealed, about=b"b")


class TestSignature:
    @ENGINES
    def test_agrees_with_the_standard(self, engine: crypto.Engine) -> None:
        key = crypto.PublicKey(POINT, engine=engine)
        assert crypto.SigningKey(SECRET, engine=engine).public_key().to_pem() == key.to_pem()
        assert key.verify(b"message digest", SIGNATURE)
        assert not key.verify(b"message digesT", SIGNATURE)

    @pytest.mark.parametrize(
        ("signer", "checker"), [(TONGSUO, GMALG), (GMALG, TONGSUO)], ids=["to gmalg", "to us"]
    )
    @given(message=st.binary(max_size=300))
    @settings(max_examples=10, deadline=None)
    def test_is_understood_by_the_other_library(
        self, signer: crypto.Engine, checker: crypto.Engine, message: bytes
    ) -> None:
        pem = crypto.SigningKey.generate().to_pem()
        key = crypto.SigningKey.from_pem(pem, engine=signer)
        signature = key.sign(message)
        other = crypto.PublicKey.from_pem(key.public_key().to_pem(), engine=checker)
        assert len(signature) == 64
        assert other.verify(message, signature)
        assert not other.verify(message + b"!", signature)

    @ENGINES
    def test_is_false_for_every_malformed_signature(self, engine: crypto.Engine) -> None:
        key = crypto.PublicKey(POINT, engine=engine)
        order = crypto.CURVE_ORDER.to_bytes(32, "big")
        r, s = SIGNATURE[:32], SIGNATURE[32:]
        for bad in (
            b"",
            b"x" * 64,
            SIGNATURE + b"\0",
            bytes(32) + s,
            r + bytes(32),
            order + s,
            r + order,
            s + r,
        ):
            assert key.verify(b"message digest", bad) is False

    @ENGINES
    def test_refuses_a_point_that_is_not_on_the_curve(self, engine: crypto.Engine) -> None:
        with pytest.raises(crypto.BadKey):
            crypto.PublicKey(POINT[:-1] + b"\x14", engine=engine)

    def test_falls_back_where_tongsuopy_cannot_be_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def without(name: str, *rest: object, **more: object) -> object:
            if name.startswith("tongsuopy"):
                raise ImportError(name)
            return real(name, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(builtins, "__import__", without)
        assert isinstance(crypto._best_engine(), crypto.GmalgEngine)


class TestPem:
    def test_is_read_back(self) -> None:
        key = crypto.SigningKey.generate()
        public = crypto.PublicKey.from_pem(key.public_key().to_pem())
        assert public.verify(b"m", crypto.SigningKey.from_pem(key.to_pem()).sign(b"m"))

    def test_is_written_as_tongsuopy_writes_it(self) -> None:
        from tongsuopy.crypto import serialization  # type: ignore[import-untyped]

        key = crypto.SigningKey.generate()
        theirs = serialization.load_pem_private_key(key.to_pem().encode(), None)
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        assert (
            theirs.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode() == key.to_pem()
        )
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        assert theirs.public_key().public_bytes(encoding, form).decode() == key.public_key().to_pem()

    @pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
    def test_is_read_by_openssl(self, tmp_path: Path) -> None:
        key = crypto.SigningKey.generate()
        (tmp_path / "key.pem").write_text(key.to_pem())
        command = ["openssl", "pkey", "-in", str(tmp_path / "key.pem"), "-pubout"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
            key.public_key().to_pem()
        )

    @pytest.mark.parametrize("text", ["", "-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----", "AAAA"])
    def test_refuses_what_is_no_key(self, text: str) -> None:
        with pytest.raises(crypto.BadKey):
            crypto.PublicKey.from_pem(text)
        with pytest.raises(crypto.BadKey):
            crypto.SigningKey.from_pem(re.sub("PUBLIC", "PRIVATE", text))

    def test_refuses_a_private_key_with_the_public_half_of_another(self) -> None:
        one, other = crypto.SigningKey.generate(), crypto.SigningKey.generate()
        mixed = crypto._read_pem(one.to_pem(), "PRIVATE KEY")[:-64] + other._point
        with pytest.raises(crypto.BadKey):
            crypto.SigningKey.from_pem(crypto._write_pem(mixed, "PRIVATE KEY"))

    @pytest.mark.parametrize(
        "secret", [bytes(32), b"\xff" * 32, b"short", (crypto.CURVE_ORDER - 1).to_bytes(32, "big")]
    )
    def test_refuses_a_secret_out_of_range(self, secret: bytes) -> None:
        with pytest.raises(crypto.BadKey):
            crypto.SigningKey(secret)
