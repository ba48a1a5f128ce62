"""``modelops doctor``: what it prints, and the exit status that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from modelops.paths import StateHome
from modelops_server.cli.main import main


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit status and standard output."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    return int(ended.value.code or 0), capsys.readouterr().out


def test_it_speaks_of_every_area_and_ends_as_its_verdict_says(
    capsys: pytest.CaptureFixture[str], home: StateHome
) -> None:
    status, out = doctor(capsys, "--json")
    document = json.loads(out)
    areas = {"python", "packages", "processor", "memory", "accelerator", "kernels", "jupyter", "storage"}
    assert {finding["area"] for finding in document["findings"]} == areas
    blocked = [finding for finding in document["findings"] if finding["required"] and finding["state"] != "ok"]
    assert (status, document["ready"]) == ((1, False) if blocked else (0, True))


def test_whatever_is_missing_comes_with_what_mends_it(capsys: pytest.CaptureFixture[str], home: StateHome) -> None:
    _, out = doctor(capsys, "--json")
    for finding in json.loads(out)["findings"]:
        assert finding["state"] in ("ok", "missing", "unavailable")
        assert finding["mend"] or finding["state"] != "missing", finding


def test_a_machine_that_cannot_run_the_main_job_is_told_why_and_what_to_do(
    capsys: pytest.CaptureFixture[str], home: StateHome
) -> None:
    home.keys.mkdir(parents=True)
    home.keys.chmod(0o755)
    status, out = doctor(capsys)
    assert status == 1
    assert "Not ready to fine-tune a model: " in out
    assert f"chmod 700 {home.keys}" in out


def test_it_imports_neither_torch_nor_jupyter_server_and_makes_nothing(home: StateHome) -> None:
    program = (
        "import sys\nfrom modelops_server.cli.main import main\n"
        "try:\n    main(['doctor', '--json'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'torch', 'transformers', 'jupyter_server', 'papermill'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    assert not home.root.exists()
