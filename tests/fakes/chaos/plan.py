"""What the shop's customers will do, from a seed: who leaves a cart, who buys when, who comes back. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

What = Literal["add", "quantity", "empty", "order"]

PRODUCTS = 270
"""Of the sample shop."""

ROWS_EACH = 10
"""Ids of cart rows that each customer may use."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One statement of a customer's. ``after_s``: since the first deed was acknowledged."""

    what: What
    after_s: float
    row: int = 0
    product: int = 1
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Customer:
    """A user of the shop. ``starts_s``: when the first row is put into the cart, since the wave began."""

    id: int
    address: str
    kind: str
    wave: int
    starts_s: float
    deeds: tuple[Deed, ...]

    @property
    def leaves(self) -> bool:
        """Whether the cart is still full at the end."""
        return not any(deed.what in {"empty", "order"} for deed in self.deeds)

    @property
    def orders(self) -> bool:
        """Whether there is an order: it counts for everybody who has the address."""
        return any(deed.what == "order" for deed in self.deeds)


@dataclass(frozen=True, slots=True)
class Plan:
    """All customers, in waves that are let in one after the other."""

    seed: int
    threshold_s: float
    waves: tuple[tuple[Customer, ...], ...]

    @property
    def customers(self) -> Iterator[Customer]:
        """All of them."""
        for wave in self.waves:
            yield from wave

    @property
    def to_be_mailed(self) -> set[str]:
        """Addresses, in small letters: a cart is still full at the end, and nobody of the address has bought."""
        bought = {one.address.lower() for one in self.customers if one.orders}
        return {one.address.lower() for one in self.customers if one.leaves} - bought


KINDS = {"leaves": 50, "quantity": 10, "returns": 9, "buys": 8, "buys_late": 14, "empties": 4, "twins": 5}
"""What a customer does, and how often: see ``_deeds``."""


def make_plan(*, carts: int, waves: int, threshold_s: float, seed: int, wave_s: float = 1.5) -> Plan:
    """``carts`` customers in ``waves`` waves, each of which comes in within ``wave_s`` seconds."""
    dice = random.Random(f"plan {seed}")
    made: list[tuple[Customer, ...]] = []
    next_id = 1
    for wave in range(waves):
        size = carts * (wave + 1) // waves - carts * wave // waves
        customers: list[Customer] = []
        while len(customers) < size:
            kind = dice.choices(list(KINDS), list(KINDS.values()))[0]
            starts_s = dice.uniform(0, wave_s)
            twins = 2 if kind == "twins" and size - len(customers) > 1 else 1
            address = f"Shopper.{next_id}@example.com"
            for twin in range(twins):
                customers.append(
                    Customer(
                        id=next_id,
                        address=address if twin == 0 else address.lower(),
                        kind=kind,
                        wave=wave,
                        starts_s=starts_s + dice.choice([0, 0.001, 0.3]) * twin,
                        deeds=tuple(_deeds(kind, twin, threshold_s, dice)),
                    )
                )
                next_id += 1
        made.append(tuple(customers))
    return Plan(seed, threshold_s, tuple(made))


def _deeds(kind: str, twin: int, threshold_s: float, dice: random.Random) -> Iterator[Deed]:
    def add(row: int, after_s: float) -> Deed:
        return Deed("add", after_s, row, dice.randint(1, PRODUCTS), dice.randint(1, 3))

    yield add(0, 0)
    for row in range(1, dice.choice([1, 1, 2, 3])):
        yield add(row, dice.uniform(0, threshold_s / 10))
    # Around due, and in the time that claiming, composing and a short queue take after it.
    late_s = threshold_s + dice.choice([dice.uniform(-0.1, 0.1), dice.uniform(0, 0.5), dice.uniform(0, 2)])
    match kind:
        case "quantity":
            yield Deed("quantity", dice.choice([dice.uniform(0, threshold_s), late_s]), 0, quantity=7)
        case "returns":
            yield add(5, late_s)
        case "buys":
            yield Deed("order", dice.uniform(0.1, 0.8) * threshold_s)
        case "buys_late":
            yield Deed("order", late_s)
        case "empties":
            yield Deed("empty", late_s)
        case "twins" if twin and dice.random() < 0.3:
            yield Deed("order", late_s)
