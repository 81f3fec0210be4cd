"""The process that reads pictures: a line with a job on its standard input, a line with the answer on its output."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.imaging.apart.reader import ARRAY, REPORT, SEGMENTATION
from app.inference.child import bound, output
from app.inference.errors import NotAnalysableError, Refusal

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from app.inference.volume import Volume


def main() -> None:
    """Read a series; then, where its result comes back, write that down. What libraries print goes nowhere."""
    job = json.loads(sys.stdin.buffer.readline())
    folder = Path(job["folder"])
    slices: list[Dataset] = []
    with output() as out:
        bound(
            memory_bytes=job["memory_bytes"], seconds=2 * job["seconds"]
        )  # two questions, each with its time
        _tell(out, lambda: _read(folder, job["names"], slices))
        for line in sys.stdin.buffer:  # none where nobody has to write anything down
            _tell(out, lambda: _write(folder, json.loads(line), slices))  # noqa: B023 - called at once


def _tell(out: Any, work: Any) -> None:
    try:
        told = work()
    except NotAnalysableError as error:
        told = {"kind": "refused", "refusal": error.refusal, "details": dict(error.details)}
    except MemoryError:  # with the same limit it fails again
        told = {"kind": "refused", "refusal": Refusal.TOO_LARGE, "details": {}}
    except Exception as error:  # noqa: BLE001 - the house says it by its name; the text may quote a patient
        told = {"kind": "permanent", "reason": type(error).__name__}
    json.dump(told, out)
    out.write("\n")
    out.flush()


def _read(folder: Path, names: list[str], slices: "list[Dataset]") -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - behind the limits

    from app.imaging.apart import pictures  # noqa: PLC0415 - as above
    from app.inference import handing  # noqa: PLC0415 - as above

    volume: Volume = pictures.volume_of(folder / name for name in names)
    slices += pictures.in_order(volume, [folder / name for name in names])
    np.save(folder / ARRAY, volume.stored, allow_pickle=False)
    return {"said": handing.written(volume)}


def _write(folder: Path, job: dict[str, Any], slices: "list[Dataset]") -> dict[str, Any]:
    from app.imaging.apart import documents  # noqa: PLC0415 - highdicom, where there is something to write down
    from app.inference import answers  # noqa: PLC0415 - behind the limits

    first = slices[0]
    result = answers.read(job["result"], (len(slices), int(first.Rows), int(first.Columns)))
    found = documents.written(job["key"], result, slices, at=datetime.fromisoformat(job["at"]))
    if found.segmentation is not None:
        (folder / SEGMENTATION).write_bytes(found.segmentation)
    (folder / REPORT).write_bytes(found.report)
    return {"is_marked": found.segmentation is not None}


if __name__ == "__main__":
    main()
