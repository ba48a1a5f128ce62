"""lm-evaluation-harness, unchanged, asks an endpoint."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from made_environments import made_lm_eval

from modelops.client import Endpoint
from modelops_server.environments import Environment

__all__ = ["made_lm_eval"]

TASKS = Path(__file__).parents[2] / "notebooks" / "lm-eval-tasks"


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_task_is_scored_over_the_api(endpoint: Endpoint, made_lm_eval: Environment, tmp_path: Path) -> None:
    found = endpoint.openai
    arguments = f"model={endpoint.name},base_url={found['base_url']}chat/completions,num_concurrent=2,max_retries=1"
    command = [made_lm_eval.python, "-m", "lm_eval", "run", "--model", "local-chat-completions"]
    command += ["--model_args", arguments, "--apply_chat_template", "--tasks", "python_values", "--include_path", "."]
    command += ["--output_path", tmp_path / "scores.json"]
    environment = {**os.environ, "OPENAI_API_KEY": found["api_key"], "HF_HUB_OFFLINE": "1"}

    subprocess.run(command, cwd=TASKS, env=environment, check=True, capture_output=True)

    [written] = tmp_path.glob("scores_*.json")
    scores = json.loads(written.read_text())
    assert scores["n-samples"]["python_values"]["effective"] == 16
    passed = endpoint.refresh().record["traffic"]
    assert (passed["requests"], passed["errors"]) == (16, 0)
    assert passed["tokens"] >= 16
