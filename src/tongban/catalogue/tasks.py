"""Background work of the catalogue and of the workbooks that it knows."""

from procrastinate.contrib.django import app

from tongban.catalogue import imports
from tongban.directory import queries as directory
from tongban.kernel import jobs


@app.task(name=imports.TASK, retry=jobs.AGAIN)
def go_through_import(import_id: int) -> None:
    """Hold a workbook against what is there, or write it."""
    imports.go_through(import_id, at=directory.now())
