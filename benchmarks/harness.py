"""SmolLM2-135M-Instruct by lm-evaluation-harness, through our template and by hand: is every number equal to the digit?

The template runs as a job, and loads the model that the registry holds. By hand, the harness's own command line loads
the exported files, in the number format that the template chose. The tasks are those of notebooks/lm-eval-tasks.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from common.workplace import MODEL, ROOT, command, provide, state_home

ENVIRONMENT, TASKS = "lm-eval", ("stdlib_modules", "python_values")
FOLDER = ROOT / "notebooks" / "lm-eval-tasks"
MISSING = "not reported"


def through_template(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the harness reports in the evaluation that a job made, and the settings of that evaluation."""
    options = ["-p", f"tasks={json.dumps(TASKS)}", "-p", f"task_folder={FOLDER}", "-p", f"model={MODEL}"]
    options += ["-p", "rows=2", "-p", "answers=0", "-p", "worst=0", "-p", "evaluation_name=benchmark-harness"]
    [ref] = command("run", "evaluate", *options)["artifacts"]
    command("artifacts", "export", ref, "--to", str(folder / "evaluation"))
    files = folder / "evaluation" / "files"
    settings: dict[str, Any] = json.loads((files / "evaluation.json").read_text())["settings"]
    return json.loads((files / "lm_eval.json").read_text()), settings


def by_hand(home: Path, folder: Path, dtype: str, device: str) -> dict[str, Any]:
    """What a person types who has lm_eval and the files of the model, and what it writes."""
    command("artifacts", "export", MODEL, "--to", str(folder / "model"))
    python = str(home / "environments" / ENVIRONMENT / "bin" / "python")
    arguments = f"pretrained={folder / 'model' / 'files'},dtype={dtype}"
    typed = [python, "-m", "lm_eval", "run", "--model", "hf", "--model_args", arguments, "--device", device]
    typed += ["--tasks", ",".join(TASKS), "--include_path", ".", "--output_path", str(folder / "hand.json")]
    done = subprocess.run([*typed, "--log_samples"], cwd=FOLDER, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    [written] = folder.glob("hand_*.json")
    found: dict[str, Any] = json.loads(written.read_text())
    return found


def measure(home: Path) -> dict[str, Any]:
    """Both, and every number of either beside that of the other."""
    provide([ENVIRONMENT])
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        ours, settings = through_template(Path(name))
        between = time.perf_counter()
        theirs = by_hand(home, Path(name), settings["dtype"], settings["device"])
        seconds = {"job": between - began, "by hand": time.perf_counter() - between}
    pairs = {
        f"{task} {key}": (ours["results"].get(task, {}).get(key, MISSING), value)
        for task, values in theirs["results"].items()
        for key, value in values.items()
        if "," in key and value != "N/A"  # which has no standard error
    }
    hashes = {name: task["task_sha256"] for name, task in settings["lm_eval"]["tasks"].items()}
    return {
        "lm_eval": settings["lm_eval"]["lm_eval"],
        "dtype": settings["dtype"],
        "seconds": seconds,
        "same_questions": hashes == theirs["task_hashes"],
        "numbers": {name: {"template": one, "by hand": other} for name, (one, other) in pairs.items()},
    }


def targets(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """That every number is the same."""
    numbers = result["numbers"].values()
    equal = sum(number["template"] == number["by hand"] for number in numbers)
    met = equal == len(numbers) > 0 and result["same_questions"]
    return {"numbers of lm-eval equal to the digit": {"value": equal, "target": len(numbers), "met": met}}


def print_text(result: dict[str, Any]) -> None:
    """The table for a person."""
    print(f"{MODEL} in {result['dtype']} by lm_eval {result['lm_eval']}")
    print(f"{'':<40}{'template':>22}{'by hand':>22}")
    for name, number in result["numbers"].items():
        same = "equal" if number["template"] == number["by hand"] else "DIFFERENT"
        print(f"{name:<40}{number['template']!r:>22}{number['by hand']!r:>22}  {same}")
    print(f"same questions, prompts and targets: {'yes' if result['same_questions'] else 'NO'}")
    print(f"the whole job took {result['seconds']['job']:.0f} s, by hand {result['seconds']['by hand']:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--home", type=Path, help="the state home to use, and to keep; default: one of its own")
    arguments = parser.parse_args()
    with state_home(arguments.home) as home:
        result = measure(home)
    result["targets"] = targets(result)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_text(result)


if __name__ == "__main__":
    main()
