import dataclasses
import datetime
import io

import pypdf
import pytest

from tests.notices.conftest import AT, MakeForm
from tongban.kernel import crypto, ids, keyring
from tongban.notices import pdf, signature
from tongban.notices.wording import Kind

OTHER = crypto.SigningKey.generate()


@pytest.fixture
def public_pem() -> str:
    return keyring.current().public_pem


@pytest.fixture
def about() -> signature.Statement:
    return signature.Statement(Kind.RECEIPT, ids.new_id(AT), ids.new_id(AT), AT, crypto.sm3(b"form"))


@pytest.fixture
def small(about: signature.Statement) -> bytes:
    return signature.sign_file(b"%PDF-1.7\nsmall\n%%EOF\n", about=about, sign=keyring.current().sign)


@pytest.mark.article("C4", "F1", "F2")
class TestVerifyFile:
    def test_tells_what_a_genuine_form_is(self, make_form: MakeForm, public_pem: str) -> None:
        data = make_form()
        said = signature.verify_file(pdf.render(data), public_pem)
        assert (said.kind, said.serial, said.number) == (Kind.RECEIPT, data.serial, data.number)
        assert said.issued_at == AT

    def test_refuses_a_file_in_which_any_byte_differs(self, small: bytes, public_pem: str) -> None:
        signature.verify_file(small, public_pem)
        for place in range(len(small)):
            changed = bytearray(small)
            changed[place] ^= 1
            with pytest.raises(signature.NotGenuine):
                signature.verify_file(bytes(changed), public_pem)

    @pytest.mark.parametrize(
        "change", [lambda d: d + b"\n", lambda d: d[:-1], lambda d: b" " + d, lambda d: b""]
    )
    def test_refuses_a_file_that_is_longer_or_shorter(self, small: bytes, public_pem: str, change) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(signature.NotGenuine):
            signature.verify_file(change(small), public_pem)

    def test_refuses_pages_added_behind_the_signature(self, make_form: MakeForm, public_pem: str) -> None:
        writer = pypdf.PdfWriter(io.BytesIO(pdf.render(make_form())), incremental=True)
        writer.add_blank_page(100, 100)
        out = io.BytesIO()
        writer.write(out)
        with pytest.raises(signature.NotGenuine):
            signature.verify_file(out.getvalue(), public_pem)

    def test_refuses_the_signature_of_another_key(self, small: bytes) -> None:
        with pytest.raises(signature.NotGenuine):
            signature.verify_file(small, OTHER.public_key().to_pem())

    def test_leaves_a_pdf_that_readers_open_without_complaint(self, make_form: MakeForm) -> None:
        assert len(pypdf.PdfReader(io.BytesIO(pdf.render(make_form())), strict=True).pages) == 3


@pytest.mark.article("C4", "F1", "F2")
class TestVerifyStatement:
    def test_tells_what_the_code_on_paper_states(self, about: signature.Statement, public_pem: str) -> None:
        text = signature.write_statement(about, sign=keyring.current().sign)
        said = signature.verify_statement(text, public_pem)
        assert said == dataclasses.replace(about, issued_at=AT)
        assert said.number == ids.number_of(about.case_id)

    def test_reads_the_address_in_the_code_of_a_form(self, make_form: MakeForm, public_pem: str) -> None:
        data = make_form(Kind.CORRECTION)
        drawn = pdf.draw(data)
        said = signature.verify_statement(pdf.address_of(drawn.statement), public_pem)
        assert (said.kind, said.serial, said.data_digest) == (
            Kind.CORRECTION,
            data.serial,
            pdf.digest_of(data),
        )

    def test_is_the_very_code_that_the_form_shows(
        self, make_form: MakeForm, public_pem: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown = []
        draw_code = pdf.qr
        monkeypatch.setattr(pdf, "qr", lambda address: shown.append(address) or draw_code(address))  # type: ignore[func-returns-value]
        data = make_form()
        pdf.render(data)
        assert signature.verify_statement(shown[0], public_pem).serial == data.serial

    def test_refuses_a_statement_in_which_any_character_differs(
        self, about: signature.Statement, public_pem: str
    ) -> None:
        text = signature.write_statement(about, sign=keyring.current().sign)
        for place in range(len(text)):
            other = "A" if text[place] != "A" else "B"
            with pytest.raises(signature.NotGenuine):
                signature.verify_statement(text[:place] + other + text[place + 1 :], public_pem)

    @pytest.mark.parametrize("text", ["", "?s=", "中文", "A" * 163, "="])
    def test_refuses_what_is_no_statement(self, text: str, public_pem: str) -> None:
        with pytest.raises(signature.NotGenuine):
            signature.verify_statement(text, public_pem)

    def test_refuses_a_signature_that_was_made_over_a_file(
        self, about: signature.Statement, public_pem: str
    ) -> None:
        text = signature.write_statement(
            about, sign=lambda body: keyring.current().sign(body.partition(b"\n")[2])
        )
        with pytest.raises(signature.NotGenuine):
            signature.verify_statement(text, public_pem)

    def test_keeps_time_to_the_second_in_office_time(
        self, about: signature.Statement, public_pem: str
    ) -> None:
        text = signature.write_statement(about, sign=keyring.current().sign)
        said = signature.verify_statement(text, public_pem)
        assert said.issued_at.utcoffset() == datetime.timedelta(hours=8)
