"""What the figures beside busy processes are made of, and that nothing outlives a measurement."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from bench.neighbours import ALONE, FORMER, NOW, Answer, Cell, cells, loops, requests, table
from bench.quota import quota_group, stopped_beyond, used_s


def answers(arrangement: str, circumstance: str, *times: tuple[int, float], whole: bool = True) -> list[Answer]:
    return [Answer(arrangement, circumstance, question, ms, 10, whole) for question, ms in times]


def test_each_answer_is_compared_with_the_same_question_alone_in_the_same_arrangement() -> None:
    found = cells(
        [
            *answers(NOW, ALONE, (0, 100), (1, 1000), (0, 120)),
            *answers(FORMER, ALONE, (0, 50)),
            *answers(NOW, "beside 4 busy", (0, 330), (1, 4000), (0, 220)),
            *answers(FORMER, "beside 4 busy", (0, 5000), (7, 1)),  # question 7 was never asked alone
        ]
    )
    ratios = {(cell.arrangement, cell.circumstance): (cell.ratio, cell.answers) for cell in found}
    assert ratios[NOW, ALONE] == (1, 3)
    assert ratios[NOW, "beside 4 busy"] == (3, 3)
    assert ratios[FORMER, "beside 4 busy"] == (100, 2)


def test_a_median_that_was_cut_is_a_lower_bound() -> None:
    alone = answers(FORMER, ALONE, (0, 100))
    slow = answers(FORMER, "busy", (0, 900), whole=False) + answers(FORMER, "busy", (0, 400))
    assert [cell.cut for cell in cells([*alone, *slow])] == [False, True]
    slow += answers(FORMER, "busy", (0, 300))
    assert [cell.cut for cell in cells([*alone, *slow])] == [False, False]


def test_the_table_has_a_line_a_circumstance() -> None:
    head, alone, busy = table(
        [
            Cell(NOW, ALONE, 8, 1500, 1, cut=False),
            Cell(FORMER, ALONE, 8, 1600, 1, cut=False),
            Cell(NOW, "beside 4 busy", 4, 6000, 4.04, cut=False),
            Cell(FORMER, "beside 4 busy", 1, 20000, 13.1, cut=True),
        ]
    )
    assert head.split() == ["now", "of", "alone", "former", "of", "alone", "answers"]
    assert alone.split()[-1] == "8+8"
    assert busy.split() == ["beside", "4", "busy", "6,000", "ms", "4.04", ">20,000", "ms", ">13.10", "4+1"]
    assert "–" in table([Cell(NOW, ALONE, 8, 1500, 1, cut=False)])[1]


def test_the_questions_are_asked_with_a_fact_and_the_adapter() -> None:
    asked = requests()
    assert len({request.messages for request in asked}) == 8
    assert all(request.adapter and request.adapter.is_file() for request in asked)


def test_loops_end_with_their_context() -> None:
    before = set(psutil.Process().children())
    with loops(2):
        running = set(psutil.Process().children()) - before
        assert len(running) == 2
    assert not any(process.is_running() for process in running)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_beyond_its_time_is_stopped_for_the_rest_of_each_period() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            time.sleep(0.2)
            with stopped_beyond(process.pid, 0.3):
                began, used = time.monotonic(), used_s(process.pid)
                time.sleep(1)
                share = (used_s(process.pid) - used) / (time.monotonic() - began)
        finally:
            process.kill()
    assert 0.02 < share < 0.5  # a busy machine gives it less, never more


def test_a_group_is_gone_after_it_was_used() -> None:
    with quota_group(0.5) as folder:
        assert folder is None or folder.is_dir()
    assert folder is None or not folder.exists()
    assert used_s(os.getpid()) > 0 or sys.platform != "linux"
