"""The demo as a newcomer runs it: what it promises is what it prints, and running it again changes nothing."""

import json
import os
import subprocess
import sys

import pytest

from sansheng.demo.calls import scripted_calls


def _demo(home):
    environment = {**os.environ, "SANSHENG_HOME": str(home)}
    command = [sys.executable, "-m", "sansheng", "demo", "--once", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_demo_hears_and_judges_what_its_scripts_say(tmp_path):
    first = _demo(tmp_path / "home")
    again = _demo(tmp_path / "home")

    recordings = len(scripted_calls())
    assert (first["calls"], first["recordings"]) == (400, recordings)
    assert (first["transcribed"], first["scored"]) == (recordings, recordings)
    assert first["sampled"] >= 6, "every agent has a call in the sample"
    assert first["cer"] < 0.02
    assert max(first["cer_by_voice"].values()) < 0.05
    verdicts = first["verdicts"]
    judged = sum(verdicts.values())
    assert judged > 200
    assert verdicts["wrong"] <= 0.03 * judged, first["wrong"]
    assert verdicts["abstained"] < 0.15 * judged
    assert {**again, "seconds": 0} == {**first, "seconds": 0}


def test_the_demo_refuses_a_folder_with_real_calls(tmp_path):
    home = tmp_path / "home"
    log = tmp_path / "queue_log"
    log.write_text(
        "1795319308|1795319300.0|hotline|NONE|ENTERQUEUE||13800138000|1\n"
        "1795319311|1795319300.0|hotline|PJSIP/1|CONNECT|3|1795319308.1|3\n"
        "1795319319|1795319300.0|hotline|PJSIP/1|COMPLETEAGENT|3|8|1\n"
    )
    environment = {**os.environ, "SANSHENG_HOME": str(home), "SANSHENG_WEB_LOCALE": "en"}
    run = [sys.executable, "-m", "sansheng"]
    subprocess.run(
        [*run, "queue", "import", str(log)], env=environment, check=True, capture_output=True, timeout=60
    )

    refused = subprocess.run(
        [*run, "demo", "--once"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert refused.returncode == 1
    assert "real calls" in refused.stderr
    assert "Traceback" not in refused.stderr
    people = subprocess.run(
        [*run, "user", "list"], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "inspector" not in people.stdout, "nobody got the demo's password"
