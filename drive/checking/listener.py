"""A plain listener: the action that it expects of what it hears, told neither the decision nor the intentions."""

from __future__ import annotations

from drive.language import parse, read
from drive.types import Action, Claim, Legal, Meta, Rationale

QUICKEST_FIRST = ("FASTER", "IDLE", "SLOWER")
WISHES = ("gap ahead", "time gap", "time to collision", "gap behind")  # wanted at least
# purposes -> the changes of lane that they make one expect, the likelier first
MOVES = {
    "pass": ("LANE_LEFT", "LANE_RIGHT"),
    "reach exit": ("LANE_RIGHT", "LANE_LEFT"),
    "keep right": ("LANE_RIGHT",),
}
HOLDS = (  # purposes and facts that speak against speeding up
    "follow", "stop before", "bend", "let go first", "find gap",
    "too close", "too near", "braking needed", "hazard ahead", "wreck", "wreck near",
)  # fmt: skip


def predicted(rationale: Rationale, legal: Legal) -> Action:
    """The action that a plain listener expects, told everything but the decision and intentions.

    What a cause or the rival sentence names was not done; nor is it quicker than what would be done without a danger,
    where that is to carry on. A change of lane is expected where that is what the
    decision is for, or the room wanted there is said to be there. Otherwise the quickest action that
    nothing said speaks against: a shortfall, a danger ahead, what one holds back for, a bend, an end of the lane or
    a contact speaks against speeding up.
    """
    return expected(*_masked(rationale), legal)


def expected(
    grounds: tuple[Claim, ...], rival: Action | None, causes: tuple[Claim, ...], legal: Legal
) -> Action:
    """What a plain reader makes of grounds, rival and causes, as `predicted` says."""
    ruled_out = {claim.option for claim in causes} | {rival}
    if Meta("IDLE") in {claim.option for claim in causes if claim.cars or claim.objects}:
        ruled_out.add(Meta("FASTER"))  # what would carry on without a danger goes no faster with it
    for claim in grounds:
        for side in MOVES.get(claim.quantity, ()) if claim.kind == "purpose" else ():
            if Meta(side) not in ruled_out and legal.allows(Meta(side)):
                return Meta(side)
        changes = claim.option in (Meta("LANE_LEFT"), Meta("LANE_RIGHT"))
        if (
            changes
            and claim.option not in ruled_out
            and legal.allows(claim.option)
            and _invites(claim)
        ):
            return claim.option
    if any(map(_warns, grounds)):
        ruled_out.add(Meta("FASTER"))
    order = [Meta(name) for name in (*QUICKEST_FIRST, *legal.meta) if name in legal.meta]
    return next((action for action in order if action not in ruled_out), order[0])


def _masked(rationale: Rationale) -> tuple[tuple[Claim, ...], Action | None, tuple[Claim, ...]]:
    """Grounds, rival and causes from the words alone."""
    try:
        account = read(rationale.text, rationale.language)
        purpose = (account.purpose,) if account.purpose else ()
        return (*purpose, *account.grounds, *account.facts), account.rival, account.causes
    except ValueError:
        pass
    try:
        claims = parse(rationale.text, rationale.language)
    except ValueError:
        claims = ()
    return (
        tuple(c for c in claims if c.kind != "cause"),
        None,
        tuple(c for c in claims if c.kind == "cause"),
    )


def structured(rationale: Rationale) -> tuple[tuple[Claim, ...], Action | None, tuple[Claim, ...]]:
    """Grounds, rival and causes as they stand in the rationale, whatever its text."""
    grounds = tuple(c for c in rationale.claims if c.kind not in ("cause", "intention"))
    causes = tuple(c for c in rationale.claims if c.kind == "cause")
    return grounds, rationale.rival, causes


def _invites(claim: Claim) -> bool:
    if claim.quantity == "free ahead":
        return True
    return (
        claim.quantity in WISHES and claim.threshold is not None and claim.said >= claim.threshold
    )


def _warns(claim: Claim) -> bool:
    if claim.kind in ("purpose", "fact"):
        return claim.quantity in HOLDS
    if claim.quantity in WISHES and claim.threshold is not None and claim.option is None:
        return claim.said < claim.threshold
    if claim.quantity == "speed" and claim.threshold is not None:
        return claim.said > claim.threshold
    return claim.quantity in ("predicted contact", "lane ends", "bend radius")
