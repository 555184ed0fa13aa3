"""What we take in: how large, of which kind, under which name."""

import math
from pathlib import PurePosixPath

from tongban.documents.models import NAME_LENGTH, MediaType
from tongban.kernel import refusals, text

EXTENSIONS = {
    MediaType.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
    MediaType.PNG: (".png",),
    MediaType.PDF: (".pdf",),
}
# Scanners and web pages put a byte order mark or an empty line before a PDF's first bytes.
_BLANK = b"\xef\xbb\xbf\r\n\t \x00"
# The harmless string by which virus scanners are tested, in two halves lest one finds it here.
_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class UnfitFile(refusals.Incomplete):
    """“{name}”不能上传。请重新扫描或拍照后再试。"""


class EmptyFile(UnfitFile):
    """“{name}”是空文件，没有任何内容。请重新扫描或拍照后上传。"""


class TooLarge(UnfitFile):
    """“{name}”有 {size} MB，超过单个文件 {limit} MB 的上限。请降低扫描分辨率，或者拆成几个文件分别上传。"""


class WrongType(UnfitFile):
    """“{name}”不是 JPEG 图片、PNG 图片或 PDF 文件。请另存为其中一种格式后上传；手机拍的 HEIC 照片，请先在相机设置中选择“兼容性最佳”或 JPEG 格式再拍。"""  # noqa: E501


class WrongExtension(WrongType):
    """“{name}”的扩展名与内容不一致，内容其实是 {actual}。请核对是不是选错了文件；如果没有选错，请把扩展名改为 {extension} 后重新上传。"""  # noqa: E501


class Hostile(UnfitFile):
    """“{name}”含有危险内容，系统已拒收。请不要再次打开或上传这个文件，用窗口的扫描仪或相机重新采集原件，并告知系统管理员。"""


def check_size(data: bytes, *, name: str, limit: int) -> None:
    """Refuse an empty file and one above the limit (bytes)."""
    if not data:
        raise EmptyFile(name=name)
    if len(data) > limit:
        megabyte = 1024 * 1024
        raise TooLarge(
            name=name,
            size=math.ceil(len(data) / megabyte * 10) / 10,
            limit=limit // megabyte,
        )


def check_not_virus(data: bytes, *, name: str) -> None:
    """Refuse a file that carries the virus scanners' test string anywhere."""
    if _EICAR in data:
        raise Hostile(name=name)


def media_type_of(data: bytes, *, name: str) -> MediaType:
    """Tell from the first bytes what the file is; refuse every other kind, and a name that says otherwise."""
    if data.startswith(b"\xff\xd8\xff"):
        found = MediaType.JPEG
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        found = MediaType.PNG
    elif data[:64].lstrip(_BLANK).startswith(b"%PDF-"):
        found = MediaType.PDF
    else:
        raise WrongType(name=name)
    extension = PurePosixPath(name).suffix.lower()
    if extension and extension not in EXTENSIONS[found]:
        raise WrongExtension(name=name, actual=found.label, extension=EXTENSIONS[found][0])
    return found


def shown_name(name: str) -> str:
    """Give the name as we show and store it: no folders, nothing invisible, at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = text.clean_line(last).lstrip(". ")
    suffix = PurePosixPath(clean).suffix[:10]
    return clean if len(clean) <= NAME_LENGTH else clean[: NAME_LENGTH - len(suffix)] + suffix
