"""Contexts are resumed where they were saved, and one process runs at a time."""

import mmap
import os
import signal

import pytest

from exokernel.model.turns import Turns


def test_a_context_is_resumed_where_it_was_saved() -> None:
    turns = Turns()
    trace = mmap.mmap(-1, 16)

    def machine() -> None:
        ticket = turns.next_ticket()
        local = 7
        state = turns.save(ticket)
        if state is None:
            local = 8
            trace[0] = local
            turns.resume(ticket, {"passed": 5})
        trace[1] = local
        turns.finish((state["passed"], os.getpid()))

    passed, process = turns.run(machine)
    assert (passed, trace[0], trace[1]) == (5, 8, 7)
    assert process != os.getpid()


def test_many_contexts_take_turns() -> None:
    turns = Turns()
    total = mmap.mmap(-1, 1)

    def machine() -> None:
        waiting: list[int] = []
        for number in range(5):
            ticket = turns.next_ticket()
            state = turns.save(ticket)
            if state is not None:
                total[0] += number
                if not state:
                    turns.finish(total[0])
                turns.resume(state[0], state[1:])
            waiting.append(ticket)
        turns.resume(waiting[0], waiting[1:])

    assert turns.run(machine) == 0 + 1 + 2 + 3 + 4


def test_a_context_can_be_resumed_once() -> None:
    turns = Turns()

    def machine() -> None:
        ticket = turns.next_ticket()
        if turns.save(ticket) is not None:
            try:
                turns.resume(ticket, 1)
            except LookupError:
                turns.finish("refused")
        turns.resume(ticket, 1)

    assert turns.run(machine) == "refused"


def test_a_machine_that_breaks_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError):
        Turns().run(lambda: 1 // 0)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_an_interrupt_is_for_who_waits() -> None:
    """Once it came to a process that had just been forked, and Python told of it where nobody was to be told."""
    turns = Turns()

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        turns.save(turns.next_ticket())
        os.kill(os.getpid(), signal.SIGINT)
        turns.finish("went on")

    assert turns.run(interrupted) == "went on"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_who_waits_can_be_interrupted_also_when_there_are_no_more_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(BlockingIOError):
        Turns().run(lambda: None)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_the_names_of_contexts_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exokernel.model.turns.CONTEXTS", 4)
    turns = Turns()

    def machine() -> None:
        for number in range(20):
            ticket = turns.next_ticket()
            if turns.save(ticket) is None:
                turns.resume(ticket, number)
        turns.finish("all of them")

    assert turns.run(machine) == "all of them"
