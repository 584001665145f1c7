"""Budgets in many gateways at once, in a simulated world with delays, lost links and dead gateways."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_layer.contract.leases import Lease, Want
from control_layer.contract.snapshot import Budget, Enforcement
from control_layer.contract.windows import Period
from control_layer.control.leases.allotment import allot
from control_layer.gateway.policy.purse import Claim, Purse, Refusal, Reservation

NOTHING = Decimal(0)
NOON = 1_800_000_000.0


def budget(
    amount: str = "10",
    enforcement: Enforcement = "hard",
    period: Period = "total",
    rolling: bool = False,
    name: str = "b",
) -> Budget:
    return Budget(name, name, "key", "k", Decimal(amount), period, rolling, 0.0, enforcement)


@dataclass
class Bank:
    """The control plane: what is granted to whom, by budget and window. Windows are kept apart."""

    budgets: dict[str, Budget]
    granted: dict[tuple[str, float], dict[int, Decimal]] = field(default_factory=dict)

    def answer(self, worker: int, want: Want) -> Lease:
        slices = self.granted.setdefault((want.budget_id, want.window), {})
        left = self.budgets[want.budget_id].amount - sum(slices.values(), NOTHING)
        mine = slices.get(worker, NOTHING)
        slices[worker] = allot(left=left, granted=mine, wanted=want.wanted, spent=want.spent)
        left -= slices[worker] - mine
        return Lease(want.budget_id, want.window, slices[worker], left, want.number)


class World:
    """Some gateways and one bank, with a virtual clock. Messages wait in queues until `deliver`."""

    def __init__(self, *budgets: Budget, workers: int = 1) -> None:
        self.now = NOON
        self.bank = Bank({row.id: row for row in budgets})
        self.budgets = budgets
        self.purses: list[Purse] = []
        self.questions: list[deque[Want]] = []
        self.answers: list[deque[Lease]] = []
        self.outcomes: list[Reservation | Refusal] = []
        for _ in range(workers):
            self.add()

    def add(self) -> None:
        purse = Purse(lambda: self.now)
        self.purses.append(purse)
        self.questions.append(deque())
        self.answers.append(deque())
        purse.linked(self.questions[-1].append)

    def claim(self, worst: str, worker: int = 0) -> Claim | None:
        return self.purses[worker].claim(self.budgets, Decimal(worst), self.outcomes.append)

    def deliver(self) -> None:
        """All messages, until none is left."""
        while any(self.questions) or any(self.answers):
            for worker in range(len(self.purses)):
                self.step(worker, questions=True)
                self.step(worker, questions=False)

    def step(self, worker: int, *, questions: bool) -> None:
        if questions and self.questions[worker]:
            self.answers[worker].append(self.bank.answer(worker, self.questions[worker].popleft()))
        if not questions and self.answers[worker]:
            self.purses[worker].leased(self.answers[worker].popleft())

    def let_in(self) -> Reservation:
        outcome = self.outcomes.pop()
        assert isinstance(outcome, Reservation)
        return outcome

    def refused(self) -> Refusal:
        outcome = self.outcomes.pop()
        assert isinstance(outcome, Refusal)
        return outcome


def test_first_claim_waits_for_the_control_plane_and_later_ones_do_not() -> None:
    world = World(budget("10"))
    assert world.claim("0.1") is not None
    assert not world.outcomes
    world.deliver()
    world.let_in().settle(Decimal("0.05"))
    assert world.claim("0.1") is None
    world.let_in()


@pytest.mark.parametrize("enforcement", ["hard", "spent", "alert"])
def test_what_costs_nothing_is_let_in_while_anything_is_left(enforcement: Enforcement) -> None:
    world = World(budget("1", enforcement))
    world.claim("0")
    world.deliver()
    world.let_in()


def test_what_costs_nothing_is_refused_when_a_budget_that_stops_when_spent_is_spent() -> None:
    world = World(budget("1", "spent"))
    world.claim("0.1")
    world.deliver()
    world.let_in().settle(Decimal(1))
    world.deliver()
    world.claim("0")
    world.deliver()
    world.refused()


def test_claim_over_what_is_left_is_refused_with_what_is_left() -> None:
    world = World(budget("1"))
    world.claim("0.9")
    world.deliver()
    world.let_in().settle(Decimal("0.9"))
    world.claim("0.2")
    world.deliver()
    refusal = world.refused()
    assert (refusal.reason, refusal.left, refusal.resets_at) == ("spent", Decimal("0.1"), None)


def test_claim_of_several_budgets_sets_aside_in_all_or_in_none() -> None:
    world = World(budget("10", name="large"), budget("0.5", name="small"))
    world.claim("1")
    world.deliver()
    assert world.refused().budget.name == "small"
    world.now += 10
    world.purses[0].tick()
    world.deliver()
    assert not any(sum(slices.values()) for slices in world.bank.granted.values())


def test_idle_slice_is_given_back() -> None:
    world = World(budget("10"), workers=2)
    world.claim("6", worker=0)
    world.deliver()
    world.let_in().settle(NOTHING)
    world.claim("6", worker=1)
    world.deliver()
    assert world.refused().reason == "spent"
    world.now += 4
    world.purses[0].tick()
    world.deliver()
    world.claim("6", worker=1)
    world.deliver()
    world.let_in()


def test_recalled_slice_is_given_back_but_for_what_is_in_use() -> None:
    world = World(budget("10"), workers=2)
    world.claim("4", worker=0)
    world.deliver()
    held = world.let_in()
    world.purses[0].recall("b")
    world.claim("6", worker=1)
    world.deliver()
    world.let_in().settle(Decimal(6))
    held.settle(Decimal(4))
    world.now += 10
    world.claim("0.01", worker=1)
    world.deliver()
    assert world.refused().left == NOTHING


def test_what_was_leased_still_flows_without_control_plane_and_no_more() -> None:
    world = World(budget("16"))
    world.claim("1")
    world.deliver()
    first = world.let_in()
    world.purses[0].unlinked()
    world.now += 5
    world.claim("0.5")
    world.let_in()
    world.claim("5")
    assert world.refused().reason == "unknown"
    first.settle(Decimal(1))


def test_claim_waits_for_a_control_plane_that_is_replaced() -> None:
    world = World(budget("10"))
    world.purses[0].unlinked()
    world.now += 1
    assert world.claim("1") is not None
    world.purses[0].linked(world.questions[0].append)
    world.deliver()
    world.let_in()


def test_claim_that_is_given_up_is_not_met_any_more() -> None:
    world = World(budget("10"))
    claim = world.claim("1")
    assert claim is not None
    assert world.purses[0].give_up(claim).reason == "unknown"
    world.deliver()
    assert not world.outcomes


def test_lost_answer_is_made_good_when_linked_again() -> None:
    world = World(budget("10"))
    world.claim("1")
    world.step(0, questions=True)
    world.answers[0].clear()
    world.purses[0].unlinked()
    world.purses[0].linked(world.questions[0].append)
    world.deliver()
    world.let_in().settle(NOTHING)
    world.now += 4
    world.purses[0].tick()
    world.deliver()
    assert world.bank.granted[("b", 0.0)] == {0: NOTHING}


def test_spent_budget_is_passed_by_what_was_under_way_at_most() -> None:
    world = World(budget("1", "spent"))
    for _ in range(3):
        world.claim("5")
        world.deliver()
    held = [world.let_in() for _ in range(3)]
    for reservation in held:
        reservation.settle(Decimal("0.6"))
    world.deliver()
    world.claim("5")
    world.deliver()
    assert world.refused().reason == "spent"
    assert world.bank.granted[("b", 0.0)] == {0: Decimal("1.8")}


def test_alert_budget_refuses_nothing_and_asks_nothing() -> None:
    world = World(budget("1", "alert"))
    for _ in range(5):
        assert world.claim("5") is None
        reservation = world.let_in()
        assert reservation.windows == (("b", 0.0),)
        reservation.settle(Decimal(5))
    world.purses[0].unlinked()
    world.now += 10
    assert world.claim("5") is None
    assert not world.questions[0]


def test_new_window_begins_with_the_whole_budget_and_the_old_one_is_closed_at_what_was_spent() -> None:
    world = World(budget("1", period="day"))
    world.claim("1")
    world.deliver()
    first = world.let_in()
    world.now += 86400
    world.claim("1")
    world.deliver()
    second = world.let_in()
    old, new = first.windows[0], second.windows[0]
    assert old != new
    first.settle(Decimal("0.25"))
    world.deliver()
    assert world.bank.granted == {old: {0: Decimal("0.25")}, new: {0: Decimal(1)}}


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32), workers=st.integers(1, 5), amounts=st.lists(st.integers(1, 40), min_size=1, max_size=3)
)
def test_hard_budgets_are_never_passed(seed: int, workers: int, amounts: list[int]) -> None:
    """Whatever is delayed, lost or killed: what was really spent stays within every budget."""
    chance = random.Random(seed)
    rows = [budget(str(amount), name=f"b{number}") for number, amount in enumerate(amounts)]
    world = World(*rows, workers=workers)
    spent = NOTHING
    open_: list[tuple[int, Reservation, Decimal]] = []
    let_in = 0
    for _ in range(300):
        worker = chance.randrange(workers)
        purse = world.purses[worker]
        match chance.randrange(12):
            case 0 | 1 | 2:
                worst = Decimal(chance.randrange(1, 400)) / 100

                def took(outcome: Reservation | Refusal, worker: int = worker, worst: Decimal = worst) -> None:
                    if isinstance(outcome, Reservation):
                        open_.append((worker, outcome, worst))

                before = len(open_)
                purse.claim(rows, worst, took)
                let_in += len(open_) - before
            case 3 | 4 | 5:
                world.step(worker, questions=True)
            case 6 | 7 | 8:
                world.step(worker, questions=False)
            case 9 if open_:
                _, reservation, worst = open_.pop(chance.randrange(len(open_)))
                cost = worst * chance.randrange(101) / 100
                spent += cost
                reservation.settle(cost)
            case 10:
                world.now += chance.choice((0.1, 1.0, 5.0))
                purse.tick()
                purse.recall("b0")
            case 11 if chance.random() < 0.3:
                # The link breaks: what was on its way may or may not have arrived.
                if chance.random() < 0.5:
                    world.step(worker, questions=True)
                world.questions[worker].clear()
                world.answers[worker].clear()
                purse.unlinked()
                purse.linked(world.questions[worker].append)
    for _, reservation, worst in open_:
        spent += worst
        reservation.settle(worst)
    assert spent <= min(row.amount for row in rows)
    world.deliver()
    for row in rows:
        assert sum(world.bank.granted.get((row.id, 0.0), {}).values(), NOTHING) <= row.amount


@pytest.mark.parametrize("workers", [1, 4])
def test_budget_can_be_spent_to_its_end(workers: int) -> None:
    """Small requests from all gateways, with give-backs in between: nothing is left over, nothing is passed."""
    world = World(budget("5"), workers=workers)
    total, idle = 0, 0
    while idle < 20:
        met = 0
        for worker in range(workers):
            world.claim("0.01", worker=worker)
            world.deliver()
            outcome = world.outcomes.pop()
            if isinstance(outcome, Reservation):
                outcome.settle(Decimal("0.01"))
                met += 1
        total += met
        idle = 0 if met else idle + 1
        world.now += 2
        for purse in world.purses:
            purse.tick()
        world.deliver()
    assert total == 500
